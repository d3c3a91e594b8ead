"""What every peer is given and gives back. Standard library only: it is imported in the peers' environments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its accepted answers, and the number of the passage that it was asked about."""

    question: str
    accepted: list[str]
    home: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Passages to index, questions to ask, and the folders of the two models."""

    passages: list[str]
    questions: list[Question]
    embedder: str
    reader: str
    top_k: int = 5
    clients: int = 8
    asked_at_once: int = 80
    """Questions of the part with several clients: the first so many."""

    def save(self, path: Path) -> None:
        """Writes the workload to a JSON file."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Workload:
        """Reads what `save` wrote."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**fields, "questions": [Question(**question) for question in fields["questions"]]})


@dataclass(frozen=True, slots=True)
class Reply:
    """A peer's best answer, given or withheld: empty where it found nothing."""

    text: str
    passage: int | None
    """The number of the passage it stands in, and its characters there; None where the peer does not say."""
    start: int | None
    end: int | None
    retrieved: list[int]
    """The passages that were read, best first."""
    error: str = ""
    """Where the peer failed at the question."""


class Peer(Protocol):
    """A program that answers questions from passages; made with its models loaded."""

    def index(self, passages: Sequence[str]) -> None:
        """Makes the passages searchable."""

    def ask(self, question: str) -> Reply:
        """May be called by several threads at a time."""
