"""One library with a document that has pages and three notes, for all frameworks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sourcespan import DocumentDraft, Heading, Outline, Sourcespan

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # before it is imported

QUESTION = "When does the ferry to Oban leave?"
ABSENT = "Who painted the ceiling of the Sistine Chapel?"
FIRST = "Rules 👩‍👧 of the harbour.\nNobody may swim in the harbour basin after dark.\n"
SECOND = "Departures\n\nThe ferry to Oban leaves at 07:30 from pier two.\n"
PAGED = FIRST + SECOND
NOTES = (
    "The lighthouse at Corran was built in 1860 by the Stevenson brothers.",
    "A ticket for a bicycle costs four pounds and is sold on board.",
    "The harbour master is Ailsa Murray, whose office is on the quay.",
)


@pytest.fixture(scope="package")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sourcespan]:
    """The real models over four documents."""
    outline = Outline((0, len(FIRST)), (Heading(len(FIRST), 1, "Departures"),), labels=("i", "ii"))
    with Sourcespan.open(tmp_path_factory.mktemp("harbour")) as library:
        library.add(DocumentDraft("Timetable", PAGED, "timetable.pdf", {"kind": "rules"}, outline))
        for number, note in enumerate(NOTES):
            library.add(text=note, title=f"Note {number}")
        yield library


@pytest.fixture
def folder(harbour: Sourcespan) -> Path:
    return harbour.folder
