"""Texts → unit vectors, by a model from a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from index.bert.precision import ACTIVATIONS_FILE, NumberFormat, Precision
from index.errors import ModelCorrupted, ModelUnsuitable
from index.interfaces import Vectors
from index.store.cache import Remembered

if TYPE_CHECKING:
    from index.bert.compiled_bert import Work
    from index.bert.graph.products import Arithmetic

# Upstream's sentence-transformers/all-MiniLM-L6-v2, model.safetensors
ALL_MINILM_L6_V2_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# measured by `sourcespan train activations`: the package with its weights does not know them
ALL_MINILM_L6_V2_ACTIVATIONS = Path(__file__).parent / "models" / "all-MiniLM-L6-v2" / ACTIVATIONS_FILE


class TextEncoder(Protocol):
    """Texts → vectors of any length."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    @property
    def longest(self) -> int:
        """How many tokens of a text count, special ones included; the rest is cut off."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text count, the special ones not included."""

    @property
    def work(self) -> Work:
        """How many operations it computed so far, where a `CompiledBert` does."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without the model's special ones."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """A vector for each of one text or more, (texts, dimension)."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """A vector for each of one question or more, (texts, dimension)."""


class ModelEmbedder:
    """Texts → unit vectors, on the CPU. The vectors of the last questions are remembered. Threads may share it."""

    def __init__(
        self,
        encoder: TextEncoder,
        *,
        fingerprint: str,
        number_format: NumberFormat,
        remembered_questions: int = 0,
    ) -> None:
        """``fingerprint`` names the weights and the longest text, ``number_format`` what they are computed in."""
        self.fingerprint = fingerprint
        self.number_format = number_format
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self._encoder = encoder
        self._queries: Remembered[str, Vectors] = Remembered(remembered_questions)

    @property
    def work(self) -> Work:
        """How many operations it computed so far, where a `CompiledBert` does."""
        return self._encoder.work

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without the model's special ones."""
        return self._encoder.count_tokens(texts) if texts else []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """A vector of unit length for each text, (texts, dimension)."""
        return self._unit(self._encoder.passages(texts) if texts else [])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, (texts, dimension), of questions; the last ``remembered_questions`` are computed but once."""
        known = self._queries.known(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            computed = dict(zip(new, self._unit(self._encoder.queries(new)), strict=True))
            self._queries.keep(computed)
            known |= computed
        return np.stack([known[text] for text in texts])

    def _unit(self, encoded: Vectors | list[Vectors]) -> Vectors:
        vectors = np.asarray(encoded, dtype=np.float32).reshape(-1, self.dimension)
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit


def load_embedder_from(
    folder: Path,
    name: str,
    *,
    expected_sha256: str | None = None,
    precision: Precision = "auto",
    activations: Path | None = None,
    remembered_questions: int = 0,
) -> ModelEmbedder:
    """The embedder in ``folder``; ``name`` is what errors and its fingerprint call it.

    ``activations`` is the file that knows what goes into its products, by default the one beside the weights. Raises
    ModelCorrupted where the weights are not the expected ones, ModelUnsuitable where the folder holds no embedder.
    """
    from index.bert.graph.products import Arithmetic  # its library is needed only by whoever embeds

    weights_hash = weights_sha256(folder, name)
    if expected_sha256 is not None and weights_hash != expected_sha256:
        raise ModelCorrupted(name, expected_sha256, weights_hash)
    arithmetic = Arithmetic.chosen(precision, name, weights_hash, activations or folder / ACTIVATIONS_FILE)
    encoder = _encoder(folder, name, arithmetic)
    return ModelEmbedder(
        encoder,
        # the same weights cut at another length give other vectors; those of another precision are as near as makes no
        # difference: to within 0.0001 of the cosine for bf16, 0.01 for int8
        fingerprint=f"{name.rsplit('/', 1)[-1]}@{weights_hash[:16]}/{encoder.longest}",
        number_format=arithmetic.number_format,
        remembered_questions=remembered_questions,
    )


def _encoder(folder: Path, name: str, arithmetic: Arithmetic) -> TextEncoder:
    from index.bert.mean_encoder import stored_mean_encoder

    if (encoder := stored_mean_encoder(folder, arithmetic)) is not None:
        return encoder
    from index.bert.library.library_encoder import LibraryEncoder  # seconds of import, needed only by other models

    return LibraryEncoder(folder, name, arithmetic)


def weights_sha256(folder: Path, name: str = "") -> str:
    """The sha256 of a model folder's weights; of several weight files, the hash over their hashes in name order.

    Raises ModelUnsuitable, of ``name`` or else the folder's, where there are none.
    """
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    if not files:
        raise ModelUnsuitable(name or folder.name, "the folder holds no weights")
    hashes = []
    for file in files:
        with file.open("rb") as stream:
            hashes.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
