"""Questions to measure with, and where their answers stand in a text."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import MalformedFile
from rag.answers import Span
from rag.squad import SquadParagraph

ARTICLE = Path(__file__).parent / "article" / "article.md"
ARTICLE_QUESTIONS = Path(__file__).parent / "article" / "questions.jsonl"


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
    passage: str = ""
    """The paragraph it was asked about, where there is one."""
    document_id: str = ""
    """The one document that is asked; all of them where empty."""


def read_questions(path: Path) -> list[EvalQuestion]:
    """Questions from JSON lines with ``id``, ``question``, ``answers`` and, if known, kind, difficulty, absence.

    Raises MalformedFile, naming the line.
    """
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            labels = {name: str(fields.get(name, "")) for name in ("kind", "difficulty", "absence")}
            questions.append(EvalQuestion(fields["id"], fields["question"], tuple(fields["answers"]), **labels))
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedFile(path.name, f"line {number}: {error!r}") from error
    return questions


def squad_questions(
    paragraphs: Sequence[SquadParagraph], *, absent: float, limit: int, seed: int
) -> tuple[list[str], list[EvalQuestion]]:
    """The paragraphs' texts but for a share ``absent``, and up to ``limit`` questions drawn from all of them.

    Nothing is accepted for a question whose paragraph was left out.
    """
    draw = random.Random(seed)
    texts = sorted({paragraph.text for paragraph in paragraphs})
    present = [text for text in texts if draw.random() >= absent]
    held = set(present)
    questions = [
        EvalQuestion(
            id=asked.id,
            question=asked.question,
            accepted=tuple(dict.fromkeys(a.text for a in asked.answers)) if paragraph.text in held else (),
            passage=paragraph.text,
        )
        for paragraph in paragraphs
        for asked in paragraph.questions
    ]
    draw.shuffle(questions)
    return present, questions[:limit]


def locate(text: str, accepted: Sequence[str]) -> list[Span]:
    """Every place of ``text`` where an accepted answer stands, whatever its case, white space, quotes and dashes."""
    return sorted({Span(*m.span()) for answer in accepted for m in _pattern(answer).finditer(text)})


def in_words_of(text: str, question: EvalQuestion) -> EvalQuestion:
    """The question, which also accepts its answers as ``text`` writes them: ‘O’Brien’ for ‘O'Brien’."""
    there = [span.of(text) for span in locate(text, question.accepted)]
    return replace(question, accepted=tuple(dict.fromkeys((*question.accepted, *there))))


_ALIKE = ("'‘’`", '"“”', "-‐‑–—")


def _pattern(answer: str) -> re.Pattern[str]:
    parts = []
    for character in " ".join(answer.split()):
        alike = next((group for group in _ALIKE if character in group), None)
        parts.append(r"\s+" if character == " " else f"[{re.escape(alike)}]" if alike else re.escape(character))
    # not inside a word or a number: "20" is not in "120", nor in "20,000"
    return re.compile(rf"(?<!\w)(?<!\d[.,]){''.join(parts)}(?!\w)(?![.,]\d)", re.IGNORECASE)
