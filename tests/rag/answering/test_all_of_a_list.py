"""A question for all of a list gets the list that is called so, from files of several formats."""

from __future__ import annotations

from collections.abc import Iterator

import docx
import pytest

from rag.answers import Answer
from rag.engine import Sourcespan

pytestmark = pytest.mark.model

_ROOM = """# The reading room

The rules of the reading room are few. Keep them in mind while you work here, and the keeper will be glad.

## Rules of the room

- Each reader has one desk.
- A desk holds no more than four books at a time.
- When the bell rings, the books go back to the shelf.

## The keeper

The keeper sits by the door and answers questions about the rules.
"""
_SOCIETY = """Friends of the Marlow Archive

The society was founded in 1971. Its benefits are known to few.

Benefits of membership

- Free entry on all days
- A tenth off in the shop
- The yearbook, sent by post

Fees

The fee is 40 pounds a year, for students 20 pounds.
"""
_PUMP = """# X200 pump

The X200 is a pump of 48 kg.

## Replacing the filter

Follow these steps:

1. Close the valve.
2. Undo the two screws of the lid.
3. Put the new filter in.

## Care

There are few steps in the care of the pump. Wipe it once a week.
"""
_PERMIT = """<html><head><title>Residence permit</title></head><body><h1>Residence permit</h1>
<p>Permits are given by the office in Osby, which likes to see many documents.</p><h2>How to apply</h2>
<p>You need the following documents:</p><ul><li>a valid passport</li><li>two photographs</li><li>the form RP-7</li></ul>
<h2>Fees</h2><table><tr><th>Permit</th><th>Fee</th></tr><tr><td>One year</td><td>90 crowns</td></tr>
<tr><td>Five years</td><td>300 crowns</td></tr></table></body></html>"""


@pytest.fixture(scope="module")
def listed(library: Sourcespan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The ids of documents with lists in them, in the index of the real models."""
    folder = tmp_path_factory.mktemp("lists")
    for name, text in {"room.md": _ROOM, "society.txt": _SOCIETY, "pump.md": _PUMP, "permit.html": _PERMIT}.items():
        (folder / name).write_text(text, encoding="utf-8")
    club = docx.Document()
    club.add_heading("Rowing club", 1)
    club.add_paragraph("The treasurer has many duties, and the members know it.")
    club.add_heading("Duties of the treasurer", 2)
    for duty in ("Keep the books", "Collect the fees", "Report to the meeting"):
        club.add_paragraph(duty, style="List Bullet")
    club.add_heading("Boats", 2)
    club.add_paragraph("The club has six boats. Boats are kept in the shed; whoever breaks an oar pays for it.")
    club.save(str(folder / "club.docx"))
    added = [each.document for path in sorted(folder.iterdir()) for each in library.add(path)]
    ids = [document.id for document in added if document is not None]
    yield ids
    for document_id in ids:
        library.remove(document_id)


def _best(library: Sourcespan, question: str, ids: list[str]) -> Answer:
    return library.answerer.ask(question, document_ids=ids, min_confidence=0).answers[0]


@pytest.mark.parametrize(
    ("question", "items"),
    [
        (
            "What are the rules of the reading room?",
            [
                "Each reader has one desk.",
                "A desk holds no more than four books at a time.",
                "When the bell rings, the books go back to the shelf.",
            ],
        ),
        (
            "What are the benefits of membership?",
            ["Free entry on all days", "A tenth off in the shop", "The yearbook, sent by post"],
        ),
        (
            "What are the steps for replacing the filter?",
            ["Close the valve.", "Undo the two screws of the lid.", "Put the new filter in."],
        ),
        (
            "Which documents do I need for a residence permit?",
            ["a valid passport", "two photographs", "the form RP-7"],
        ),
        (
            "List the duties of the treasurer.",
            ["Keep the books", "Collect the fees", "Report to the meeting"],
        ),
    ],
)
def test_all_of_the_list_is_the_answer(library: Sourcespan, listed: list[str], question: str, items: list[str]) -> None:
    answer = _best(library, question, listed)
    text = library.text(answer.document.id)
    assert (answer.kind, [item.of(text) for item in answer.items]) == ("list", items)
    assert answer.span.of(text) == answer.text


@pytest.mark.parametrize(
    "question",
    [
        "What are the fees for a residence permit?",
        "Which rule applies to the bell?",
        "Who has duties in the rowing club?",
        "How many boats does the rowing club have?",
        "What are the fees of the Friends of the Marlow Archive?",
        "Which step comes after the valve is closed?",
    ],
)
def test_other_questions_get_no_list(library: Sourcespan, listed: list[str], question: str) -> None:
    assert len(_best(library, question, listed).items) < 3
