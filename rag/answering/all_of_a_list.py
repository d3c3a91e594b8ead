"""Answers a question for all of a list with the list of that name in the passages retrieved for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.answers import Span
from rag.confidence.candidates import Candidate, as_list
from rag.interfaces import DocumentStore
from rag.reader.named_lists import NamedList, WantedList, lead, lists, wanted_list
from rag.retrieval.sources import ReadPassage


def list_asked_for(question: str, sources: Sequence[ReadPassage], documents: DocumentStore) -> Candidate | None:
    """The list that ``question`` asks for by what it is called; None where none is called so."""
    wanted = wanted_list(question)
    if wanted is None:
        return None
    fitting = [each for source in sources for each in _fitting(wanted, source, documents)]
    return max(fitting, key=lambda each: each[0], default=(0.0, None))[1]


def _fitting(wanted: WantedList, source: ReadPassage, documents: DocumentStore) -> Iterator[tuple[float, Candidate]]:
    passage, text = source.retrieved.passage, source.text
    for items in lists(text, passage.start, passage.end):
        heading = documents.location(source.document, items[0].start).heading or ""
        named = NamedList(items, lead(text, items), heading)
        inside = [item for item in items if passage.start <= item.start and item.end <= passage.end]
        if inside and (fit := wanted.fit(named, f"{source.document.title} {passage.context.path}")):
            yield fit, Candidate(inside[0], source, 0.0, lead=f"{named.lead} {heading}")


def with_list(listed: Candidate | None, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates with a list in the place of those that stand in it, and as good as the best.

    The reader scores words, of a sentence at most: what it makes of the first item of a list says nothing of the list.
    """
    if listed is None or not candidates:
        return tuple(candidates)
    best = candidates[0]
    listed = replace(listed, score=best.score, certainty=best.certainty)
    whole = as_list(listed).span
    apart = [
        each for each in candidates if each.source.document != listed.source.document or not _meet(each.span, whole)
    ]
    return (listed, *apart)


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
