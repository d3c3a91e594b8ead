"""How much words count by where, and how, they stand.

Those of exact words and of compounds were chosen on the retrieval sets of docs/results.md, among some 35 settings.
Titles and contexts were tried in 16 combinations on questions written for the project, real documents, Cranfield and
CISI: none is better than these on all of them. Inexact words are weighed by guess.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordWeights:
    """How much a word counts by where, and how, it stands."""

    title: float = 0.3
    context: float = 0.3
    text: float = 1.0
    exact: float = 0.25
    """Of a word as it is written."""
    stem: float = 1.0
    """Of a word's English stem, beside that."""
    beside: float = 0.15
    """Of a compound, or two words, in one, beside its parts."""
    inexact: float = 0.5
    """Of words that stand in place of one that stands nowhere: nearly the same, or the two that it is made of."""
