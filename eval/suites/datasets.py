"""Questions to measure with, and where their answers stand in a text."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.documents import DocumentDraft
from index.errors import MalformedFile
from rag.answers import Span
from rag.config import MAX_QUESTION_CHARACTERS
from rag.squad import SquadParagraph

ARTICLE = Path(__file__).parents[1] / "article" / "article.md"
ARTICLE_QUESTIONS = Path(__file__).parents[1] / "article" / "questions.jsonl"

_LABELS = ("kind", "difficulty", "absence", "trap")


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question and every accepted answer as text; none where the documents don't say."""

    id: str
    question: str
    accepted: tuple[str, ...]
    kind: str = ""
    """who, when, where, how many, why, what, list"""
    difficulty: str = ""
    """same words, paraphrase, two sentences"""
    absence: str = ""
    """near or far, of a question without an answer"""
    trap: str = ""
    """What is meant to mislead: negation, swapped name, swapped number, false premise, similar numbers, other words"""
    home: str = ""
    """The key of the document that it was asked about, where there is one."""
    spans: tuple[Span, ...] = ()
    """Where the accepted answers stand in that document, if somebody marked them."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Questions together with the documents, by key, that they are asked of."""

    name: str
    documents: Mapping[str, DocumentDraft]
    questions: tuple[EvalQuestion, ...]
    own_document_only: bool = False
    """Whether each question is asked of the one document it belongs to."""


def read_questions(path: Path) -> list[EvalQuestion]:
    """Questions from JSON lines or CSV with ``question``, ``answers`` and, if known, ``id`` and labels.

    In CSV several accepted answers are parted by ``|``. Raises MalformedFile, naming the line.
    """
    questions = []
    for number, fields in _rows(path):
        try:
            questions.append(_question(fields, default_id=str(number)))
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedFile(path.name, f"line {number}: {error!r}") from error
    if not questions:
        raise MalformedFile(path.name, "no question in it")
    if len({question.id for question in questions}) < len(questions):
        raise MalformedFile(path.name, "two questions have the same id")
    return questions


def squad_suite(
    name: str, paragraphs: Sequence[SquadParagraph], *, whole: bool, absent: float, limit: int | None, seed: int
) -> Suite:
    """Up to ``limit`` questions drawn at random, each asked of its own paragraph, or of the ``whole`` of them.

    A share ``absent`` of the paragraphs is left out, and nothing is accepted for a question about one of those.
    """
    draw = random.Random(seed)
    drafts = {text: DocumentDraft("", text) for text in sorted({p.text for p in paragraphs if p.text.strip()})}
    present = {text for text in drafts if draw.random() >= absent}
    questions = [
        EvalQuestion(
            id=asked.id,
            question=asked.question,
            accepted=tuple(dict.fromkeys(a.text for a in asked.answers)) if paragraph.text in present else (),
            home=drafts[paragraph.text].sha256,
            spans=tuple(dict.fromkeys(Span(a.start, a.start + len(a.text)) for a in asked.answers)),
        )
        for paragraph in paragraphs
        for asked in paragraph.questions
        if paragraph.text in drafts
    ]
    draw.shuffle(questions)
    drawn = tuple(_with_ids_of_their_own(questions[:limit]))
    wanted = {draft.sha256 for text, draft in drafts.items() if text in present}
    if not whole:
        wanted &= {question.home for question in drawn}
    documents = {draft.sha256: draft for draft in drafts.values() if draft.sha256 in wanted}
    return Suite(name, documents, drawn, own_document_only=not whole)


def sample(questions: Sequence[EvalQuestion], limit: int | None, seed: int) -> tuple[EvalQuestion, ...]:
    """Up to ``limit`` of them, drawn at random, in their order."""
    if limit is None or limit >= len(questions):
        return tuple(questions)
    kept = sorted(random.Random(seed).sample(range(len(questions)), limit))
    return tuple(questions[number] for number in kept)


def locate(text: str, accepted: Sequence[str]) -> list[Span]:
    """Every place of ``text`` where an accepted answer stands, whatever its case, white space, quotes and dashes."""
    return sorted({Span(*m.span()) for answer in accepted for m in _pattern(answer).finditer(text)})


def in_words_of(text: str, question: EvalQuestion) -> EvalQuestion:
    """The question, which also accepts its answers as ``text`` writes them: ‘O’Brien’ for ‘O'Brien’."""
    there = [span.of(text) for span in locate(text, question.accepted)]
    return replace(question, accepted=tuple(dict.fromkeys((*question.accepted, *there))))


def _with_ids_of_their_own(questions: Iterable[EvalQuestion]) -> Iterator[EvalQuestion]:
    """Files that were put together from several may use an id twice."""
    seen: Counter[str] = Counter()
    for question in questions:
        seen[question.id] += 1
        times = seen[question.id]
        yield question if times == 1 else replace(question, id=f"{question.id}#{times}")


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line, fields) of each question."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedFile(path.name, str(error)) from error
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(io.StringIO(text, newline=""))
        if not {"question", "answers"} <= set(reader.fieldnames or ()):
            raise MalformedFile(path.name, "its first line names no columns question and answers")
        for row in reader:
            yield reader.line_num, {**row, "answers": [a.strip() for a in (row["answers"] or "").split("|")]}
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except ValueError as error:
            raise MalformedFile(path.name, f"line {number}: {error}") from error


def _question(fields: Mapping[str, Any], *, default_id: str) -> EvalQuestion:
    question = str(fields["question"]).strip()
    if not 0 < len(question) <= MAX_QUESTION_CHARACTERS:
        raise ValueError(f"a question has 1 to {MAX_QUESTION_CHARACTERS:,} characters")
    if isinstance(fields["answers"], str):
        raise TypeError("answers is a list")
    accepted = tuple(dict.fromkeys(answer for answer in fields["answers"] if str(answer).strip()))
    kind, difficulty, absence, trap = (str(fields.get(name) or "") for name in _LABELS)
    return EvalQuestion(str(fields.get("id") or default_id), question, accepted, kind, difficulty, absence, trap)


_ALIKE = ("'‘’`", '"“”', "-‐‑–—")


def _pattern(answer: str) -> re.Pattern[str]:
    parts = []
    for character in " ".join(answer.split()):
        alike = next((group for group in _ALIKE if character in group), None)
        parts.append(r"\s+" if character == " " else f"[{re.escape(alike)}]" if alike else re.escape(character))
    # not inside a word or a number: "20" is not in "120", nor in "20,000"
    return re.compile(rf"(?<!\w)(?<!\d[.,]){''.join(parts)}(?!\w)(?![.,]\d)", re.IGNORECASE)
