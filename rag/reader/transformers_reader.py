"""The reader as transformers loads it, whatever model it is. Importing it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    BertForQuestionAnswering,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from index.bert.batching import passes
from index.bert.library.torch_bert import is_plain_bert, weights_of
from index.bert.library.transformers_messages import quiet_transformers
from index.bert.precision import autocast
from index.errors import ModelUnsuitable
from rag.reader.joint_encoder import Logits, PassLogits
from rag.reader.precomputed_layers import PRECOMPUTED_LAYERS
from rag.reader.stored_reader import LoadedReader
from rag.reader.windows import Window, WindowTokenizer, pad, pad_values


def load_by_transformers(folder: Path, name: str, *, bf16: bool) -> LoadedReader:
    """The reader in ``folder``. Raises ModelUnsuitable where it holds no model with a question-answering head."""
    tokenizer, model = _load(folder, name)
    # what is no BERT runs as transformers runs it
    return LoadedReader(
        weights_of(model.bert, model.qa_outputs)
        if isinstance(model, BertForQuestionAnswering) and is_plain_bert(model.bert)
        else transformers_logits(model, tokenizer, bf16=bf16),
        WindowTokenizer.of(tokenizer),
        longest=min(tokenizer.model_max_length, model.config.max_position_embeddings),
        precomputed_layers=getattr(model.config, PRECOMPUTED_LAYERS, 0),
    )


def transformers_logits(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, *, bf16: bool) -> Logits:
    """The logits of windows as transformers itself computes them, padding included."""
    fillers = pad_values(tokenizer)
    model.float()  # type: ignore[no-untyped-call]

    def logits(windows: Sequence[Window]) -> Iterator[PassLogits]:
        for positions in passes([len(window) for window in windows]):
            padded = pad([windows[position] for position in positions], fillers)
            with torch.inference_mode(), autocast(bf16):
                output = model(**{name: torch.from_numpy(values) for name, values in padded.items()})
            yield positions, output.start_logits.float().numpy(), output.end_logits.float().numpy()

    return logits


def _load(folder: Path, name: str) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
    quiet_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, loading = AutoModelForQuestionAnswering.from_pretrained(
            folder, local_files_only=True, dtype="auto", output_loading_info=True
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelUnsuitable(name, str(error)) from error
    # transformers would fill a missing head with random numbers and answer with them
    if missing := sorted(loading["missing_keys"]):
        raise ModelUnsuitable(name, f"it is no question-answering model: {', '.join(missing)} missing")
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelUnsuitable(name, "its tokenizer does not keep character offsets")
    return tokenizer, model.eval()
