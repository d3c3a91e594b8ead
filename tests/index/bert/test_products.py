"""Matrix products in 8 bits against integers in numpy and against the floats that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from openvino import opset13 as graph

from index.bert.activations import Activations
from index.bert.bert_weights import Affine, Floats
from index.bert.graph import products
from index.bert.graph.bert_graph import for_cpu
from index.bert.graph.layouts import ChannelsFirst, Layout
from index.bert.graph.products import Arithmetic, int8_products
from index.bert.precision import ACTIVATIONS_FILE, Precision
from index.errors import ModelUnsuitable
from tests.processor import needs_int8
from tests.samples.layouts import in_each_layout

CHANNELS = 32


def layers(seed: int, *outputs: int) -> list[Affine]:
    draw = np.random.default_rng(seed)
    reach = CHANNELS**-0.5

    def drawn(*size: int) -> Floats:
        return draw.uniform(-reach, reach, size).astype(np.float32)

    return [Affine(drawn(count, CHANNELS), drawn(count)) for count in outputs]


def inputs(seed: int, rows: int, far: float = 1.0) -> Floats:
    """Normal; the first channel reaches ``far`` times as far."""
    drawn = np.random.default_rng(seed).standard_normal((rows, CHANNELS), np.float32)
    drawn[:, 0] *= far
    return drawn


def product(rows: Floats, made: Sequence[Affine], bounds: Floats, layout: Layout) -> Floats:
    """(rows, outputs of all layers side by side), by a graph of nothing else."""
    taken = graph.parameter([1, *rows.shape], np.float32)
    results = [layout.as_before(each) for each in int8_products(layout.laid(taken), made, bounds, layout)]
    compiled = for_cpu(openvino.Model(results, [taken]), bf16=False, threads=1, shapes_kept=1)
    made_of_them: Floats = np.concatenate(list(compiled([rows[np.newaxis]]).values()), axis=2)[0]
    return made_of_them


def bounds_of(rows: Floats) -> Floats:
    return np.stack([rows.min(axis=0), rows.max(axis=0)])


def exactly(rows: Floats, layer: Affine) -> Floats:
    made: Floats = rows @ layer.weight.T + layer.bias
    return made


@dataclass(frozen=True)
class Integers:
    """The product in numpy."""

    down: Floats
    step: float
    zero: int
    weight: NDArray[np.float64]
    weight_step: Floats

    @classmethod
    def of(cls, layer: Affine, bounds: Floats) -> Integers:
        furthest = np.abs(bounds).max(axis=0)
        down = np.maximum(furthest / np.quantile(furthest, 0.9), 1)
        low, high = min((bounds / down).min(), 0), max((bounds / down).max(), 0)
        step = (high - low) / 255
        weight = layer.weight * down  # in 32 bits, so that what is halfway between two levels is rounded as it is there
        neighbours = weight[:, 0::2] + weight[:, 1::2]
        weight_step = np.abs(np.hstack([weight, neighbours])).max(axis=1, keepdims=True) / np.float32(127)
        levels = np.round(weight / np.maximum(weight_step, np.finfo(np.float32).tiny))
        return cls(down, step, round(-low / step), levels.astype(np.float64), weight_step)

    def steps(self, rows: Floats) -> NDArray[np.float64]:
        stepped: NDArray[np.float64] = (
            np.clip(np.floor(rows / self.down / self.step + self.zero + 0.5), 0, 255) - self.zero
        )
        return stepped

    def product(self, rows: Floats) -> NDArray[np.float64]:
        made: NDArray[np.float64] = self.steps(rows) @ (self.weight * self.weight_step).T * self.step
        return made

    def a_step_off(self, rows: Floats) -> float:
        """How far it may be from that, since what is halfway between two steps may be rounded to either."""
        of_inputs = 2 * self.step * float(np.abs(self.weight * self.weight_step).max())
        return of_inputs + 2 * float(self.weight_step.max() * np.abs(self.steps(rows) * self.step).max())


@needs_int8
@in_each_layout
@given(seed=st.integers(0, 1000), rows=st.integers(1, 20), far=st.sampled_from([1.0, 30.0]), reach=st.floats(0.5, 2))
def test_it_is_the_product_of_the_integers(layout: Layout, seed: int, rows: int, far: float, reach: float) -> None:
    made, given_ = layers(seed, 5, 3), inputs(seed, rows, far)
    bounds = bounds_of(inputs(seed + 1, 50, far)) * reach
    both = Affine(*(np.concatenate([getattr(layer, part) for layer in made]) for part in ("weight", "bias")))
    right = Integers.of(both, bounds)
    np.testing.assert_allclose(
        product(given_, made, bounds, layout),
        right.product(given_) + both.bias,
        atol=right.a_step_off(given_),
        rtol=1e-4,
    )


@needs_int8
@in_each_layout
@given(
    weights=arrays(np.float32, (3, CHANNELS), elements=st.sampled_from([-1.0, 0.0, 0.25, 1.0])),
    highest=arrays(np.bool_, (4, CHANNELS)),
    low=st.sampled_from([-0.9, -0.3, 0.0]),
)
def test_no_sum_is_cut_off(layout: Layout, weights: Floats, highest: NDArray[np.bool_], low: float) -> None:
    bounds = np.stack([np.full(CHANNELS, low, np.float32), np.ones(CHANNELS, np.float32)])
    furthest = np.where(highest, bounds[1], bounds[0])
    layer = Affine(weights, np.zeros(3, np.float32))
    right = Integers.of(layer, bounds).product(furthest)
    np.testing.assert_allclose(product(furthest, [layer], bounds, layout), right, atol=1e-4, rtol=1e-4)


@needs_int8
@in_each_layout
def test_it_is_near_what_it_stands_for(layout: Layout) -> None:
    made, given_ = layers(0, 40, 24), inputs(0, 400)
    computed = product(given_, made, bounds_of(inputs(1, 400)), layout)
    right = np.concatenate([exactly(given_, layer) for layer in made], axis=1)
    assert computed.dtype == np.float32
    assert np.linalg.norm(computed - right) < 0.02 * np.linalg.norm(right)


@needs_int8
def test_one_far_reaching_channel_does_not_spoil_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    made, given_, bounds = layers(0, 40), inputs(0, 400, 30.0), bounds_of(inputs(1, 400, 30.0))
    made[0].weight[:, 0] /= 30
    right = exactly(given_, made[0])
    scaled = np.linalg.norm(product(given_, made, bounds, ChannelsFirst()) - right)
    monkeypatch.setattr(products, "_FAR_REACHING", 0.0)
    unscaled = np.linalg.norm(product(given_, made, bounds, ChannelsFirst()) - right)
    assert scaled < unscaled / 3


@in_each_layout
def test_an_output_without_weights_is_its_bias(layout: Layout) -> None:
    made, given_ = layers(0, 4), inputs(0, 10)
    made[0].weight[2] = 0
    assert (product(given_, made, bounds_of(given_), layout)[:, 2] == made[0].bias[2]).all()


@needs_int8
@in_each_layout
def test_what_reaches_further_than_was_seen_is_cut_off(layout: Layout) -> None:
    made, bounds = layers(0, 4), np.stack([np.full(CHANNELS, -1, np.float32), np.full(CHANNELS, 1, np.float32)])
    ones = np.ones((1, CHANNELS), np.float32)
    further, as_far = (product(ones * times, made, bounds, layout) for times in (50, 1))
    np.testing.assert_allclose(further, as_far, atol=0.02)


@pytest.mark.parametrize(
    ("precision", "measured", "fast", "chosen"),
    [
        ("auto", True, True, "int8"),
        ("auto", True, False, "float"),
        ("auto", False, True, "float"),
        ("int8", True, True, "int8"),
        ("bf16", True, True, "float"),
        ("fp32", True, True, "float"),
    ],
)
def test_int8_is_chosen_where_it_is_fast_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision, measured: bool, fast: bool, chosen: str
) -> None:
    monkeypatch.setattr(products, "cpu_has_fast_int8", lambda: fast)
    file = tmp_path / ACTIVATIONS_FILE
    if measured:
        Activations("of-these", {"0.qkv": bounds_of(inputs(0, 4))}).save(file)
    arithmetic = Arithmetic.chosen(precision, "model", "of-these", file)
    assert ("int8" if arithmetic.activations else "float") == chosen
    assert arithmetic.bf16 or precision != "bf16"
    assert not (arithmetic.bf16 and precision == "fp32")


def test_int8_of_a_processor_that_has_no_instructions_for_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "cpu_has_fast_int8", lambda: False)
    Activations("of-these", {"0.qkv": bounds_of(inputs(0, 4))}).save(tmp_path / ACTIVATIONS_FILE)
    with pytest.raises(ModelUnsuitable, match=r"'my-model' cannot be used: int8 is asked for, .*\(AVX2\)"):
        Arithmetic.chosen("int8", "my-model", "of-these", tmp_path / ACTIVATIONS_FILE)


def test_int8_of_a_model_that_was_not_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsuitable, match=r"'my-model' cannot be used: activations\.npz is not there"):
        Arithmetic.chosen("int8", "my-model", "of-these", tmp_path / ACTIVATIONS_FILE)
