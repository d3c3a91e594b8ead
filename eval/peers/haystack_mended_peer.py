"""Haystack with what its reader leaves out: which tokens are the question's and which the passage's."""

from __future__ import annotations

from typing import Any

import torch

from eval.peers.haystack_peer import Haystack


class _ToldApart:
    """A BERT that is given its token types by where the question's separator stands."""

    def __init__(self, model: Any, separator: int) -> None:  # noqa: ANN401 (of a library that has no types)
        self._model = model
        self._separator = separator

    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:  # noqa: ANN401
        ends = (input_ids == self._separator).long()
        passage = (ends.cumsum(dim=1) - ends == 1).long()
        return self._model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=passage)


def load(embedder: str, reader: str, top_k: int) -> Haystack:
    """The peer with its models loaded."""
    peer = Haystack(embedder, reader, top_k)
    inner = peer.reader
    inner.model = _ToldApart(inner.model, inner.tokenizer.sep_token_id)
    return peer
