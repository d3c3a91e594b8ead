"""SQuAD 2.0 JSON, plain or gzipped: the one format that questions come in and corrections go out."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from index.errors import MalformedFile


@dataclass(frozen=True, slots=True)
class AcceptedAnswer:
    """One human answer: ``text`` stands at ``start`` (characters) of the paragraph."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """A question about one paragraph; no answers where the paragraph does not hold one."""

    id: str
    question: str
    answers: tuple[AcceptedAnswer, ...]


@dataclass(frozen=True, slots=True)
class SquadParagraph:
    """A paragraph and what was asked about it."""

    title: str
    text: str
    questions: tuple[SquadQuestion, ...]


def read_squad(path: Path) -> Iterator[SquadParagraph]:
    """The paragraphs of a SQuAD 1.1 or 2.0 file.

    Raises MalformedFile, naming the file and the place, where it is not one or an answer is not at its offset.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            articles = list(json.load(file)["data"])
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise MalformedFile(path.name, f"not SQuAD JSON: {error}") from error
    for number, article in enumerate(articles):
        try:
            for paragraph in article["paragraphs"]:
                yield _paragraph(article.get("title", ""), paragraph)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedFile(path.name, f"article {number}: {error!r}") from error


def squad_json(paragraphs: Iterable[SquadParagraph]) -> dict[str, Any]:
    """What `read_squad` reads as these paragraphs; neighbours with one title become one article."""
    articles = [
        {"title": title, "paragraphs": [_paragraph_json(paragraph) for paragraph in of_title]}
        for title, of_title in groupby(paragraphs, key=lambda paragraph: paragraph.title)
    ]
    return {"version": "v2.0", "data": articles}


def _paragraph_json(paragraph: SquadParagraph) -> dict[str, Any]:
    qas = [
        {
            "id": question.id,
            "question": question.question,
            "is_impossible": not question.answers,
            "answers": [{"text": answer.text, "answer_start": answer.start} for answer in question.answers],
        }
        for question in paragraph.questions
    ]
    return {"context": paragraph.text, "qas": qas}


def _paragraph(title: str, paragraph: dict[str, Any]) -> SquadParagraph:
    text = paragraph["context"]
    questions = tuple(
        SquadQuestion(
            id=str(qa["id"]),
            question=qa["question"].strip(),
            answers=() if qa.get("is_impossible") else tuple(_answer(text, a) for a in qa["answers"]),
        )
        for qa in paragraph["qas"]
    )
    return SquadParagraph(title, text, questions)


def _answer(context: str, answer: dict[str, Any]) -> AcceptedAnswer:
    text, start = answer["text"], answer["answer_start"]
    if context[start : start + len(text)] != text:
        raise ValueError(f"answer {text!r} is not at {start}")
    return AcceptedAnswer(text, start)
