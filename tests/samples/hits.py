"""The passages that a search found."""

from __future__ import annotations

from collections.abc import Sequence

from index.documents import Passage
from index.passage_index import Hit, PassageIndex


def passages_of(index: PassageIndex, hits: Sequence[Hit]) -> list[Passage]:
    """One for each hit, in their order. Raises KeyError where the catalogue has none of that key."""
    passages = index.passages([hit.key for hit in hits])
    return [passages[hit.key] for hit in hits]
