"""A question read together with each passage → how well the two fit, by a cross-encoder (Nogueira and Cho, 2019)."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from index.bert.library.transformers_messages import quiet_transformers
from index.bert.precision import Precision, autocast, takes_bf16
from index.embedder import weights_sha256
from index.errors import ModelUnsuitable

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder from a folder, on the CPU."""

    def __init__(self, folder: Path, name: str, *, batch_size: int = 32, precision: Precision = "auto") -> None:
        """Raises ModelUnsuitable where the folder holds no cross-encoder that gives one score."""
        self.fingerprint = f"{name.rsplit('/', 1)[-1]}@{weights_sha256(folder, name)[:16]}"
        self._model = _load(folder, name)
        self._batch_size = batch_size
        self._bf16 = takes_bf16(precision)
        # the tokenizer is not to be shared, and two passes at once on the same cores would only slow each other down
        self._one_at_a_time = threading.Lock()

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """One raw score for each passage, higher is better; what exceeds the model's longest text is cut off."""
        if not passages:
            return []
        pairs = [(question, passage) for passage in passages]
        with self._one_at_a_time, autocast(self._bf16):
            scores = self._model.predict(
                pairs,
                batch_size=self._batch_size,
                show_progress_bar=False,
                activation_fn=torch.nn.Identity(),  # a sigmoid would make the best ones equal
            )
        return [float(score) for score in scores]


def _load(folder: Path, name: str) -> CrossEncoder:
    # seconds of import, needed only by whoever reranks
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder

    quiet_transformers()
    try:
        if not _is_cross_encoder(folder):
            raise ModelUnsuitable(name, "it was not trained to score a question with a passage (a cross-encoder is)")
        model: CrossEncoder = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnsuitable(name, str(error)) from error
    if model.num_labels != 1:
        raise ModelUnsuitable(name, f"it gives {model.num_labels} scores for a passage; a reranker gives one")
    return model


def _is_cross_encoder(folder: Path) -> bool:
    """Whether its files say so: any other model would be loaded with a random head. Raises OSError, ValueError."""
    library = folder / "config_sentence_transformers.json"
    if library.is_file():
        fields = json.loads(library.read_text(encoding="utf-8"))
        return isinstance(fields, dict) and fields.get("model_type") == "CrossEncoder"
    architectures = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or [""]
    return str(architectures[0]).endswith("ForSequenceClassification")
