"""Passages that say the same, as versions of one text do, take one place among what is found.

Two say the same where hardly a word is another, and none that the question asks of: what is told of 2011 and of 2012 is
not the same to whoever asks for one of these years.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import replace
from difflib import SequenceMatcher

from rag.answers import Place, RetrievedPassage, Span

_WORD = re.compile(r"\w+")
_SHARE_OF_OTHERS = 0.05
"""Of the words of the longer passage, so many may stand otherwise in the other."""


def without_repetition(question: str, passages: Sequence[RetrievedPassage]) -> list[RetrievedPassage]:
    """The passages in their order, without those that say the same as one before, which knows where they are."""
    asked = set(_words(question))
    kept: list[tuple[list[str], RetrievedPassage, list[Place]]] = []
    for found in passages:
        words = _words(found.passage.text)
        same = next((places for others, _, places in kept if _say_the_same(words, others, asked)), None)
        if same is None:
            kept.append((words, found, []))
        else:
            same.append(Place(found.passage.document_id, Span(found.passage.start, found.passage.end)))
    return [replace(found, also_at=tuple(places)) for _, found, places in kept]


def _say_the_same(words: Sequence[str], others: Sequence[str], asked: Set[str]) -> bool:
    most = _SHARE_OF_OTHERS * max(len(words), len(others))
    if words == others:
        return True
    # two bounds on the changes below, which settle it for nearly all at once, the cheaper one first
    if abs(len(words) - len(others)) > most or len(set(words) ^ set(others)) > 2 * most:
        return False
    changes = [change for change in SequenceMatcher(None, words, others, False).get_opcodes() if change[0] != "equal"]
    changed = {word for _, a, b, c, d in changes for word in (*words[a:b], *others[c:d])}
    return sum(max(b - a, d - c) for _, a, b, c, d in changes) <= most and not changed & asked


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
