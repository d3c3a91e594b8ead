"""Matrix products in 8 bits against integers in numpy and against the floats that they stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvino import opset13 as graph

from index import products
from index.activations import Activations
from index.bert_graph import for_cpu
from index.bert_weights import Affine, Floats
from index.errors import ModelUnsuitable
from index.precision import ACTIVATIONS_FILE, Precision
from index.products import Arithmetic, int8_products
from tests.processor import needs_int8

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


def product(rows: Floats, made: list[Affine], bounds: Floats) -> Floats:
    """(rows, outputs of all layers side by side), by a graph of nothing else."""
    taken = graph.parameter([-1, CHANNELS], np.float32)
    compiled = for_cpu(
        openvino.Model(int8_products(taken, made, bounds), [taken]), bf16=False, threads=1, shapes_kept=1
    )
    return np.concatenate(list(compiled([rows]).values()), axis=1)


def bounds_of(rows: Floats) -> Floats:
    return np.stack([rows.min(axis=0), rows.max(axis=0)])


def exactly(rows: Floats, layer: Affine) -> Floats:
    made: Floats = rows @ layer.weight.T + layer.bias
    return made


@needs_int8
@given(seed=st.integers(0, 1000), rows=st.integers(1, 20), far=st.sampled_from([1.0, 30.0]), reach=st.floats(0.5, 2))
def test_it_is_the_product_of_the_integers(seed: int, rows: int, far: float, reach: float) -> None:
    made, given_ = layers(seed, 5, 3), inputs(seed, rows, far)
    bounds = bounds_of(inputs(seed + 1, 50, far)) * reach
    weight = np.concatenate([layer.weight for layer in made]).astype(np.float64)
    bias = np.concatenate([layer.bias for layer in made])
    furthest = np.abs(bounds).max(axis=0)
    down = np.maximum(furthest / np.quantile(furthest, 0.9), 1)
    low, high = (bounds / down).min(), (bounds / down).max()
    step = (high - low) / 255
    zero = round(-low / step)
    steps = np.clip(np.floor(given_ / down / step + zero + 0.5), 0, 255) - zero
    weight_step = np.abs(weight * down).max(axis=1, keepdims=True) / 127
    right = steps @ (np.round(weight * down / weight_step) * weight_step).T * step + bias
    # an input or a weight halfway between two steps may be rounded to either
    a_step_off = 2 * step * np.abs(weight * down).max() + 2 * weight_step.max() * np.abs(steps * step).max()
    np.testing.assert_allclose(product(given_, made, bounds), right, atol=a_step_off, rtol=1e-4)


@needs_int8
def test_it_is_near_what_it_stands_for() -> None:
    made, given_ = layers(0, 40, 24), inputs(0, 400)
    computed = product(given_, made, bounds_of(inputs(1, 400)))
    right = np.concatenate([exactly(given_, layer) for layer in made], axis=1)
    assert computed.dtype == np.float32
    assert np.linalg.norm(computed - right) < 0.02 * np.linalg.norm(right)


@needs_int8
def test_one_far_reaching_channel_does_not_spoil_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    made, given_, bounds = layers(0, 40), inputs(0, 400, 30.0), bounds_of(inputs(1, 400, 30.0))
    made[0].weight[:, 0] /= 30
    right = exactly(given_, made[0])
    scaled = np.linalg.norm(product(given_, made, bounds) - right)
    monkeypatch.setattr(products, "_FAR_REACHING", 0.0)
    unscaled = np.linalg.norm(product(given_, made, bounds) - right)
    assert scaled < unscaled / 3


def test_an_output_without_weights_is_its_bias() -> None:
    made, given_ = layers(0, 4), inputs(0, 10)
    made[0].weight[2] = 0
    assert (product(given_, made, bounds_of(given_))[:, 2] == made[0].bias[2]).all()


@needs_int8
def test_what_reaches_further_than_was_seen_is_cut_off() -> None:
    made, bounds = layers(0, 4), np.stack([np.full(CHANNELS, -1, np.float32), np.full(CHANNELS, 1, np.float32)])
    ones = np.ones((1, CHANNELS), np.float32)
    np.testing.assert_allclose(product(ones * 50, made, bounds), product(ones, made, bounds), atol=0.02)


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


def test_int8_of_a_processor_that_would_compute_it_wrongly_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "cpu_has_fast_int8", lambda: False)
    Activations("of-these", {"0.qkv": bounds_of(inputs(0, 4))}).save(tmp_path / ACTIVATIONS_FILE)
    with pytest.raises(ModelUnsuitable, match=r"'my-model' cannot be used: int8 is asked for, .*\(VNNI\)"):
        Arithmetic.chosen("int8", "my-model", "of-these", tmp_path / ACTIVATIONS_FILE)


def test_int8_of_a_model_that_was_not_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsuitable, match=r"'my-model' cannot be used: activations\.npz is not there"):
        Arithmetic.chosen("int8", "my-model", "of-these", tmp_path / ACTIVATIONS_FILE)
