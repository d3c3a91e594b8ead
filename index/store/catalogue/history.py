"""The catalogue's history: how what is derived from it learns what changed, and whether it was derived from this one.

Every change is one transaction that moves the *generation* on by one and gives it a random token. Passages that come
later have larger keys, and a removed one leaves a tombstone with the generation that took it; so a follower is brought
in step by reading only what changed since the position that it is at. Where the catalogue was copied or restored and
went another way since, the follower's generation has another token there, or none, and what it holds is of no use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.errors import CatalogueUnusable
from index.interfaces import Keys, Vectors
from index.store.databases.connection import Connection

_LARGEST_KEY = 2**63 - 1
# to take vectors out is one pass over all of them, however many go
_REMOVED_AT_ONCE = 50_000

_GENERATION = """
SELECT generation, token FROM history
WHERE generation = (SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'generation')
"""
_REMOVED = "SELECT generation, key FROM tombstones WHERE (generation, key) > (?, ?) ORDER BY generation, key LIMIT ?"
VECTORS = "SELECT key, vector FROM passages WHERE key > ? ORDER BY key LIMIT ?"


@dataclass(frozen=True, slots=True)
class Generation:
    """One state of the catalogue: how many changes led to it, and a random token that no other history has."""

    number: int
    token: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far something that is derived from the catalogue has followed it."""

    seen: Generation
    """The catalogue's, when it was last looked at."""
    removed: tuple[int, int]
    """Of the last tombstone that was followed: its generation and its key."""
    added: int
    """The largest key that was followed."""
    complete: bool
    """Whether nothing was left to follow then."""

    @classmethod
    def of(cls, generation: Generation, keys: Keys) -> Position:
        """The position of what holds ``keys``, in order: all that there were at ``generation``, or none yet."""
        return cls(generation, (generation.number, _LARGEST_KEY), int(keys[-1]) if len(keys) else 0, complete=False)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Position:
        """What `dataclasses.asdict` made of one. Raises KeyError, TypeError, ValueError."""
        generation, key = map(int, fields["removed"])
        seen = Generation(int(fields["seen"]["number"]), str(fields["seen"]["token"]))
        return cls(seen, (generation, key), int(fields["added"]), bool(fields["complete"]))


@dataclass(frozen=True, slots=True)
class Changes:
    """What to remove and what to add next, and the position that this brings one to."""

    removed: Keys
    added: Keys
    vectors: Vectors
    """(added, dimension)"""
    position: Position


@dataclass(frozen=True, slots=True)
class WordChanges:
    """What to remove from, and add to, the word index next, and the position that this brings it to."""

    removed: Keys
    added: Sequence[tuple[int, str, str, str, str]]
    """Of each passage its key, the id of its document, its title, its context and its text."""
    position: Position


def generation_of(db: Connection) -> Generation:
    """The generation of the catalogue at present. Raises CatalogueUnusable."""
    row = db.execute(_GENERATION).fetchone()
    if row is None or not isinstance(row[1], str):
        raise CatalogueUnusable("it does not say at which point of its history it is")
    return Generation(*row)


def next_generation(db: Connection) -> int:
    """Moves it on, inside the transaction of a change; gives its number. A trigger draws its token."""
    db.execute("UPDATE meta SET value = CAST(value AS BIGINT) + 1 WHERE name = 'generation'")
    return generation_of(db).number


def is_past(db: Connection, generation: Generation) -> bool:
    """Whether the catalogue was once, or is, what ``generation`` says; False also for what is too long ago to know."""
    known = db.execute("SELECT token FROM history WHERE generation = ?", (generation.number,)).fetchone()
    return known is not None and known[0] == generation.token


def following(
    db: Connection, position: Position, limit: int, rows: str = VECTORS
) -> tuple[Keys, Sequence[tuple[Any, ...]], Position] | None:
    """The next changes after ``position``, and where they lead; None where it is of another history.

    Changes are keys that were removed, and up to ``limit`` rows that were added, key and vector or as another query
    has them. To be read in one moment.
    """
    if not is_past(db, position.seen):
        return None
    removed = db.execute(_REMOVED, (*position.removed, _REMOVED_AT_ONCE)).fetchall()
    added = db.execute(rows, (position.added, limit)).fetchall()
    reached = Position(
        seen=generation_of(db),
        removed=removed[-1] if removed else position.removed,
        added=added[-1][0] if added else position.added,
        complete=len(removed) < _REMOVED_AT_ONCE and len(added) < limit,
    )
    return np.array([key for _, key in removed], dtype=np.int64), added, reached
