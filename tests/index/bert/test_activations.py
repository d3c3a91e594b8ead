"""What goes into a BERT's products, against what transformers itself says that its layers hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from index.bert.activations import Activations
from index.errors import ModelUnsuitable
from rag.training.activations import observed
from tests.index.bert.test_compiled_bert import bert


@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_the_bounds_are_those_of_every_text(lengths: list[int], seed: int) -> None:
    model, draw = bert(), torch.Generator().manual_seed(seed)
    texts = [torch.randint(0, 40, (1, length), generator=draw) for length in lengths]
    with torch.inference_mode():
        with observed(model, "of-these") as activations:
            for ids in texts:
                model(ids)
        seen = dict(activations.bounds)
        layers = [model(ids, output_hidden_states=True).hidden_states for ids in texts]
    for number in range(2):
        rows = torch.cat([hidden[number][0] for hidden in layers])
        assert np.array_equal(seen[f"{number}.qkv"], torch.stack([rows.amin(0), rows.amax(0)]).numpy())
    assert sorted(seen) == sorted(f"{number}.{name}" for number in range(2) for name in ("qkv", "out", "up", "down"))
    assert all(np.array_equal(bounds, seen[name]) for name, bounds in activations.bounds.items()), "it looks on"


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    bounds = {"0.qkv": np.array([[-1.5, 0.0], [2.25, 3.0]], np.float32)}
    Activations("of-these", bounds).save(tmp_path / "a.npz")
    loaded = Activations.load(tmp_path / "a.npz", "model", "of-these")
    assert loaded.weights_sha256 == "of-these"
    assert np.array_equal(loaded.bounds["0.qkv"], bounds["0.qkv"])


def test_those_of_other_weights_are_refused(tmp_path: Path) -> None:
    Activations("of-others", {}).save(tmp_path / "a.npz")
    with pytest.raises(ModelUnsuitable, match="measured with other weights, of-others: measure anew, or take it away"):
        Activations.load(tmp_path / "a.npz", "model", "of-these")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive", None])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ModelUnsuitable, match=r"'model' cannot be used: .* cannot be read"):
        Activations.load(tmp_path / "a.npz", "model", "of-these")
