"""The compiled BERT against transformers' own, on a small random one."""

from __future__ import annotations

import gc
import weakref
from functools import cache
from typing import Any, Literal
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Linear
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from index.bert.activations import Activations
from index.bert.batching import padded_length, passes
from index.bert.bert_weights import BertWeights
from index.bert.compiled_bert import CompiledBert, CompiledLayers, States, Tokens, Work, in_order
from index.bert.graph import products
from index.bert.graph.products import Arithmetic
from index.bert.library.torch_bert import BertInPlace, is_plain_bert, weights_of
from index.bert.precision import NumberFormat
from rag.training.activations import observed
from tests.processor import needs_bf16, needs_int8

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}
FP32 = Arithmetic(bf16=False)

lengths_of_texts = st.lists(st.integers(1, 60), min_size=1, max_size=6)


def bert() -> BertModel:
    torch.manual_seed(0)
    model = BertModel(BertConfig(**SMALL))
    model.train(False)
    return model


Way = NumberFormat | Literal["int8 without VNNI"]


@cache
def computed_in(way: Way) -> CompiledBert:
    """Compiling takes longer than computing."""
    if way.startswith("int8"):
        with patch.object(products, "cpu_has_vnni", return_value=way == "int8"):
            return CompiledBert(weights_of(bert()), Arithmetic(bf16=False, activations=measured()))
    return CompiledBert(weights_of(bert()), Arithmetic(bf16=way == "bf16"))


def in_place(way: Way) -> BertInPlace:
    return BertInPlace(bert(), computed_in(way))


def measured() -> Activations:
    """What goes into the small BERT's products."""
    model, draw = bert(), torch.Generator().manual_seed(1)
    with torch.inference_mode(), observed(model, "of-these") as activations:
        for length in (7, 20, 60):
            model(torch.randint(0, 40, (4, length), generator=draw))
    return activations


def inputs(lengths: list[int], seed: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    return {
        "input_ids": torch.randint(0, 40, shape, generator=draw),
        "token_type_ids": torch.randint(0, 2, shape, generator=draw),
        "attention_mask": (torch.arange(shape[1]) < torch.tensor(lengths)[:, None]).long(),
    }


def difference(way: Way, lengths: list[int], seed: int) -> Tensor:
    """Of what it computes of every token, from what transformers does."""
    given_ = inputs(lengths, seed)
    inside = given_["attention_mask"].bool()
    with torch.inference_mode():
        right = bert()(**given_).last_hidden_state
        mine = in_place(way)(**given_).last_hidden_state
    assert not mine[~inside].any()
    off: Tensor = (mine - right)[inside]
    return off


@given(lengths=lengths_of_texts, seed=st.integers(0, 1000))
def test_it_computes_what_transformers_does(lengths: list[int], seed: int) -> None:
    assert difference("fp32", lengths, seed).abs().max() < 1e-4


@needs_bf16
@given(lengths=lengths_of_texts, seed=st.integers(0, 1000))
def test_in_16_bits_it_computes_nearly_what_transformers_does(lengths: list[int], seed: int) -> None:
    assert difference("bf16", lengths, seed).abs().max() < 0.1


@needs_int8
@pytest.mark.parametrize("way", ["int8", "int8 without VNNI"])
@given(lengths=lengths_of_texts, seed=st.integers(0, 1000))
def test_in_8_bits_it_computes_nearly_what_transformers_does(way: Way, lengths: list[int], seed: int) -> None:
    off = difference(way, lengths, seed)
    assert off.abs().max() < 0.3
    assert off.square().mean().sqrt() < 0.03  # of what has a standard deviation of 1


@pytest.mark.parametrize(
    "way", ["fp32", *(pytest.param(way, marks=needs_int8) for way in ("int8", "int8 without VNNI"))]
)
@given(lengths=lengths_of_texts)
def test_a_text_is_computed_the_same_whatever_it_is_computed_with(way: Way, lengths: list[int]) -> None:
    mine, given_ = in_place(way), inputs(lengths, 0)
    with torch.inference_mode():
        together = mine(**given_).last_hidden_state
        for row, length in enumerate(lengths):
            alone = mine(**{name: values[row : row + 1, :length] for name, values in given_.items()}).last_hidden_state
            torch.testing.assert_close(together[row, :length], alone[0], atol=1e-4, rtol=1e-3)


def test_without_token_types_all_are_of_the_first_type() -> None:
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        right = bert()(ids).last_hidden_state
        mine = in_place("fp32")(ids, torch.ones_like(ids)).last_hidden_state
    torch.testing.assert_close(mine, right, atol=1e-4, rtol=1e-3)


def texts(lengths: list[int]) -> list[Tokens]:
    draw = np.random.default_rng(0)
    return [Tokens(draw.integers(0, 40, n), draw.integers(0, 2, n), draw.permutation(64)[:n]) for n in lengths]


def in_two(bert: BertWeights, asked: list[Tokens]) -> tuple[list[States], list[States]]:
    """What the lower layer makes of texts, and the upper one of that."""
    lower = CompiledBert(bert, FP32, layers=1).states(asked)
    upper = CompiledLayers(bert, FP32, range(1, 2), Work()).passes(lower)
    return lower, in_order(upper, [len(text.ids) for text in asked])


def test_layers_that_are_computed_apart_are_those_that_are_computed_together() -> None:
    asked = texts([5, 33])
    lower, upper = in_two(weights_of(bert()), asked)
    for mine, whole in zip(upper, computed_in("fp32").states(asked), strict=True):
        np.testing.assert_allclose(mine, whole, atol=1e-4)
    one_layer = bert()
    del one_layer.encoder.layer[1:]
    for of_one, text in zip(lower, asked, strict=True):
        ids, types, places = (torch.from_numpy(values)[None] for values in (text.ids, text.types, text.places))
        with torch.inference_mode():
            right = one_layer(ids, token_type_ids=types, position_ids=places).last_hidden_state[0]
        np.testing.assert_allclose(of_one, right.numpy(), atol=1e-4)


@pytest.mark.parametrize("parted", [False, True])
def test_a_head_is_the_last_of_it(parted: bool) -> None:
    head, asked = Linear(32, 2), texts([40, 3])
    weights = weights_of(bert(), head)
    computed = in_two(weights, asked)[1] if parted else CompiledBert(weights, FP32).states(asked)
    for mine, states in zip(computed, computed_in("fp32").states(asked), strict=True):
        right = head(torch.from_numpy(states)).detach().numpy()
        np.testing.assert_allclose(mine, right, atol=1e-4)


def test_the_operations_are_counted_without_padding() -> None:
    mine = CompiledBert(weights_of(bert()), FP32)
    mine.states(texts([3, 10]))
    weights = sum(p.numel() for n, p in bert().encoder.named_parameters() if p.dim() == 2)
    assert mine.work.products == 2 * (3 + 10) * weights
    # two layers, each: queries by keys, and what comes of it by values
    assert mine.work.attention == 2 * 2 * 2 * 32 * (3 * 3 + 10 * 10)


def test_the_weights_it_was_compiled_from_are_let_go() -> None:
    weights = weights_of(bert())

    def read(name: str) -> NDArray[np.floating[Any]]:
        return weights.read(name)

    held = weakref.ref(read)
    mine = CompiledBert(BertWeights(weights.shape, read), FP32)
    del read
    gc.collect()
    assert held() is None
    assert mine.states(texts([3]))


@given(lengths=st.lists(st.integers(1, 400), max_size=30))
def test_every_text_is_in_one_pass_with_others_of_like_length(lengths: list[int]) -> None:
    planned = list(passes(lengths))
    assert sorted(at for together in planned for at in together) == list(range(len(lengths)))
    for together in planned:
        assert len(together) in (1, 2, 4), "code is made for every shape"
        filled = [padded_length(lengths[at]) for at in together]
        assert all(n % 16 == 0 and 0 <= n - max(lengths[at], 17) < 16 for n, at in zip(filled, together, strict=True))
        assert len(filled) * max(filled) - sum(filled) <= 24 * (len(filled) - 1)


def test_texts_of_one_length_share_as_few_passes_as_they_can() -> None:
    assert [len(together) for together in passes([100] * 7)] == [4, 2, 1]


@pytest.mark.parametrize("change", [{"hidden_act": "relu"}, {"is_decoder": True}])
def test_a_bert_of_another_make_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="another way"):
        weights_of(BertModel(BertConfig(**SMALL, **change)))


def test_another_architecture_is_refused() -> None:
    other = RobertaModel(RobertaConfig(**SMALL))
    assert not is_plain_bert(other)
    assert not is_plain_bert(None)
