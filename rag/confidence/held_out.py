"""Held-out questions, asked as a user would ask them: what the calibration is fitted on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.documents import DocumentDraft
from index.errors import QuestionError
from index.ingestion.build import add_many
from index.interfaces import Progress
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.confidence.answer_match import is_right, token_f1
from rag.confidence.calibration import Evidence
from rag.squad import SquadParagraph, SquadQuestion

_PARAGRAPHS_PER_DOCUMENT = 12
_PATH = " › "


@dataclass(frozen=True, slots=True)
class HeldOutQuestion:
    """A question to ask; nothing is accepted where what is asked does not hold the answer."""

    question: str
    accepted: tuple[str, ...]
    document_id: str | None = None
    """The one document that is asked; None for the whole index."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a held-out question: the evidence for its candidates, best margin first, and how right each is."""

    question: HeldOutQuestion
    evidence: tuple[Evidence, ...]
    right: tuple[bool, ...]
    f1: tuple[float, ...]


def put_in(
    paragraphs: Sequence[SquadParagraph], index: PassageIndex, *, absent: float, seed: int, progress: Progress
) -> list[HeldOutQuestion]:
    """Adds paragraphs to ``index``, but for a share ``absent`` of them, whose questions then have no answer.

    A document holds up to twelve paragraphs of one title. A paragraph whose first line is the path to it ("Handbook ›
    Boats") is a document without that line, which is its title: so it comes to the reader as it does in use.

    Half of the questions are for the whole index, half for their own document alone: among many documents retrieval
    tells much, within one it tells little, and people do both.
    """
    draw = random.Random(seed)
    drafts: list[DocumentDraft] = []
    asked_of: list[tuple[HeldOutQuestion, int | None]] = []
    for title, texts in _documents(paragraphs):
        present = [text for text in texts if draw.random() >= absent]
        for text, of_text in texts.items():
            for asked in of_text:
                accepted = tuple(dict.fromkeys(a.text for a in asked.answers)) if text in present else ()
                own = draw.random() < 0.5 and present
                asked_of.append((HeldOutQuestion(asked.question, accepted), len(drafts) if own else None))
        if present:
            drafts.append(_draft(title, present))
    ids = [document.id for document, _ in add_many(index, drafts, progress)]
    questions = [q if number is None else replace(q, document_id=ids[number]) for q, number in asked_of]
    draw.shuffle(questions)
    return questions


def _draft(title: str, texts: Sequence[str]) -> DocumentDraft:
    path, _, rest = texts[0].partition("\n")
    if len(texts) == 1 and _PATH in path and rest.strip():
        return DocumentDraft(title=path, text=rest)
    return DocumentDraft(title=title, text="\n\n".join(texts))


def _documents(paragraphs: Sequence[SquadParagraph]) -> list[tuple[str, dict[str, list[SquadQuestion]]]]:
    """(title, {paragraph: its questions}): a paragraph that stands in several files comes once."""
    by_title: dict[str, dict[str, list[SquadQuestion]]] = {}
    home: dict[str, dict[str, list[SquadQuestion]]] = {}
    for paragraph in paragraphs:
        of_title = home.setdefault(paragraph.text, by_title.setdefault(paragraph.title, {}))
        of_title.setdefault(paragraph.text, []).extend(paragraph.questions)
    return [
        (title, dict(list(texts.items())[start : start + _PARAGRAPHS_PER_DOCUMENT]))
        for title, texts in by_title.items()
        for start in range(0, len(texts), _PARAGRAPHS_PER_DOCUMENT)
    ]


def with_share(questions: Sequence[HeldOutQuestion], unanswerable: float) -> list[HeldOutQuestion]:
    """The questions in the same order, but for some of those that are too many for this share to have no answer.

    How often people ask what the documents don't say decides what a margin is worth, and held-out data that is half
    unanswerable would teach to doubt. They are left out evenly, so that any first part has about that share too.
    """
    without = sum(not question.accepted for question in questions)
    answered = len(questions) - without
    wanted = {
        False: min(without, round(answered * unanswerable / (1 - unanswerable))),
        True: min(answered, round(without * (1 - unanswerable) / unanswerable)) if unanswerable else answered,
    }
    there, seen = {False: without, True: answered}, {False: 0, True: 0}
    kept = []
    for question in questions:
        kind = bool(question.accepted)
        before = seen[kind] * wanted[kind] // there[kind]
        seen[kind] += 1
        if seen[kind] * wanted[kind] // there[kind] > before:
            kept.append(question)
    return kept


def observe(answerer: QuestionAnswerer, questions: Sequence[HeldOutQuestion]) -> Iterator[Observation]:
    """Asks each question; one that the reader cannot take is passed over."""
    for question in questions:
        only = None if question.document_id is None else [question.document_id]
        try:
            proposal = answerer.propose(question.question, document_ids=only)
        except QuestionError:
            continue
        texts = [candidate.text for candidate in proposal.candidates]
        yield Observation(
            question,
            proposal.evidence,
            tuple(is_right(text, question.accepted) for text in texts),
            tuple(token_f1(text, question.accepted) if question.accepted else 0.0 for text in texts),
        )
