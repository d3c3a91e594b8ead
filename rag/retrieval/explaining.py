"""Why a passage was found by words: which of those that a query looks for stand in it, and where."""

from __future__ import annotations

from collections.abc import Sequence

from index.documents import Passage
from index.words.clauses import WantedWord, WordForm, stemmer
from index.words.normalise import Term, terms
from rag.answers import MatchedWord, Span

_FORMS: tuple[WordForm, ...] = ("exact", "stem", "near")


def matched_words(wanted: Sequence[WantedWord], passage: Passage) -> tuple[MatchedWord, ...]:
    """The words of ``wanted`` that the passage or its context has; no place counts for two of them, exact words first.

    Words are compared by the rules of the word index, so what is named here is what BM25 counted.
    """
    text, context = _Words(passage.text), _Words(passage.context.shown)
    matched = []
    for word in sorted(wanted, key=lambda each: _FORMS.index(each.form)):
        places, in_context = text.take(word), bool(context.take(word))
        if places or in_context:
            spans = (Span(passage.start + term.start, passage.start + term.end) for term in places)
            matched.append(MatchedWord(word.text, word.form, tuple(spans), in_context))
    return tuple(matched)


class _Words:
    """The terms of a text, each of which one wanted word may take."""

    def __init__(self, text: str) -> None:
        self._terms = terms(text)
        self._stemmer = stemmer()

    def take(self, wanted: WantedWord) -> list[Term]:
        """The terms that are the word in its form, and were not taken before."""
        taken = [term for term in self._terms if self._is(term.text, wanted)]
        self._terms = [term for term in self._terms if term not in taken]
        return taken

    def _is(self, term: str, wanted: WantedWord) -> bool:
        if wanted.form == "stem":
            return self._stemmer.analyze(term) == [wanted.text]
        return differs_by(term, wanted.text, wanted.distance)


def differs_by(one: str, other: str, most: int) -> bool:
    """Whether at most so many letters less, more, other, or swapped with the next make one word of the other.

    The distance is that of optimal string alignment, as Tantivy's fuzzy terms have it.
    """
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, its in enumerate(other, 1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1] <= most
