"""What speaks for a candidate answer, besides the reader's score: retrieval, and the words it shares with the question.

A near miss, which asks of another name or number than the text has, fools a reader of embeddings; comparing names and
numbers letter by letter does not care how alike the rest is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from rag.confidence.answer_type import Kind, fits, wanted_kind
from rag.confidence.calibration import Evidence
from rag.confidence.candidates import Candidate, as_list
from rag.listing import wants_list

_CONTENT_WORD = re.compile(r"\w{4,}|\d+")
_NAME_OR_NUMBER = re.compile(r"\b[^\W\d_a-z][\w’'-]*|\d[\d.,]*\d|\d")
_STEM = 5
_NEARBY = 2_000
"""Characters before and after an answer, where a name may stand that its passage only hints at."""


def evidence(question: str, candidates: Sequence[Candidate]) -> tuple[Evidence, ...]:
    """What speaks for each candidate answer to ``question``."""
    wanted = _Wanted(_stems(question), _names(question), wanted_kind(question), wants_list(question))
    return tuple(_evidence(wanted, candidate) for candidate in candidates)


def share_of_words(question: str, text: str) -> float:
    """The share of the question's words that stand in ``text``, 0 to 1."""
    return _share(_stems(question), _stems(text))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a question says of its answer."""

    words: Set[str]
    names: Sequence[str]
    kind: Kind | None
    several: bool


def _evidence(wanted: _Wanted, candidate: Candidate) -> Evidence:
    retrieved, span = candidate.source.retrieved, candidate.span
    passage, text = retrieved.passage, candidate.source.text
    # what the reader was given: a row's headers and the path to a passage are words of it too
    reading = passage.reading
    start = reading.position(span.start - passage.start)
    end = reading.position(span.end - 1 - passage.start) + 1
    asked, names = wanted.words, wanted.names
    words = len(candidate.text.split())
    nearby = text[max(0, span.start - _NEARBY) : span.end + _NEARBY]
    return Evidence(
        margin=candidate.score,
        certainty=candidate.certainty,
        cosine=retrieved.cosine or 0.0,
        words_found=_share(asked, _stems(reading.text)),
        words_in_sentence=_share(asked, _stems(candidate.sentence.of(text))),
        words_in_line=_share(asked, _stems(_line(reading.text, start, end))),
        words_in_path=_share(asked, _stems(f"{candidate.source.document.title} {passage.context.path}")),
        distance=_distance(asked, reading.text, start, end),
        kind=fits(candidate.text, wanted.kind),
        listed=(1.0 if as_list(candidate)[1] else -1.0) if wanted.several else 0.0,
        length=math.log1p(words) * (-1.0 if wanted.kind != "clause" else 1.0),
        names_found=_share_of_names(names, reading.text),
        names_nearby=_share_of_names(names, nearby),
        echo=_share(_stems(candidate.text), asked),
        rank=candidate.source.rank,
        agreement=len(candidate.also_at),
    )


def _line(text: str, start: int, end: int) -> str:
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return text[first : len(text) if last < 0 else last]


def _distance(asked: Set[str], passage: str, start: int, end: int) -> float:
    """The logarithm of the characters between ``start:end`` and the nearest asked word that stands outside of it."""
    nearest = min(
        (max(place - end, start - place) for place, stem in _placed_stems(passage)
         if stem in asked and not start <= place < end),
        default=_NEARBY,
    )  # fmt: skip
    return math.log1p(max(0, nearest))


@lru_cache(maxsize=256)
def _placed_stems(passage: str) -> tuple[tuple[int, str], ...]:
    """Where each content word of ``passage`` begins, and its first letters."""
    return tuple((m.start(), m.group()[:_STEM]) for m in _CONTENT_WORD.finditer(passage.lower()))


@lru_cache(maxsize=1_024)
def _stems(text: str) -> frozenset[str]:
    """Content words by their first letters, so that inflection matters less. Many candidates share a passage."""
    return frozenset(word[:_STEM] for word in _CONTENT_WORD.findall(text.casefold()))


def _share(asked: Set[str], there: Set[str]) -> float:
    return len(asked & there) / len(asked) if asked else 0.0


def _names(question: str) -> list[str]:
    """Its names and numbers. The first word is capital whatever it is, so only a number counts there."""
    matches = _NAME_OR_NUMBER.finditer(question)
    return [m.group().casefold()[:_STEM] for m in matches if m.start() > 0 or m.group()[0].isdigit()]


def _share_of_names(names: Sequence[str], text: str) -> float:
    """Of ``names``, those that stand in ``text``; all of them where there are none."""
    if not names:
        return 1.0
    lowered = text.casefold()
    return sum(_begins_a_word(name, lowered) for name in names) / len(names)


def _begins_a_word(name: str, text: str) -> bool:
    """Whether a word of ``text`` begins with ``name``, which itself begins as words do."""
    # some ten times as fast as a regular expression, and every candidate of a question asks
    position = text.find(name)
    while position > 0 and (text[position - 1].isalnum() or text[position - 1] == "_"):
        position = text.find(name, position + 1)
    return position >= 0
