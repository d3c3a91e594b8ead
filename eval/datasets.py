"""Questions to measure with, and where their answers stand in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import MalformedFile
from rag.answers import Span

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
