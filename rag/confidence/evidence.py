"""What speaks for a candidate answer, besides the reader's score: retrieval, and the words it shares with the question.

A near miss, which asks of another name or number than the text has, fools a reader of embeddings; comparing names and
numbers letter by letter does not care how alike the rest is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from rag.confidence.calibration import Evidence
from rag.confidence.candidates import Candidate, as_list
from rag.confidence.labels import labelled
from rag.confidence.names import names, share_of_names
from rag.reader.listing import wants_list

_CONTENT_WORD = re.compile(r"\w{4,}|\d+")
_STEM = 5
_NEARBY = 2_000
"""Characters before and after an answer, where a name may stand that its passage only hints at."""


def evidence(question: str, candidates: Sequence[Candidate]) -> tuple[Evidence, ...]:
    """What speaks for each candidate answer to ``question``."""
    asked = _Asked(question, _stems(question), names(question), wants_list(question))
    return tuple(_evidence(asked, candidate) for candidate in candidates)


def share_of_words(question: str, text: str) -> float:
    """The share of the question's words that stand in ``text``, 0 to 1."""
    return _share(_stems(question), _stems(text))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, its content words, its names and numbers, and whether it asks for several things."""

    question: str
    words: Set[str]
    names: Sequence[str]
    wants_list: bool


def _evidence(asked: _Asked, candidate: Candidate) -> Evidence:
    retrieved, span, text = candidate.source.retrieved, candidate.span, candidate.source.text
    passage = retrieved.passage
    # as it was read: the path to a passage and the headers of its rows are words of it too
    reading = passage.reading
    nearby = text[max(0, span.start - _NEARBY) : span.end + _NEARBY]
    cell, label = labelled(asked.question, reading, span.start - passage.start)
    return Evidence(
        margin=candidate.score,
        certainty=candidate.certainty,
        cosine=retrieved.cosine or 0.0,
        words_found=_share(asked.words, _stems(reading.text)),
        words_in_sentence=_share(asked.words, _stems(f"{candidate.lead} {candidate.sentence.of(text)}")),
        names_found=share_of_names(asked.names, reading.text),
        names_nearby=share_of_names(asked.names, nearby),
        echo=_share(_stems(candidate.text), asked.words),
        rank=candidate.source.rank,
        agreement=len(candidate.also_at),
        cell=cell,
        label=label,
        listed=float(asked.wants_list and len(as_list(candidate).items) > 1),
    )


@lru_cache(maxsize=1_024)
def _stems(text: str) -> frozenset[str]:
    """Content words by their first letters, so that inflection matters less. Many candidates share a passage."""
    return frozenset(word[:_STEM] for word in _CONTENT_WORD.findall(text.casefold()))


def _share(asked: Set[str], there: Set[str]) -> float:
    return len(asked & there) / len(asked) if asked else 0.0
