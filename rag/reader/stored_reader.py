"""What a reader is made of, and how it is read from its folder where it is a plain BERT."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from index.bert.bert_weights import BertWeights, stored_bert
from index.bert.tokenizer_files import BERT_INPUTS, stored_tokenizer
from rag.reader.joint_encoder import Logits
from rag.reader.precomputed_layers import PRECOMPUTED_LAYERS
from rag.reader.windows import WindowTokenizer


@dataclass(frozen=True, slots=True)
class LoadedReader:
    """A question-answering model and its tokenizer, not yet compiled."""

    model: BertWeights | Logits
    """The weights of a plain BERT, with its head; for another model what computes it."""
    tokenizer: WindowTokenizer
    longest: int
    """Tokens of the longest window that it takes."""
    precomputed_layers: int
    """How many of its lower layers it was trained to have computed over passages alone; 0 for none."""


def stored_reader(folder: Path) -> LoadedReader | None:
    """The reader in ``folder``; None where it is no plain BERT: transformers knows what to do about it."""
    bert, tokenizer = stored_bert(folder, head=True), stored_tokenizer(folder)
    if bert is None or tokenizer is None:
        return None
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return LoadedReader(
        bert,
        WindowTokenizer(tokenizer.backend, BERT_INPUTS),
        longest=min(tokenizer.longest, bert.shape.positions),
        precomputed_layers=config.get(PRECOMPUTED_LAYERS, 0),
    )
