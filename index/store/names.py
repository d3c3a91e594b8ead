"""Names of collections, and which of them somebody may know of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from index.errors import InvalidCollection
from index.words.folding import folded

Within = frozenset[str] | None
"""The collections that somebody may know of; None: everything."""

_NAME = re.compile(r"\w(?:[\w .\-]{0,62}[\w.\-])?")


def composed(name: str) -> str:
    """A name as it is kept: what looks alike is the same."""
    return unicodedata.normalize("NFC", name)


def alike(text: str) -> str:
    """A text as words are looked for in it, and as it is sorted: what a reader takes for the same is the same."""
    return folded(text).casefold()


def collection_name(name: str) -> str:
    """A name as it is kept. Raises InvalidCollection."""
    kept = composed(name)
    if not _NAME.fullmatch(kept):
        raise InvalidCollection(name)
    return kept


def collection_names(names: Iterable[str]) -> frozenset[str]:
    """Several of them. Raises InvalidCollection."""
    return frozenset(map(collection_name, names))
