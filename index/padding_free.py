"""A BERT that computes no padding: all texts of a batch in one row of tokens, each attending to itself alone.

The row is cut for the cores: between two texts where that is nearly even, else evenly, wherever that falls; then they
meet once a layer, for the keys and values of a text that was cut. The weights are cast once and laid out once as oneDNN
likes them, instead of in every pass. The idea of the packed row: ByteTransformer (Zhai et al., 2023, arXiv:2210.03052).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, pairwise
from typing import TypeGuard

import torch
from torch import Tensor
from torch.nn import Embedding, LayerNorm, Module
from torch.nn.functional import layer_norm, pad
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.bert.modeling_bert import BertLayer

from index.activations import layers_of, product_name, products_of
from index.cores import Cores, Meet
from index.products import Arithmetic, Product

Share = Callable[[Tensor], Sequence[Tensor]]
"""Gives the other cores what this one computed, and gets what each did, in order."""

# oneDNN keeps code for every number of rows it meets: let it meet few
_ROWS = 16
# fewer tokens than these are done sooner than another core has begun
_WORTH_A_CORE = 64
# so many tokens more for one core are done sooner than cores have met in every layer, over a text that was cut
_WORTH_A_MEETING = 24


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text or of several in a row: vocabulary numbers, token types and positions, (tokens,) each."""

    ids: Tensor
    types: Tensor
    places: Tensor

    @classmethod
    def row(cls, texts: Sequence[Tokens]) -> Tokens:
        """All of them one after the other."""
        return cls(*(torch.cat([getattr(text, name) for text in texts]) for name in ("ids", "types", "places")))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class _Row:
    """The texts of a batch one after the other, cut into a part for each core."""

    texts: Sequence[tuple[int, int]]
    """From where to where each goes."""
    parts: Sequence[tuple[int, int]]
    """Likewise."""
    torn: bool
    """Whether a cut goes through a text."""

    @classmethod
    def of(cls, lengths: Sequence[int], cores: int) -> _Row:
        ends = list(accumulate(lengths))
        count = ends[-1]
        wanted = max(1, min(cores, count // _WORTH_A_CORE))
        even = range(0, count, -(-count // (wanted * _ROWS)) * _ROWS)[1:]
        nearest = [min((abs(end - cut), end) for end in ends) for cut in even]
        torn = any(away > _WORTH_A_MEETING for away, _ in nearest)
        cuts = sorted({0, *(even if torn else (end for _, end in nearest)), count})
        return cls(list(pairwise([0, *ends])), list(pairwise(cuts)), torn)

    def __len__(self) -> int:
        return self.texts[-1][1]


def drop_padding(owner: Module, name: str, arithmetic: Arithmetic) -> PaddingFreeBert | None:
    """Puts a `PaddingFreeBert` in the place of the BERT ``owner.name``; what else there is becomes float32.

    Gives it, or None where there is no BERT and everything computes as before.
    """
    bert = getattr(owner, name, None)
    if not PaddingFreeBert.fits(bert):
        owner.float()
        return None
    encoder = PaddingFreeBert(bert, Cores(torch.get_num_threads()), arithmetic).eval()
    setattr(owner, name, None)
    owner.float()
    setattr(owner, name, encoder)
    return encoder


class PaddingFreeBert(Module):
    """In the place of a transformers BertModel, on the CPU, for inference only."""

    def __init__(self, bert: BertModel, cores: Cores, arithmetic: Arithmetic) -> None:
        """Raises ValueError for a model that `fits` refuses."""
        super().__init__()
        if not self.fits(bert):
            raise ValueError(f"{type(bert).__name__} is computed in another way than BERT")
        self.config = bert.config
        self._words = _table(bert.embeddings.word_embeddings, arithmetic.dtype)
        self._positions = _table(bert.embeddings.position_embeddings, torch.float32)
        self._types = _table(bert.embeddings.token_type_embeddings, torch.float32)
        self._norm = _norm(bert.embeddings.LayerNorm)
        heads = bert.config.num_attention_heads
        self._layers = [_Layer(layer, number, heads, arithmetic) for number, layer in enumerate(layers_of(bert))]
        self._cores = cores

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
        tokens = Tokens(input_ids[mask], types[mask], mask.nonzero()[:, 1])
        hidden = self._embedded(tokens, _Row.of(mask.sum(dim=1).tolist(), self._cores.count), self._layers)
        padded = hidden.new_zeros(*mask.shape, hidden.shape[-1])
        padded[mask] = hidden
        return BaseModelOutput(last_hidden_state=padded)

    def lower(self, texts: Sequence[Tokens], layers: int) -> list[Tensor]:
        """What the first ``layers`` layers make of each text: its states, (tokens, width) in float32."""
        lengths = [len(text) for text in texts]
        row = _Row.of(lengths, self._cores.count)
        return list(torch.split(self._embedded(Tokens.row(texts), row, self._layers[:layers]), lengths))

    def upper(self, states: Sequence[Tensor], layers: int) -> list[Tensor]:
        """What the layers after the first ``layers`` make of the states of each text, likewise."""
        lengths = [len(of_text) for of_text in states]
        row = _Row.of(lengths, self._cores.count)
        together = torch.cat(list(states))
        return list(torch.split(self._through(row, lambda part: together[part], self._layers[layers:]), lengths))

    def _embedded(self, tokens: Tokens, row: _Row, layers: Sequence[_Layer]) -> Tensor:
        """(tokens, width): the texts of ``row`` through the embedding and these layers."""

        def embed(part: slice) -> Tensor:
            words, types = self._words(tokens.ids[part]).float(), self._types(tokens.types[part])
            return self._norm(words + types + self._positions(tokens.places[part]))

        return self._through(row, embed, layers)

    def _through(self, row: _Row, begin: Callable[[slice], Tensor], layers: Sequence[_Layer]) -> Tensor:
        """(tokens, width): what ``begin`` gives for each part of the row, through these layers."""
        hidden = torch.empty(len(row), self.config.hidden_size)
        # who is a layer ahead leaves what the others still read of the layer before
        boards = [[hidden] * len(row.parts) for _ in range(2)]

        @torch.inference_mode()
        def compute(number: int, meet: Meet) -> None:
            board = cycle(boards)

            def share(computed: Tensor) -> Sequence[Tensor]:
                shared = next(board)
                shared[number] = computed
                if row.torn:
                    meet()
                return shared

            own = slice(*row.parts[number])
            states = _filled_up(begin(own))
            for layer in layers:
                states = layer(states, number, row, share)
            hidden[own] = states[: own.stop - own.start]

        self._cores.compute(len(row.parts), compute)
        return hidden


class _Layer:
    """One encoder layer. Sums, norms and attention are float32."""

    def __init__(self, layer: BertLayer, number: int, heads: int, arithmetic: Arithmetic) -> None:
        self._heads = heads
        product = {
            name: arithmetic.product(layers, product_name(number, name), then_gelu=name == "up")
            for name, layers in products_of(layer).items()
        }
        self._qkv, self._out, self._up, self._down = (product[name] for name in ("qkv", "out", "up", "down"))
        self._norm_attended = _norm(layer.attention.output.LayerNorm)
        self._norm_out = _norm(layer.output.LayerNorm)

    def __call__(self, hidden: Tensor, number: int, row: _Row, share: Share) -> Tensor:
        """Of the part ``number``: (tokens, width), filled up."""
        attended = self._out(self._attend(share(self._qkv(hidden)), number, row))
        hidden = self._norm_attended(hidden + attended)
        return self._norm_out(hidden + self._down(self._up(hidden)))

    def _attend(self, parts: Sequence[Tensor], number: int, row: _Row) -> Tensor:
        """(tokens, width), filled up, from the queries, keys and values of all parts."""
        own = row.parts[number]
        attended = parts[number].new_zeros(len(parts[number]), parts[number].shape[1] // 3)
        for text in row.texts:
            place = _common(text, own)
            if place.start < place.stop:
                query, key, value = self._by_head(_rows(parts, text, row), 3)
                (states,) = self._by_head(attended[place], 1)
                states[:] = _attention(query[:, _common(own, text)], key, value)
        return attended

    def _by_head(self, values: Tensor, kinds: int) -> Tensor:
        """(tokens, kinds x width) → (kinds, heads, tokens, width of a head)."""
        return values.view(len(values), kinds, self._heads, -1).permute(1, 2, 0, 3)


def _filled_up(part: Tensor) -> Tensor:
    """(tokens, …) with zeros behind, up to a number of tokens that oneDNN has met before."""
    return pad(part, (0, 0, 0, -len(part) % _ROWS))


def _common(tokens: tuple[int, int], within: tuple[int, int]) -> slice:
    """Where in ``within`` those of these tokens are that it has too; no further than it begins where it has none."""
    begin, end = within
    return slice(max(tokens[0] - begin, 0), max(min(tokens[1], end) - begin, 0))


def _rows(parts: Sequence[Tensor], text: tuple[int, int], row: _Row) -> Tensor:
    """The text's tokens, from whichever parts they are in."""
    places = ((part, _common(text, own)) for part, own in zip(parts, row.parts, strict=True))
    pieces = [part[place] for part, place in places if place.start < place.stop]
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def _attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(heads, tokens, width of a head) of each, computed in float32.

    oneDNN would compile 16-bit products anew for every pair of lengths, which takes longer than the products do.
    """
    scores = torch.bmm(query.float() * query.shape[-1] ** -0.5, key.float().transpose(1, 2))
    return torch.bmm(torch.softmax(scores, dim=-1, out=scores), value.float())


def _norm(norm: LayerNorm) -> Product:
    weight, bias, eps = _copy(norm.weight, torch.float32), _copy(norm.bias, torch.float32), norm.eps
    return lambda inputs: layer_norm(inputs, weight.shape, weight, bias, eps)


def _table(embedding: Embedding, dtype: torch.dtype) -> Embedding:
    return Embedding(embedding.num_embeddings, embedding.embedding_dim, _weight=_copy(embedding.weight, dtype))


def _copy(weight: Tensor, dtype: torch.dtype) -> Tensor:
    # a view would keep the whole file of weights in memory
    return weight.detach().to(dtype, copy=True)
