"""A BERT that computes no padding: all texts of a batch in one row, each attending to itself alone.

The weights are cast once and laid out once as oneDNN likes them, instead of in every pass. The idea of the packed row:
ByteTransformer (Zhai et al., 2023, arXiv:2210.03052).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeGuard, cast

import torch
from torch import Tensor
from torch.nn import Embedding, LayerNorm, Linear
from torch.nn.functional import gelu, layer_norm, linear, pad, scaled_dot_product_attention
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.bert.modeling_bert import BertLayer

Product = Callable[[Tensor], Tensor]

_ROWS = 16


class PaddingFreeBert(torch.nn.Module):
    """In the place of a transformers BertModel, on the CPU, for inference only."""

    def __init__(self, bert: BertModel, *, bf16: bool) -> None:
        """Raises ValueError for a model that `fits` refuses."""
        super().__init__()
        if not self.fits(bert):
            raise ValueError(f"{type(bert).__name__} is computed in another way than BERT")
        self.config = bert.config
        dtype = torch.bfloat16 if bf16 else torch.float32
        self._words = _table(bert.embeddings.word_embeddings, dtype)
        self._positions = _table(bert.embeddings.position_embeddings, torch.float32)
        self._types = _table(bert.embeddings.token_type_embeddings, torch.float32)
        self._norm = _norm(bert.embeddings.LayerNorm)
        layers = cast(Iterable[BertLayer], bert.encoder.layer)
        self._layers = [_Layer(layer, bert.config.num_attention_heads, dtype) for layer in layers]

    @staticmethod
    def fits(model: object) -> TypeGuard[BertModel]:
        """Whether it is a BERT as it was published, and an encoder."""
        config = getattr(model, "config", None)
        return (
            getattr(config, "model_type", None) == "bert"
            and getattr(config, "hidden_act", None) == "gelu"
            and getattr(config, "position_embedding_type", "absolute") == "absolute"
            and not getattr(config, "is_decoder", False)
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None, **_: object
    ) -> BaseModelOutput:
        """``last_hidden_state`` (texts, tokens, width) in float32; zero where ``attention_mask`` is."""
        mask = attention_mask.bool()
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        places = mask.nonzero()[:, 1]
        hidden = self._words(input_ids[mask]).float() + self._types(types[mask]) + self._positions(places)
        hidden = self._norm(hidden)
        lengths = mask.sum(dim=1).tolist()
        # oneDNN keeps code for every number of rows it meets: let it meet few
        if filler := -len(hidden) % _ROWS:
            hidden = pad(hidden, (0, 0, 0, filler))
            lengths.append(filler)
        for layer in self._layers:
            hidden = layer(hidden, lengths)
        padded = hidden.new_zeros(*mask.shape, hidden.shape[-1])
        padded[mask] = hidden[: len(places)]
        return BaseModelOutput(last_hidden_state=padded)


class _Layer:
    """One encoder layer. Sums and norms are float32, products ``dtype``."""

    def __init__(self, layer: BertLayer, heads: int, dtype: torch.dtype) -> None:
        attention = layer.attention
        self._heads = heads
        self._dtype = dtype
        inner = attention.self
        self._qkv = _product([inner.query, inner.key, inner.value], dtype)
        self._out = _product([attention.output.dense], dtype)
        self._up = _product([layer.intermediate.dense], dtype)
        self._down = _product([layer.output.dense], dtype)
        self._norm_attended = _norm(attention.output.LayerNorm)
        self._norm_out = _norm(layer.output.LayerNorm)

    def __call__(self, hidden: Tensor, lengths: list[int]) -> Tensor:
        attended = self._out(self._attend(self._qkv(hidden.to(self._dtype)), lengths))
        hidden = self._norm_attended(hidden + attended)
        return self._norm_out(hidden + self._down(gelu(self._up(hidden.to(self._dtype)))))

    def _attend(self, qkv: Tensor, lengths: list[int]) -> Tensor:
        attended = []
        for text in torch.split(qkv, lengths):
            # (tokens, 3 x width) → each of the three as (1, heads, tokens, width of a head)
            query, key, value = text.view(1, len(text), 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            attended.append(scaled_dot_product_attention(query, key, value)[0].transpose(0, 1).flatten(1))
        return torch.cat(attended)


def _product(layers: list[Linear], dtype: torch.dtype) -> Product:
    """What linear layers of one input compute, side by side, as one matrix product."""
    weight = torch.cat([layer.weight.detach() for layer in layers]).to(dtype)
    bias = torch.cat([layer.bias.detach() for layer in layers]).to(dtype)
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return lambda inputs: linear(inputs, weight, bias)
    # what torch.compile makes of a frozen linear layer, without the compiler
    packed = torch.ops.mkldnn._reorder_linear_weight(weight)
    compute = torch.ops.mkldnn._linear_pointwise
    return lambda inputs: compute(inputs, packed, bias, "none", [], "")


def _norm(norm: LayerNorm) -> Product:
    weight, bias, eps = _copy(norm.weight, torch.float32), _copy(norm.bias, torch.float32), norm.eps
    return lambda inputs: layer_norm(inputs, weight.shape, weight, bias, eps)


def _table(embedding: Embedding, dtype: torch.dtype) -> Embedding:
    return Embedding(embedding.num_embeddings, embedding.embedding_dim, _weight=_copy(embedding.weight, dtype))


def _copy(weight: Tensor, dtype: torch.dtype) -> Tensor:
    # a view would keep the whole file of weights in memory
    return weight.detach().to(dtype, copy=True)
