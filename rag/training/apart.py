"""A BERT reader as it is trained and scored for lower layers that are precomputed: see `precomputed_layers`."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import BertForQuestionAnswering
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from rag.reader.precomputed_layers import FIRST_POSITION

_UNSEEN = -1e4
"""Added to the attention score of a token that is not seen: no attention, and finite in every precision."""


class Apart(torch.nn.Module):
    """The reader, with question and passage kept apart in its lower ``layers``. Shares the reader's weights."""

    def __init__(self, reader: BertForQuestionAnswering, layers: int) -> None:
        super().__init__()
        self.reader = reader
        self._layers = layers

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> QuestionAnsweringModelOutput:
        """Start and end logits, (windows, tokens), and what each upper layer makes of the tokens.

        The passage is what has the token type 1.
        """
        there = attention_mask.bool()
        alike = token_type_ids[:, :, None] == token_type_ids[:, None, :]
        apart = _hides(alike & there[:, None, :])
        together = _hides(there[:, None, :].expand_as(alike))
        hidden = self.reader.bert.embeddings(input_ids, token_type_ids, positions(token_type_ids))
        upper = []
        for number, layer in enumerate(self.reader.bert.encoder.layer):
            hidden = layer(hidden, apart if number < self._layers else together)
            if number >= self._layers:
                upper.append(hidden)
        start, end = self.reader.qa_outputs(hidden).unbind(-1)
        return QuestionAnsweringModelOutput(start_logits=start, end_logits=end, hidden_states=tuple(upper))


def positions(token_type_ids: Tensor) -> Tensor:
    """The position of each token, (windows, tokens): the question counts from 0, the passage from `FIRST_POSITION`."""
    passage = token_type_ids.bool()
    of_passage = passage.cumsum(dim=1) - 1 + FIRST_POSITION
    return torch.where(passage, of_passage, torch.arange(passage.shape[1], device=passage.device))


def _hides(seen: Tensor) -> Tensor:
    """(windows, tokens, tokens) → what is added to the attention scores of every head."""
    return (~seen[:, None]).float() * _UNSEEN
