"""Retrieval sets in BEIR's layout (Thakur et al., arXiv 2104.08663), plain or gzipped."""

from __future__ import annotations

import csv
import gzip
import json
import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import NotASuite
from eval.suites.datasets import Suite
from index.documents import DocumentDraft
from index.errors import MalformedFile


@dataclass(frozen=True, slots=True)
class RetrievalQuery:
    """What is searched for, and the documents that matter, by key, with their grade: 1 and more."""

    id: str
    text: str
    relevant: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RetrievalSuite:
    """Documents by key, and the queries whose relevant ones are known."""

    name: str
    documents: Mapping[str, DocumentDraft]
    queries: tuple[RetrievalQuery, ...]


def is_beir(folder: Path) -> bool:
    """Whether the folder is laid out as BEIR's data sets are."""
    return any((folder / f"corpus.jsonl{ending}").is_file() for ending in ("", ".gz"))


def read_beir(folder: Path, *, limit: int | None = None, seed: int = 0) -> RetrievalSuite:
    """The documents, title before text, and up to ``limit`` of the queries that have a relevant one.

    Blank documents are left out. ``qrels.tsv`` lies in the folder or, as in BEIR's own archives, is ``qrels/test.tsv``.
    Raises MalformedFile, NotASuite.
    """
    corpus = {str(row["_id"]): _text(row) for row in _json_lines(_file(folder, "corpus.jsonl"), "_id", "text")}
    queries = {str(row["_id"]): str(row["text"]) for row in _json_lines(_file(folder, "queries.jsonl"), "_id", "text")}
    relevant: dict[str, dict[str, int]] = {}
    for query, document, grade in _judgements(_file(folder, "qrels.tsv", "qrels/test.tsv")):
        if grade > 0 and query in queries and document in corpus:
            relevant.setdefault(query, {})[document] = grade
    judged = [RetrievalQuery(key, text, relevant[key]) for key, text in queries.items() if key in relevant]
    if not judged:
        raise NotASuite(folder.name, "no query has a relevant document")
    random.Random(seed).shuffle(judged)
    documents = {key: DocumentDraft("", text) for key, text in corpus.items() if text}
    return RetrievalSuite(folder.name, documents, tuple(judged[:limit]))


def retrieval_of(suite: Suite) -> RetrievalSuite:
    """A suite of questions as a retrieval task: a question's own document is the one that matters."""
    queries = [
        RetrievalQuery(question.id, question.question, {question.home: 1})
        for question in suite.questions
        if question.home in suite.documents and question.accepted
    ]
    if not queries:
        raise NotASuite(suite.name, "no question belongs to a document that is there")
    return RetrievalSuite(suite.name, suite.documents, tuple(queries))


def _text(row: Mapping[str, Any]) -> str:
    return "\n\n".join(part for part in (str(row.get("title") or "").strip(), str(row["text"]).strip()) if part)


def _file(folder: Path, *names: str) -> Path:
    candidates = [folder / f"{name}{ending}" for name in names for ending in ("", ".gz")]
    existing = next((path for path in candidates if path.is_file()), None)
    if existing is None:
        raise NotASuite(folder.name, f"it has no {names[0]}")
    return existing


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="\n") as file:
            yield from enumerate(file, start=1)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise MalformedFile(path.name, str(error)) from error


def _json_lines(path: Path, *wanted: str) -> Iterator[dict[str, Any]]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            missing = [name for name in wanted if name not in row]
        except (ValueError, TypeError) as error:
            raise MalformedFile(path.name, f"line {number}: {error}") from error
        if missing:
            raise MalformedFile(path.name, f"line {number} has no {missing[0]}")
        yield row


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    for number, row in enumerate(csv.reader((line for _, line in _lines(path)), delimiter="\t"), start=1):
        if number == 1 or not row:  # a heading
            continue
        try:
            query, document, grade = row
            yield query, document, int(grade)
        except ValueError as error:
            raise MalformedFile(path.name, f"line {number}: {error}") from error
