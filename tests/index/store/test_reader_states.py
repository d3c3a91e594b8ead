"""The file of states: what is put in comes out, and another model's never does."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from index.bert.graph.quantised import Quantised
from index.errors import CatalogueUnusable
from index.store.reader_states import StatesFile, states_in_8_bits, tokens_key
from tests.index.test_durability import may_only_read

WIDTH = 4


def some(tokens: int, value: float) -> Quantised:
    return states_in_8_bits(np.full((tokens, WIDTH), value, np.float32))


def same(one: Quantised, other: Quantised) -> bool:
    return np.array_equal(one.levels, other.levels) and np.array_equal(one.steps, other.steps)


@given(values=arrays(np.float32, st.tuples(st.integers(0, 9), st.just(WIDTH)), elements=st.floats(-1e5, 1e5, width=32)))
def test_a_state_is_off_by_half_a_step_of_its_channel_at_most(values: NDArray[np.float32]) -> None:
    back = states_in_8_bits(values).values()
    farthest = np.abs(values).max(axis=0, initial=0.0)
    # a step is a 127th of the farthest, rounded up to a 16-bit float
    step = np.maximum(farthest / 127 * (1 + 2**-10), 2.0**-23)
    assert back.shape == values.shape
    assert (np.abs(back - values) <= step * 0.501).all()


def test_what_is_kept_is_known_in_the_next_process_too(tmp_path: Path) -> None:
    kept = StatesFile(tmp_path / "new" / "states", model="m@1", width=WIDTH)
    kept.keep({"a": some(3, 0.25), "b": some(1, -7)})
    kept.close()
    again = StatesFile(tmp_path / "new" / "states", model="m@1", width=WIDTH)
    known = again.known(["a", "b", "c"])
    assert set(known) == {"a", "b"}
    assert same(known["a"], some(3, 0.25))
    assert same(known["b"], some(1, -7))
    again.remove(["a", "c"])
    assert set(again.known(["a", "b"])) == {"b"}


def test_two_models_never_read_each_others(tmp_path: Path) -> None:
    one = StatesFile(tmp_path / "states", model="m@1", width=WIDTH)
    one.keep({"a": some(2, 1)})
    other = StatesFile(tmp_path / "states", model="m@2", width=WIDTH)
    assert other.known(["a"]) == {}
    one.keep({"a": some(2, 1)})  # of a process that still runs
    assert other.known(["a"]) == {}
    other.keep({"a": some(5, 2)})
    assert same(one.known(["a"])["a"], some(2, 1))
    assert same(other.known(["a"])["a"], some(5, 2))
    assert StatesFile(tmp_path / "states", model="m@2", width=WIDTH).count() == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogueUnusable):
        StatesFile(tmp_path / "file" / "states", model="m@1", width=WIDTH)


@given(one=st.lists(st.integers(0, 40_000), max_size=9), other=st.lists(st.integers(0, 40_000), max_size=9))
def test_only_equal_tokens_have_equal_keys(one: list[int], other: list[int]) -> None:
    keys = [tokens_key(np.array(ids, dtype=np.int64)) for ids in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


def test_where_nothing_may_be_written_the_kept_is_read_and_nothing_added() -> None:
    folder = Path(tempfile.mkdtemp(prefix="sourcespan-states-"))  # pytest's own is closed to others
    (folder / "data").mkdir()
    kept = StatesFile(folder / "data" / "states", model="m@1", width=WIDTH)
    kept.keep({"a": some(3, 0.25)})
    kept.close()
    with may_only_read(folder / "data"):
        read = StatesFile(folder / "data" / "states", model="m@1", width=WIDTH)
        read.keep({"b": some(1, 1)})
        read.remove(["a"])
        assert set(read.known(["a", "b"])) == {"a"}
        assert StatesFile(folder / "data" / "states", model="m@2", width=WIDTH).known(["a"]) == {}
        with pytest.raises(CatalogueUnusable, match="none, which SOURCESPAN_AHEAD asks for"):
            StatesFile(folder / "data" / "none", model="m@1", width=WIDTH)
    shutil.rmtree(folder)
