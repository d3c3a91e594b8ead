"""A sentence-transformers model that gives the mean of what a plain BERT makes of a text's tokens, as most do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from index.inference.bert_weights import stored_bert
from index.inference.compiled_bert import CompiledBert, Tokens, Work
from index.inference.products import Arithmetic
from index.inference.tokenizer_files import stored_tokenizer
from index.interfaces import Vectors

# what the files of such a model say, of these things and no others; of some, anything
_ANYTHING = object()
_MODEL = {
    "__version__": _ANYTHING,
    "default_prompt_name": None,
    "model_type": "SentenceTransformer",
    "prompts": _ANYTHING,
    "similarity_fn_name": _ANYTHING,
}
_TRANSFORMER = {
    "do_lower_case": False,
    "max_seq_length": _ANYTHING,
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings",
    "transformer_task": "feature-extraction",
}
_POOLING = {
    "embedding_dimension": _ANYTHING,
    "include_prompt": True,
    "pooling_mode": "mean",
    "pooling_mode_cls_token": False,
    "pooling_mode_lasttoken": False,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_weightedmean_tokens": False,
    "word_embedding_dimension": _ANYTHING,
}
_NORMALIZE = {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}


class MeanEncoder:
    """Texts → means. Threads may share it."""

    def __init__(self, bert: CompiledBert, tokenizer: Tokenizer, longest: int) -> None:
        """``longest`` is that of a text, in tokens, special ones included."""
        self._bert = bert
        self._tokenizer = tokenizer
        self.dimension = bert.width
        self.longest = longest
        self.max_tokens: int = longest - tokenizer.num_special_tokens_to_add(False)

    @property
    def work(self) -> Work:
        """What it computed so far."""
        return self._bert.work

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast([*texts], add_special_tokens=False)]

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(texts, dimension); what exceeds the longest text is cut off."""
        longest = self.longest
        tokenized = [encoding.ids for encoding in self._tokenizer.encode_batch_fast([*texts])]
        # the last token is special: it stays where a text is cut
        rows = [np.array(ids if len(ids) <= longest else ids[: longest - 1] + ids[-1:]) for ids in tokenized]
        states = self._bert.whole([Tokens(row, np.zeros_like(row), np.arange(len(row))) for row in rows])
        means: Vectors = np.stack([of_text.mean(axis=0) for of_text in states])
        return means

    queries = passages


def stored_mean_encoder(folder: Path, arithmetic: Arithmetic) -> MeanEncoder | None:
    """The model in ``folder``; None where it is of another kind: its library knows what to do about it."""
    bert, tokenizer = stored_bert(folder), stored_tokenizer(folder)
    if bert is None or tokenizer is None:
        return None
    try:
        told = _told(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    longest = min(tokenizer.longest, bert.shape.positions) if told is None else told
    if longest > bert.shape.positions:
        return None
    return MeanEncoder(CompiledBert(bert, arithmetic), tokenizer.backend, longest)


def _told(folder: Path) -> int | None:
    """The longest text that the files tell, if they do. Raises ValueError and others for another kind of model."""
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    first, second, *others = [(module["type"].split("."), folder / module["path"]) for module in modules]
    kinds = [kind[-1] if kind[0] == "sentence_transformers" else "" for kind, _ in (first, second, *others)]
    if kinds != ["Transformer", "Pooling", *["Normalize"] * len(others)] or first[1] != folder:
        raise ValueError(f"modules of other kinds: {', '.join(kinds)}")
    _said(second[1] / "config.json", _POOLING)
    for _, normalize in others:
        _said(normalize / "config.json", _NORMALIZE, optional=True)
    if any(_said(folder / "config_sentence_transformers.json", _MODEL, optional=True).get("prompts", {}).values()):
        raise ValueError("prompts")
    longest: int | None = _said(folder / "sentence_bert_config.json", _TRANSFORMER).get("max_seq_length")
    return longest


def _said(file: Path, known: Mapping[str, object], *, optional: bool = False) -> dict[str, Any]:
    """What the file says. Raises ValueError where that is not what is ``known``; OSError."""
    if optional and not file.exists():
        return {}
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    unlike = [name for name, value in said.items() if known.get(name) not in (value, _ANYTHING) or name not in known]
    if unlike:
        raise ValueError(f"{file.name} says something else of {', '.join(unlike)}")
    return said
