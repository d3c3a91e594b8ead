"""BERT without padding against transformers' own, on a small random one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from index import padding_free
from index.activations import observed
from index.cores import Cores, Meet
from index.padding_free import PaddingFreeBert
from index.products import Arithmetic
from tests.processor import needs_int8

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def bert() -> BertModel:
    torch.manual_seed(0)
    model = BertModel(BertConfig(**SMALL))
    model.train(False)
    return model


@pytest.fixture(scope="module", params=[1, 3])
def cores(request: pytest.FixtureRequest) -> Iterator[Cores]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(padding_free, "_WORTH_A_CORE", 16)
        yield Cores(request.param)


@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_it_computes_what_transformers_does(cores: Cores, lengths: list[int], seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    mask = (torch.arange(shape[1]) < torch.tensor(lengths)[:, None]).long()
    inputs = {
        "input_ids": torch.randint(0, 40, shape, generator=draw),
        "token_type_ids": torch.randint(0, 2, shape, generator=draw),
        "attention_mask": mask,
    }
    with torch.inference_mode():
        right = bert()(**inputs).last_hidden_state
        exact = PaddingFreeBert(bert(), cores, Arithmetic(bf16=False))(**inputs).last_hidden_state
        half = PaddingFreeBert(bert(), cores, Arithmetic(bf16=True))(**inputs).last_hidden_state
    inside = mask.bool()
    torch.testing.assert_close(exact[inside], right[inside], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(half[inside], right[inside], atol=0.1, rtol=0.1)
    assert not exact[~inside].any()


@needs_int8
@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_in_8_bits_it_computes_nearly_what_transformers_does(cores: Cores, lengths: list[int]) -> None:
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    ids = torch.randint(0, 40, mask.shape, generator=torch.Generator().manual_seed(len(lengths)))
    model = bert()
    with torch.inference_mode():
        with observed(model, "of-these") as activations:
            right = model(ids, attention_mask=mask).last_hidden_state
        mine = PaddingFreeBert(model, cores, Arithmetic(bf16=False, activations=activations))
        computed = mine(ids, mask).last_hidden_state
        alone = mine(ids[-1:, : lengths[-1]], torch.ones(1, lengths[-1])).last_hidden_state[0]
    inside = mask.bool()
    torch.testing.assert_close(computed[inside], right[inside], atol=0.1, rtol=0.1)
    torch.testing.assert_close(computed[-1, : lengths[-1]], alone, atol=1e-5, rtol=1e-4)


class NeverMeeting(Cores):
    """Computes one part after the other, and fails where one has to wait for another."""

    def __init__(self) -> None:
        self.count = 2

    def compute(self, parts: int, work: Callable[[int, Meet], None]) -> None:
        def meet() -> None:
            raise AssertionError("a part waits for another")

        for part in range(parts):
            work(part, meet)


def test_texts_of_like_length_are_dealt_whole_and_no_core_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding_free, "_WORTH_A_CORE", 16)
    ids, mask = torch.randint(0, 40, (2, 60)), torch.ones(2, 60, dtype=torch.long)
    mask[1, 53:] = 0
    with torch.inference_mode():
        right = bert()(ids, mask).last_hidden_state
        mine = PaddingFreeBert(bert(), NeverMeeting(), Arithmetic(bf16=False))
        inside = mask.bool()
        torch.testing.assert_close(mine(ids, mask).last_hidden_state[inside], right[inside], atol=1e-5, rtol=1e-4)
        with pytest.raises(AssertionError, match="waits"):
            mine(ids[:1], mask[:1])


def test_without_token_types_all_are_of_the_first_type() -> None:
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        right = bert()(ids).last_hidden_state
        mine = PaddingFreeBert(bert(), Cores(1), Arithmetic(bf16=False))(ids, torch.ones_like(ids)).last_hidden_state
    torch.testing.assert_close(mine, right, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("change", [{"hidden_act": "relu"}, {"is_decoder": True}])
def test_a_bert_of_another_make_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="another way"):
        PaddingFreeBert(BertModel(BertConfig(**SMALL, **change)), Cores(1), Arithmetic(bf16=False))


def test_another_architecture_is_refused() -> None:
    other = RobertaModel(RobertaConfig(**SMALL))
    assert not PaddingFreeBert.fits(other)
    assert not PaddingFreeBert.fits(None)
