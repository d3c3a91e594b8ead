"""A sentence-transformers model that gives the mean of what a plain BERT makes of a text's tokens, as most do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from index.bert.bert_weights import stored_bert
from index.bert.compiled_bert import CompiledBert, Tokens, Work
from index.bert.graph.products import Arithmetic
from index.bert.tokenizer_files import stored_tokenizer
from index.interfaces import Vectors

# the settings in the files of such a model: these and no others, some with any value
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
    """Texts → the means of their tokens' states. Threads may share it."""

    def __init__(self, bert: CompiledBert, tokenizer: Tokenizer, longest: int) -> None:
        """``longest`` is how many tokens of a text count, special ones included."""
        self._bert = bert
        self._tokenizer = tokenizer
        self.dimension = bert.width
        self.longest = longest
        self.max_tokens: int = longest - tokenizer.num_special_tokens_to_add(False)

    @property
    def work(self) -> Work:
        """How many operations the encoder has computed so far."""
        return self._bert.work

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without the special ones."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast([*texts], add_special_tokens=False)]

    def passages(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text, (texts, dimension), not of unit length; what exceeds the longest text is cut off."""
        longest = self.longest
        tokenized = [encoding.ids for encoding in self._tokenizer.encode_batch_fast([*texts])]
        # the last token is special: it stays where a text is cut
        rows = [np.array(ids if len(ids) <= longest else ids[: longest - 1] + ids[-1:]) for ids in tokenized]
        states = self._bert.states([Tokens(row, np.zeros_like(row), np.arange(len(row))) for row in rows])
        means: Vectors = np.stack([states_of_text.mean(axis=0) for states_of_text in states])
        return means

    queries = passages


def stored_mean_encoder(folder: Path, arithmetic: Arithmetic) -> MeanEncoder | None:
    """The model in ``folder``; None where it is of another kind: its library knows what to do about it."""
    bert, tokenizer = stored_bert(folder), stored_tokenizer(folder)
    if bert is None or tokenizer is None:
        return None
    try:
        max_seq_length = _max_seq_length(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    longest = min(tokenizer.longest, bert.shape.positions) if max_seq_length is None else max_seq_length
    if longest > bert.shape.positions:
        return None
    return MeanEncoder(CompiledBert(bert, arithmetic), tokenizer.backend, longest)


def _max_seq_length(folder: Path) -> int | None:
    """The longest text that the model's files name, in tokens, if they name one.

    Raises ValueError and others where they describe another kind of model.
    """
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    first, second, *others = [(module["type"].split("."), folder / module["path"]) for module in modules]
    kinds = [kind[-1] if kind[0] == "sentence_transformers" else "" for kind, _ in (first, second, *others)]
    if kinds != ["Transformer", "Pooling", *["Normalize"] * len(others)] or first[1] != folder:
        raise ValueError(f"modules of other kinds: {', '.join(kinds)}")
    _settings(second[1] / "config.json", _POOLING)
    for _, normalize in others:
        _settings(normalize / "config.json", _NORMALIZE, optional=True)
    if any(_settings(folder / "config_sentence_transformers.json", _MODEL, optional=True).get("prompts", {}).values()):
        raise ValueError("prompts")
    max_seq_length: int | None = _settings(folder / "sentence_bert_config.json", _TRANSFORMER).get("max_seq_length")
    return max_seq_length


def _settings(file: Path, known: Mapping[str, object], *, optional: bool = False) -> dict[str, Any]:
    """What the file holds. Raises ValueError where that differs from what is ``known``; OSError."""
    if optional and not file.exists():
        return {}
    settings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    unlike = [name for name, value in settings.items() if name not in known or known[name] not in (value, _ANYTHING)]
    if unlike:
        raise ValueError(f"{file.name} has other values of {', '.join(unlike)}")
    return settings
