"""Texts → vectors by sentence-transformers itself, for any model that it can load. Importing it takes seconds."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from index.bert.compiled_bert import Work
from index.bert.graph.products import Arithmetic
from index.bert.library.torch_bert import compile_in_place
from index.bert.library.transformers_messages import quiet_transformers
from index.bert.precision import autocast
from index.errors import ModelUnsuitable
from index.interfaces import Vectors

_AT_ONCE = 16
"""Texts that are computed together."""


class LibraryEncoder:
    """Texts → vectors, on the CPU."""

    def __init__(self, folder: Path, name: str, arithmetic: Arithmetic) -> None:
        """Loads the model in ``folder``, which errors call ``name``. Raises ModelUnsuitable."""
        model = self._model = _load(folder, name)
        self._bert = compile_in_place(model[0], "model", arithmetic)
        # one that is no BERT runs as its library runs it
        self._autocast = self._bert is None and arithmetic.bf16
        dimension, longest = model.get_embedding_dimension(), _longest(model)
        if dimension is None or longest is None:
            raise ModelUnsuitable(name, "it does not tell its dimension and its longest text")
        self.dimension: int = dimension
        self.longest: int = longest
        self.max_tokens: int = self.longest - model.tokenizer.num_special_tokens_to_add(False)
        # the library has it cut and pad, which a tokenizer keeps: who counts would change it for who embeds meanwhile
        self._counter = copy.deepcopy(model.tokenizer)
        if isinstance(self._counter, Tokenizer):
            self._counter.no_truncation()

    @property
    def work(self) -> Work:
        """How many operations it computed so far, where a `CompiledBert` does."""
        return Work() if self._bert is None else self._bert.work

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without the model's special ones."""
        if isinstance(self._counter, Tokenizer):
            return [len(encoding) for encoding in self._counter.encode_batch([*texts], add_special_tokens=False)]
        # neither cut nor padded, and without a warning about long texts
        encodings = self._counter([*texts], add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encodings["input_ids"]]

    def passages(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text, (texts, dimension)."""
        return self._encoded(texts, self._model.encode_document)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """A vector for each question, (texts, dimension)."""
        return self._encoded(texts, self._model.encode_query)

    def _encoded(self, texts: Sequence[str], encode: Callable[..., Vectors]) -> Vectors:
        with autocast(self._autocast):
            return encode([*texts], batch_size=_AT_ONCE, show_progress_bar=False)


def _longest(model: SentenceTransformer) -> int | None:
    """Tokens of the longest text that it takes whole; one that only looks tokens up takes any length, unless told."""
    if isinstance(model.tokenizer, Tokenizer):
        return int((model.tokenizer.truncation or {}).get("max_length", sys.maxsize))
    return model.max_seq_length


def _load(folder: Path, name: str) -> SentenceTransformer:
    quiet_transformers()
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelUnsuitable(name, str(error)) from error
