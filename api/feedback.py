"""What users say of answers, kept in an SQLite file of its own beside the catalogue, and given out as SQuAD 2.0."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from index.catalogue import Catalogue
from index.errors import CatalogueUnusable, SpanMismatch
from rag.answers import Span
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion

Verdict = Literal["right", "wrong", "missing"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, given_at TEXT NOT NULL, question TEXT NOT NULL, verdict TEXT NOT NULL, answer TEXT,
    document_id TEXT, sha256 TEXT, title TEXT, context TEXT, truth TEXT, truth_start INTEGER
)
"""
# a paragraph that never ends is cut here, on either side of what it is about
_MOST_CONTEXT = 2_000


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The paragraphs of a document that a span stands in, as they are now: the document may change or go."""

    document_id: str
    sha256: str
    title: str
    context: str
    text: str
    start: int
    """Of ``text`` in ``context``."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict. ``answer`` is what was shown, None where the service abstained."""

    question: str
    verdict: Verdict
    answer: str | None
    about: Excerpt | None
    """Where the truth stands; where it is right that there is no answer, the nearest passage."""
    has_truth: bool
    """Whether ``about`` answers the question."""


class FeedbackStore:
    """Durable once `add` returns. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Raises CatalogueUnusable."""
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(folder / "feedback.sqlite3", isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise CatalogueUnusable(f"feedback: {error}") from error

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def add(self, feedback: Feedback) -> str:
        """Its id. Raises CatalogueUnusable."""
        about = feedback.about
        excerpt = (about.document_id, about.sha256, about.title, about.context) if about else (None,) * 4
        truth = (about.text, about.start) if about is not None and feedback.has_truth else (None, None)
        feedback_id = secrets.token_hex(8)
        now = datetime.now(UTC).isoformat()
        row = (feedback_id, now, feedback.question, feedback.verdict, feedback.answer, *excerpt, *truth)
        try:
            with self._lock:
                self._db.execute("INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise CatalogueUnusable(f"feedback: {error}") from error
        return feedback_id

    def paragraphs(self) -> Iterator[SquadParagraph]:
        """What is known for sure, as questions about paragraphs: a truth, or that there is none."""
        query = (
            "SELECT title, context, id, question, truth, truth_start FROM feedback WHERE context IS NOT NULL "
            "ORDER BY title, context, given_at, id"
        )
        try:
            with self._lock, closing(self._db.execute(query)) as cursor:
                rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise CatalogueUnusable(f"feedback: {error}") from error
        for (title, context), of_context in groupby(rows, key=lambda row: row[:2]):
            yield SquadParagraph(title, context, tuple(_question(*row[2:]) for row in of_context))


def excerpt(catalogue: Catalogue, document_id: str, span: Span, text: str | None) -> Excerpt:
    """The stored text at ``span`` and around it.

    Raises DocumentNotFound; SpanMismatch where that is not ``text``, or is outside the document or blank.
    """
    document, stored = catalogue.with_text(document_id)
    said = span.of(stored)
    if not said.strip() or span.end > len(stored) or (text is not None and text != said):
        raise SpanMismatch(document_id, span.start, span.end)
    before, after = stored.rfind("\n\n", 0, span.start), stored.find("\n\n", span.end)
    start = max(0 if before < 0 else before + 2, span.start - _MOST_CONTEXT)
    end = min(len(stored) if after < 0 else after, span.end + _MOST_CONTEXT)
    return Excerpt(document_id, document.sha256, document.title, stored[start:end], said, span.start - start)


def _question(feedback_id: str, question: str, truth: str | None, start: int | None) -> SquadQuestion:
    answers = () if truth is None or start is None else (AcceptedAnswer(truth, start),)
    return SquadQuestion(feedback_id, question, answers)
