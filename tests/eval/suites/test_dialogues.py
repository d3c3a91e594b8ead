"""The dialogues, asked of the bundled models."""

from __future__ import annotations

import pytest

from eval.suites.dialogues import NOT_UNDERSTOOD, DialogueTurn, ReadFollowUp, read_dialogues, read_follow_ups
from rag.engine import Sourcespan

WANTED = 0.85


@pytest.mark.model
def test_most_follow_ups_are_read_as_they_are_meant(library: Sourcespan) -> None:
    suite = read_dialogues()
    assert len(suite.dialogues) == 60
    ids = [library.index.add(draft)[0].id for draft in suite.documents]
    asked = list(read_follow_ups(suite, library, ids))
    for document_id in ids:
        library.index.delete(document_id)
    assert len(asked) == sum(len(dialogue) - 1 for dialogue in suite.dialogues)
    assert sum(each.is_right for each in asked) >= WANTED * len(asked), [each for each in asked if not each.is_right]


@pytest.mark.parametrize(
    ("read_as", "meant", "is_right"),
    [
        ("Who owns it?", ("Who owns it?",), True),
        (None, ("Who owns it?",), False),
        (None, (None,), True),
        (NOT_UNDERSTOOD, (None,), True),
        (NOT_UNDERSTOOD, ("Who owns it?",), False),
        ("Who owns it?", (None,), False),
    ],
)
def test_when_a_follow_up_is_read_rightly(read_as: str | None, meant: tuple[str | None, ...], is_right: bool) -> None:
    assert ReadFollowUp(DialogueTurn("And who owns it?", None, meant), read_as).is_right is is_right
