from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.store.cache import Remembered

kept = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 4), max_size=3)


@given(st.integers(0, 10), st.lists(st.one_of(kept, st.lists(st.sampled_from("abcdef"), max_size=2))))
def test_what_was_asked_for_last_is_there_as_far_as_there_is_room(
    most: int, steps: list[dict[str, int] | list[str]]
) -> None:
    remembered: Remembered[str, int] = Remembered(most, weight=lambda value: value)
    model: dict[str, int] = {}  # the oldest first
    for step in steps:
        if isinstance(step, list):
            there = [key for key in step if key in model]
            assert remembered.known(step) == {key: model[key] for key in there}
            for key in there:
                model[key] = model.pop(key)
        else:
            remembered.keep(step)
            model.update(step)
            while sum(model.values()) > most:
                del model[next(iter(model))]
    assert remembered.known("abcdef") == model
