"""Dialogues of our own over a dozen invented documents: are follow-ups read as they are meant?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.documents import DocumentDraft
from rag.questions import Turn

if TYPE_CHECKING:
    from rag.answers import Result
    from rag.engine import Sourcespan

DIALOGUES = Path(__file__).with_suffix(".json")
NOT_UNDERSTOOD = "?"


@dataclass(frozen=True, slots=True)
class DialogueTurn:
    """A question, what answers it, and what it may rightly be read as after those before it.

    None is the question as it stands, `NOT_UNDERSTOOD` to say that it leaves something open.
    """

    question: str
    answer: str | None
    read_as: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Questions that follow each other, and the documents that they are asked of."""

    documents: tuple[DocumentDraft, ...]
    dialogues: tuple[tuple[DialogueTurn, ...], ...]


@dataclass(frozen=True, slots=True)
class ReadFollowUp:
    """A follow-up, and what it was read as; None as it stands."""

    turn: DialogueTurn
    read_as: str | None

    @property
    def is_right(self) -> bool:
        """Whether it was read as it is meant; what stands by itself may be no question, as thanks are."""
        stands = None in self.turn.read_as and self.read_as in (None, NOT_UNDERSTOOD)
        return stands or self.read_as in self.turn.read_as


def read_dialogues() -> Dialogues:
    """The suite, which lies beside this module."""
    fields = json.loads(DIALOGUES.read_text(encoding="utf-8"))
    return Dialogues(
        tuple(DocumentDraft(each["title"], each["text"]) for each in fields["documents"]),
        tuple(
            tuple(DialogueTurn(turn["question"], turn["answer"], tuple(turn.get("read_as", ()))) for turn in dialogue)
            for dialogue in fields["dialogues"]
        ),
    )


def read_follow_ups(suite: Dialogues, library: Sourcespan, document_ids: Sequence[str]) -> Iterator[ReadFollowUp]:
    """Asks the follow-ups of these documents, each after what was asked before it, with the answers of the suite."""
    for dialogue in suite.dialogues:
        history = [Turn(turn.question, turn.answer) for turn in dialogue]
        for number, turn in enumerate(dialogue[1:], start=1):
            result = library.ask(turn.question, history=history[:number], document_ids=document_ids)
            yield ReadFollowUp(turn, _read_as(result))


def _read_as(result: Result) -> str | None:
    is_unclear = result.status == "not_understood" and result.read_as is None
    return NOT_UNDERSTOOD if is_unclear else result.read_as
