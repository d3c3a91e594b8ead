"""The file of states: what is put in comes out, and another model's never does."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import CatalogueUnusable
from index.states import States, StatesFile, tokens_key
from tests.index.test_durability import may_only_read

WIDTH = 4


def some(tokens: int, value: float) -> States:
    return np.full((tokens, WIDTH), value, np.float16)


def test_what_is_kept_is_known_in_the_next_process_too(tmp_path: Path) -> None:
    kept = StatesFile(tmp_path / "new" / "states", model="m@1", width=WIDTH)
    kept.keep({"a": some(3, 0.25), "b": some(1, -7)})
    kept.close()
    again = StatesFile(tmp_path / "new" / "states", model="m@1", width=WIDTH)
    known = again.known(["a", "b", "c"])
    assert set(known) == {"a", "b"}
    assert np.array_equal(known["a"], some(3, 0.25))
    assert np.array_equal(known["b"], some(1, -7))
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
    assert np.array_equal(one.known(["a"])["a"], some(2, 1))
    assert np.array_equal(other.known(["a"])["a"], some(5, 2))
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
