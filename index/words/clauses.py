"""What a question looks for in the word index: its words in each field, as they are written, as stems, or nearly."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from index.words.normalise import Term, terms
from index.words.weights import WordWeights

if TYPE_CHECKING:
    import tantivy

EXACT, STEMS = ("title", "context", "text"), ("title_stems", "context_stems", "text_stems")
"""The fields of a passage, and those that hold their English stems."""

WordForm = Literal["exact", "stem", "near"]
"""A word as it is written, its English stem, or words that differ from it in a letter or two."""

_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST_INEXACT, _LONG, _SHORTEST_PAIR = 4, 8, 5
"""Letters of a word that may have one of them wrong, of one that may have two, and of two words as one."""
_LEAST_RARITY = 1e-6
"""What a word counts that more than half of the passages hold: these are told apart by others."""


@dataclass(frozen=True, slots=True)
class WantedWord:
    """A word that is looked for: a term, or the stem of one."""

    text: str
    form: WordForm
    distance: int = 0
    """How many letters may be less, more, other or swapped; none but in "near" words."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One word in one field, and the query that scores it."""

    wanted: WantedWord
    query: tantivy.Query


def stemmer() -> tantivy.TextAnalyzer:
    """What makes English stems of the terms of a text."""
    import tantivy

    english = tantivy.Filter.stemmer("english")
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(english).build()


class Clauses:
    """What a question looks for in one state of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, weights: WordWeights) -> None:
        import tantivy

        self._query = tantivy.Query
        self._schema, self._searcher, self._weights = schema, searcher, weights
        self._stemmer = stemmer()
        w = weights
        weights_of = [form * field for form in (w.exact, w.stem) for field in (w.title, w.context, w.text)]
        self._fields = dict(zip(EXACT + STEMS, weights_of, strict=True))

    def of(self, question: str) -> Iterator[Clause]:
        """A clause for each word of the question in each field, which all add up."""
        read = terms(question)
        known = {term.text for term in read if self._is_known(term.text)}
        plain = [term for term in read if not term.beside]
        covered: set[Term] = set()
        for whole in (term for term in dict.fromkeys(read) if term.beside and term.text in known):
            parts = [part for part in plain if whole.start <= part.start and part.end <= whole.end]
            covered |= set(parts)
            # it says nothing new where its parts are found
            among_parts = not parts or all(part.text in known for part in parts)
            yield from self._exact(whole.text, self._weights.beside if among_parts else 1.0)
        for word in dict.fromkeys(term.text for term in plain):
            if word in known:
                yield from self._exact(word)
        for word in dict.fromkeys(term.text for term in plain if term not in covered and term.text not in known):
            yield from self._inexact(word)
        for pair in dict.fromkeys(a.text + b.text for a, b in pairwise(plain)):
            if len(pair) >= _SHORTEST_PAIR and _LETTERS.fullmatch(pair) and pair not in known and self._is_known(pair):
                yield from self._exact(pair, self._weights.beside)

    def each(self, words: str) -> Iterator[tuple[tantivy.Query | None, float]]:
        """Of each word what finds the passages that hold it, in any field and form, and how rare it is.

        Of a word that stands nowhere these are the passages with nearly the same one, or None.
        """
        for word in dict.fromkeys(term.text for term in terms(words) if not term.beside):
            holding = {form: self._searcher.doc_freq(*form) for form in self._forms(word)}
            held = [form for form, passages in holding.items() if passages]
            queries = [self._query.term_query(self._schema, *form, index_option="freq") for form in held]
            queries = queries or [clause.query for clause in self._inexact(word)]
            yield self._any_of(queries), self._rarity(max(holding.values()), 1)

    def _any_of(self, queries: Sequence[tantivy.Query]) -> tantivy.Query | None:
        if not queries:
            return None
        import tantivy

        return self._query.boolean_query([(tantivy.Occur.Should, each) for each in queries])

    def _is_known(self, word: str) -> bool:
        """Whether it stands anywhere, in any of its forms."""
        return any(self._searcher.doc_freq(field, form) for field, form in self._forms(word))

    def _forms(self, word: str) -> list[tuple[str, str]]:
        (stem,) = self._stemmer.analyze(word)
        return [(field, word) for field in EXACT] + [(field, stem) for field in STEMS]

    def _exact(self, word: str, share: float = 1.0) -> Iterator[Clause]:
        for field, form in self._forms(word):
            holding = self._searcher.doc_freq(field, form)
            if holding and (weight := share * self._fields[field]):
                term = self._query.term_query(self._schema, field, form, index_option="freq")
                query = self._query.boost_query(term, weight * self._rarity(holding) / self._rarity(holding, 1))
                yield Clause(WantedWord(form, "exact" if field in EXACT else "stem"), query)

    def _inexact(self, word: str) -> Iterator[Clause]:
        """The two words that it is made of, or those that a letter or two less, more or other make of it."""
        if not _LETTERS.fullmatch(word) or len(word) < _SHORTEST_INEXACT:
            return
        halves = ((word[:at], word[at:]) for at in range(2, len(word) - 1))
        both = next((pair for pair in halves if all(map(self._is_known, pair))), None)
        if both is not None:
            for half in both:
                yield from self._exact(half, self._weights.inexact)
            return
        for distance in (1, 2)[: 1 + (len(word) >= _LONG)]:
            near = list(self._near(word, distance))
            yield from near
            if near:
                return

    def _near(self, word: str, distance: int) -> Iterator[Clause]:
        """Scored as a word that stands once in a passage of the usual length, and is as rare as all of these are."""
        for field in EXACT:
            query = self._query.fuzzy_term_query(self._schema, field, word, distance)
            holding = self._searcher.search(query, 1).count  # type: ignore[attr-defined]  # it has
            if holding and (weight := self._fields[field]):
                boosted = self._query.boost_query(query, self._weights.inexact * weight * self._rarity(holding))
                yield Clause(WantedWord(word, "near", distance), boosted)

    def _rarity(self, holding: int, at_least: float = 0.0) -> float:
        # of a passage that is gone Tantivy counts the words until it next writes that part of its files
        holding = min(holding, self._searcher.num_docs)
        odds = (self._searcher.num_docs - holding + 0.5) / (holding + 0.5)
        return max(_LEAST_RARITY, math.log(at_least + odds))
