"""BERTs as transformers loads them: their weights taken out, or a compiled one put in their place."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
import torch
from torch.nn import Linear, Module
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput

from index.bert.bert_weights import Affine, BertShape, BertWeights, Floats
from index.bert.compiled_bert import CompiledBert, Tokens
from index.bert.graph.products import Arithmetic


def is_plain_bert(model: object) -> TypeGuard[BertModel]:
    """Whether it is a BERT as it was published, and an encoder."""
    config = getattr(model, "config", None)
    return config is not None and BertShape.of(config.to_dict()) is not None


def weights_of(bert: BertModel, head: Linear | None = None) -> BertWeights:
    """The weights of a plain BERT, and of its head. Raises ValueError for another model."""
    shape = BertShape.of(bert.config.to_dict())
    if shape is None:
        raise ValueError(f"{type(bert).__name__} is computed in another way than BERT")
    state = bert.state_dict()
    ends_in = None if head is None else Affine(_floats(head.weight), _floats(head.bias))
    return BertWeights(shape, lambda name: _floats(state[name]), ends_in)


def _floats(tensor: torch.Tensor) -> Floats:
    # a view would keep all of the weights in memory
    return tensor.detach().float().numpy().copy()


def compile_in_place(owner: Module, name: str, arithmetic: Arithmetic) -> CompiledBert | None:
    """Puts a `CompiledBert` in the place of the BERT ``owner.name``; what else there is becomes float32.

    Gives it, or None where there is no BERT and everything computes as before.
    """
    bert = getattr(owner, name, None)
    if not is_plain_bert(bert):
        owner.float()
        return None
    compiled = CompiledBert(weights_of(bert), arithmetic)
    setattr(owner, name, None)
    owner.float()
    setattr(owner, name, BertInPlace(bert, compiled).eval())
    return compiled


class BertInPlace(Module):
    """Stands where a transformers BertModel stood, for inference only. Threads may share it."""

    def __init__(self, bert: BertModel, compiled: CompiledBert) -> None:
        """``compiled`` ends in no head."""
        super().__init__()
        self.config = bert.config
        self._compiled = compiled

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
        **_: object,
    ) -> BaseModelOutput:
        """``last_hidden_state`` (texts, tokens, width) in float32; zero where ``attention_mask`` is."""
        ids, mask = input_ids.numpy(), attention_mask.numpy() != 0
        types = np.zeros_like(ids) if token_type_ids is None else token_type_ids.numpy()
        places = np.arange(ids.shape[1])
        texts = [Tokens(i[m], t[m], places[m]) for i, t, m in zip(ids, types, mask, strict=True)]
        states = self._compiled.states(texts)
        padded = np.zeros((*ids.shape, self._compiled.width), np.float32)
        padded[mask] = np.concatenate(states)
        return BaseModelOutput(last_hidden_state=torch.from_numpy(padded))
