"""The reader's spans → candidate answers of documents: placed, merged, ranked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.passages.sentences import sentences
from rag.answers import AnswerKind, Place, Span
from rag.interfaces import PassageSpan
from rag.reader.listing import is_list, list_items, parts
from rag.reader.spans import whole_characters, whole_words, without_overlaps
from rag.retrieval.sources import ReadPassage


@lru_cache(maxsize=256)
def sentences_of(passage: str) -> tuple[tuple[int, int], ...]:
    """As `sentences`; every candidate of a passage asks for them, and the next question may read it again."""
    return tuple(sentences(passage))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of a document that may be the answer, before its confidence is known."""

    span: Span
    source: ReadPassage
    score: float
    certainty: float = 0.0
    also_at: tuple[Place, ...] = ()
    lead: str = ""
    """What it is called that a list is the answer, where it is named: the line above it, and the heading."""
    items: tuple[Span, ...] = ()
    kind: AnswerKind = "span"

    @property
    def text(self) -> str:
        """Exactly what the document says there."""
        return self.span.of(self.source.text)

    @property
    def sentence(self) -> Span:
        """The sentence, or sentences, that it stands in, as far as its passage goes."""
        passage, span = self.source.retrieved.passage, self.span
        touched = [
            Span(passage.start + start, passage.start + end)
            for start, end in sentences_of(passage.text)
            if passage.start + start < span.end and span.start < passage.start + end
        ]
        return Span(
            min([span.start, *(s.start for s in touched)]),
            max([span.end, *(s.end for s in touched)]),
        )

    @property
    def place(self) -> Place:
        """Where the candidate stands: its document and its characters there."""
        return Place(self.source.document.id, self.span)


def candidates(spans: Sequence[PassageSpan], read: Sequence[ReadPassage], limit: int) -> list[Candidate]:
    """Up to ``limit`` candidates, best first: no two overlap, and a text that stands at several places comes once.

    A span that runs from one sentence into the next answers nothing and is left out, unless it goes from one item of a
    list to another.
    """
    within = [_SentenceEnds.of(source.retrieved.passage.text) for source in read]
    sound = (
        span
        for span in spans
        if within[span.position].hold(span.start, span.end)
        or is_list(read[span.position].retrieved.passage.text, Span(span.start, span.end))
    )
    ranked = sorted((_in_document(span, read[span.position]) for span in sound), key=lambda c: -c.score)
    # a few more than asked for, since some will turn out to say the same
    apart = without_overlaps(
        (c for c in ranked if c.text.strip()),
        lambda c: (c.source.document.id, c.span.start, c.span.end),
        limit * 4,
    )
    by_text: dict[str, list[Candidate]] = {}
    for candidate in apart:
        by_text.setdefault(candidate.text, []).append(candidate)
    return [
        replace(best, also_at=tuple(other.place for other in others))
        for best, *others in list(by_text.values())[:limit]
    ]


def as_list(candidate: Candidate) -> Candidate:
    """The candidate as the answer to a question that asks for several things, with the things that it lists.

    One that stands in an item of a list becomes the whole list; one that lists a single thing stays as it is.
    """
    text, span = candidate.source.text, candidate.span
    if items := list_items(text, span.start):
        return replace(candidate, span=Span(items[0].start, items[-1].end), items=items, kind="list")
    listed = parts(text, span)
    return replace(candidate, items=listed, kind="list") if len(listed) > 1 else candidate


@dataclass(frozen=True, slots=True)
class _SentenceEnds:
    """Where the sentences of a passage end."""

    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _SentenceEnds:
        return cls(tuple(end for _, end in sentences_of(text)))

    def hold(self, start: int, end: int) -> bool:
        """Whether one sentence holds all of the range."""
        return bisect_right(self.ends, start) == bisect_left(self.ends, end)


def _in_document(span: PassageSpan, source: ReadPassage) -> Candidate:
    passage = source.retrieved.passage
    start, end = whole_words(passage.text, span.start, span.end)
    start, end = whole_characters(source.text, passage.start + start, passage.start + end)
    return Candidate(Span(start, end), source, span.score, span.certainty)
