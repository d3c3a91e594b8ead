"""A BERT's tokenizer, read from a model's folder by the library that transformers, too, tokenises with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

BERT_INPUTS = ("input_ids", "token_type_ids", "attention_mask")
"""What a BERT takes, by the names that transformers has for it."""

_OF_BERT = ("BertTokenizer", "BertTokenizerFast")
_AS_STORED = ("TokenizersBackend", "PreTrainedTokenizerFast")
_SPECIAL = {f"{name.lower()}_token": f"[{name}]" for name in ("UNK", "SEP", "PAD", "CLS", "MASK")}
_WORD_PIECE = {
    "type": "WordPiece",
    "unk_token": "[UNK]",
    "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100,
}
_PLAIN_TOKEN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
_NOT_PLAIN = ("additional_special_tokens", "auto_map", "extra_special_tokens", "split_special_tokens")


@dataclass(frozen=True, slots=True)
class StoredTokenizer:
    """What it is asked for it neither cuts nor pads. Threads may share it as long as none has it do so."""

    backend: Tokenizer
    longest: int
    """Tokens of the longest text that its model is to be given."""


def stored_tokenizer(folder: Path) -> StoredTokenizer | None:
    """The tokenizer in ``folder``; None where it is not BERT's own, or not in these files."""
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        legacy = folder / "special_tokens_map.json"
        named = json.loads(legacy.read_text(encoding="utf-8")) if legacy.exists() else {}
        kind, longest = settings["tokenizer_class"], int(settings["model_max_length"])
        if kind in _OF_BERT:
            settings = {**_SPECIAL, "model_input_names": BERT_INPUTS, **settings}
        plain = _is_plain({**named, **settings}, json.loads(text))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if kind not in (*_OF_BERT, *_AS_STORED) or not plain or (folder / "added_tokens.json").exists():
        return None
    backend = Tokenizer.from_str(text)
    if kind in _OF_BERT:
        _make_over(backend, settings)
    backend.no_truncation()
    backend.no_padding()
    return StoredTokenizer(backend, longest)


def _is_plain(settings: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether it is of words and their pieces, with no other special tokens than those that ``settings`` name."""
    tokens = {name: token for name, token in settings.items() if name.endswith("_token") and token}
    added = {token["id"]: token["content"] for token in stored["added_tokens"]}
    again = {int(number): token["content"] for number, token in settings.get("added_tokens_decoder", {}).items()}
    return (
        all(stored["model"].get(name) == value for name, value in _WORD_PIECE.items())
        and all(token.items() >= _PLAIN_TOKEN.items() for token in stored["added_tokens"])
        and all(_SPECIAL.get(name) == token for name, token in tokens.items())
        and sorted(added.values()) == sorted(tokens.values())
        and again in ({}, added)
        and all(stored["model"]["vocab"].get(token) == number for number, token in added.items())
        and tuple(settings["model_input_names"]) == BERT_INPUTS
        and not any(settings.get(name) for name in _NOT_PLAIN)
    )


def _make_over(backend: Tokenizer, settings: Mapping[str, Any]) -> None:
    """As transformers' class for BERT does, which has only the vocabulary from the file."""
    backend.normalizer = BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case", True),
    )
    backend.pre_tokenizer = BertPreTokenizer()
    backend.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, backend.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
