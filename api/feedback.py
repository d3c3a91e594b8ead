"""What users say of answers, in an SQLite file beside the catalogue or in its PostgreSQL; given out as SQuAD 2.0."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from index.errors import (
    CatalogueError,
    CatalogueFull,
    CatalogueGone,
    CatalogueReadOnly,
    CatalogueUnreachable,
    CatalogueUnusable,
    FeedbackUnavailable,
    QuotaExceeded,
    SpanMismatch,
)
from index.store import opening
from index.store.databases.connection import Database, listed
from index.store.databases.sqlite import SqliteDatabase
from index.upkeep.finding import Finding
from rag.answers import Span
from rag.interfaces import DocumentStore
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion

logger = logging.getLogger("sourcespan")

FEEDBACK_FILE = "feedback.sqlite3"
OK = "ok"

Verdict = Literal["right", "wrong", "missing"]

_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, given_at TEXT NOT NULL, question TEXT NOT NULL, verdict TEXT NOT NULL, answer TEXT,
    document_id TEXT, sha256 TEXT, title TEXT, context TEXT, truth TEXT, truth_start INTEGER, answered_from TEXT
)
"""
_COLUMNS = (
    "id, given_at, question, verdict, answer, answered_from, document_id, sha256, title, context, truth, truth_start"
)
_INSERT = f"INSERT INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
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
    """A user's verdict on one answer. ``answer`` is what was shown, None where the service abstained."""

    question: str
    verdict: Verdict
    answer: str | None
    answered_from: str | None
    """The document that ``answer`` was quoted from."""
    about: Excerpt | None
    """Where the truth stands; where it is right that there is no answer, the nearest passage."""
    has_truth: bool
    """Whether ``about`` answers the question."""


class FeedbackStore:
    """Durable once `add` returns. Safe to share between threads, and between processes on one machine.

    Nothing else rests on it: where the file is damaged, or may not be written, the store is there all the same, and
    says in `status` what it cannot do and why.
    """

    def __init__(self, folder: Path, *, most: int = 0, database: str = "") -> None:
        """Opens the file in ``folder``, or makes it there; or the table in the PostgreSQL at the address ``database``.

        ``most`` is how many entries it takes; 0: no limit.
        """
        self.most = most
        self._db: Database | None = None
        self._fault = ""
        try:
            self._db = opening.at(database, feedback=True) if database else opened(folder / FEEDBACK_FILE)
        except CatalogueError as error:
            self._fault = _reason(error)
        if self.status != OK:
            logger.warning("Feedback is not kept: %s", self.status)

    def close(self) -> None:
        """Closes the feedback file."""
        if self._db is not None:
            self._db.close()

    @property
    def status(self) -> str:
        """``ok``, or why feedback cannot be kept."""
        if self._db is not None and not self._db.is_in_place:
            return str(CatalogueGone(FEEDBACK_FILE))
        if self._db is not None and self._db.read_only:
            return self._fault or str(CatalogueReadOnly())
        return self._fault or OK

    def count(self) -> int:
        """How many entries there are; 0 where the file cannot be read."""
        try:
            with self._using() as store, store.reading() as db:
                return int(db.execute("SELECT count(*) FROM feedback").fetchone()[0])
        except FeedbackUnavailable:
            return 0

    def add(self, feedback: Feedback) -> str:
        """Keeps one verdict and gives its id. Raises FeedbackUnavailable, QuotaExceeded, CatalogueFull."""
        about = feedback.about
        excerpt = (about.document_id, about.sha256, about.title, about.context) if about else (None,) * 4
        truth = (about.text, about.start) if about is not None and feedback.has_truth else (None, None)
        feedback_id = secrets.token_hex(8)
        given = (feedback_id, datetime.now(UTC).isoformat(), feedback.question, feedback.verdict)
        row = (*given, feedback.answer, feedback.answered_from, *excerpt, *truth)
        with self._using() as store, store.change() as db:
            if self.most and db.execute("SELECT count(*) FROM feedback").fetchone()[0] >= self.most:
                raise QuotaExceeded("entries of feedback", self.most)
            db.execute(_INSERT, row)
        self._fault = ""
        return feedback_id

    def withdraw(self, feedback_id: str) -> None:
        """Removes one verdict; nothing happens where there is none. Raises FeedbackUnavailable, CatalogueFull."""
        with self._using() as store, store.change() as db:
            db.execute("DELETE FROM feedback WHERE id = ?", (feedback_id,))

    def erase(self, document_id: str) -> None:
        """Removes every quote of a document, and keeps the questions and the verdicts.

        Of an answer that was kept before it was noted where it was quoted from, nobody knows whether it is one: it
        goes too. Raises FeedbackUnavailable, CatalogueFull.
        """
        with self._using() as store:
            with store.change() as db:
                quoted = db.execute(
                    "UPDATE feedback SET sha256 = NULL, title = NULL, context = NULL, truth = NULL, truth_start = NULL "
                    "WHERE document_id = ?",
                    (document_id,),
                ).rowcount
                quoted += db.execute(
                    "UPDATE feedback SET answer = NULL "
                    "WHERE answer IS NOT NULL AND (answered_from = ? OR answered_from IS NULL)",
                    (document_id,),
                ).rowcount
            if quoted:
                store.erase()

    def paragraphs(self, document_ids: Sequence[str] | None = None) -> Iterator[SquadParagraph]:
        """What is known for sure, as questions about paragraphs: a truth, or that there is none.

        Of these documents, if they are given. Raises FeedbackUnavailable.
        """
        query = (
            "SELECT title, context, id, question, truth, truth_start FROM feedback WHERE context IS NOT NULL "
            "AND (CAST(? AS TEXT) IS NULL OR document_id IN (SELECT value FROM json_each(?))) "
            "ORDER BY title, context, given_at, id"
        )
        among = None if document_ids is None else listed(document_ids)
        with self._using() as store, store.reading() as db:
            rows = db.execute(query, (among, among)).fetchall()
        if not all(map(_is_sound, rows)):
            raise FeedbackUnavailable("an entry of it is damaged")
        for (title, context), in_context in groupby(rows, key=lambda row: row[:2]):
            yield SquadParagraph(title, context, tuple(_question(*row[2:]) for row in in_context))

    @contextmanager
    def _using(self) -> Iterator[Database]:
        """The open file; what goes wrong with it is remembered until an entry is kept again."""
        if self._db is None:
            raise FeedbackUnavailable(self._fault)
        try:
            yield self._db
        except (CatalogueFull, QuotaExceeded):
            raise  # not wrong with the file
        except CatalogueError as error:
            reason = _reason(error)
            # what passes by itself, as where a standby is promoted, is not remembered
            if not isinstance(error, CatalogueUnreachable) and not self._db.read_only:
                self._fault = reason
            raise FeedbackUnavailable(reason) from error


def opened(path: Path) -> SqliteDatabase:
    """The file with its table, brought up to date. Raises CatalogueError where it is damaged."""
    opened = SqliteDatabase(path)
    try:
        with opened.reading() as db:
            ((says,),) = db.execute("PRAGMA quick_check(1)").fetchall()
            columns = {str(row[1]) for row in db.execute("PRAGMA table_info(feedback)")}
        if says != "ok":
            raise CatalogueUnusable(f"SQLite finds {path.name} damaged: {says}")
        if "answered_from" in columns:
            return opened
        with opened.change() as db:
            db.execute(_TABLE)
            if columns:
                db.execute("ALTER TABLE feedback ADD COLUMN answered_from TEXT")
                db.execute("UPDATE feedback SET answered_from = document_id WHERE verdict = 'right'")
    except CatalogueReadOnly:
        return opened  # what stands in it can be read
    except BaseException:
        opened.close()
        raise
    return opened


def move(source: Database, target: Database) -> int:
    """Copies all entries that are not there yet; gives how many the source has. Raises CatalogueError."""
    with source.reading() as db:
        rows = db.execute(f"SELECT {_COLUMNS} FROM feedback").fetchall()  # noqa: S608
    with target.change() as db:
        db.executemany(f"{_INSERT} ON CONFLICT DO NOTHING", rows)
    return len(rows)


def examine(folder: Path) -> Finding:
    """Whether what users said can be read and added to; makes no file where there is none."""
    path = folder / FEEDBACK_FILE
    if not path.exists():
        return Finding("feedback", "fine", "there is none yet")
    store = FeedbackStore(folder)
    try:
        kept = sum(len(paragraph.questions) for paragraph in store.paragraphs())
        says = f"{store.count():,} entries, {kept:,} of them fit to be questions of an evaluation"
        if store.status == OK:
            return Finding("feedback", "fine", says)
        return Finding("feedback", "warning", f"{says}; no more can be kept: {store.status}", "make it writable")
    except FeedbackUnavailable as error:
        advice = f"restore {FEEDBACK_FILE} from a backup, or move it away: the next start makes a new one"
        return Finding("feedback", "fault", str(error), advice)
    finally:
        store.close()


def _reason(error: CatalogueError) -> str:
    """As anybody may read it, of whom `/readyz` asks for no key: where the database is goes to the log alone."""
    if isinstance(error, CatalogueUnreachable):
        logger.warning("Feedback: %s", error)
        return "the database cannot be reached"
    return error.reason if isinstance(error, CatalogueUnusable) else str(error)


def _is_sound(row: tuple[object, ...]) -> bool:
    """Whether what should be text is, and what should be a number."""
    *texts, truth, start = row
    return all(isinstance(text, str) for text in texts) and (
        (truth is None and start is None) or (isinstance(truth, str) and isinstance(start, int))
    )


def excerpt(documents: DocumentStore, document_id: str, span: Span, text: str | None) -> Excerpt:
    """The stored text at ``span`` and around it.

    Raises DocumentNotFound; SpanMismatch where that is not ``text``, or is outside the document or blank.
    """
    document, stored = documents.with_text(document_id)
    quoted = span.of(stored)
    if not quoted.strip() or span.end > len(stored) or (text is not None and text != quoted):
        raise SpanMismatch(document_id, span.start, span.end)
    before, after = stored.rfind("\n\n", 0, span.start), stored.find("\n\n", span.end)
    start = max(0 if before < 0 else before + 2, span.start - _MOST_CONTEXT)
    end = min(len(stored) if after < 0 else after, span.end + _MOST_CONTEXT)
    return Excerpt(document_id, document.sha256, document.title, stored[start:end], quoted, span.start - start)


def _question(feedback_id: str, question: str, truth: str | None, start: int | None) -> SquadQuestion:
    answers = () if truth is None or start is None else (AcceptedAnswer(truth, start),)
    return SquadQuestion(feedback_id, question, answers)
