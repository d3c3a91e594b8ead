"""Whose question is read next: by what questions cost, so that nobody waits long for somebody else's long reading."""

from __future__ import annotations

import itertools
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from rag.questions import Question

T = TypeVar("T")

# a question of so many bytes takes the room of about one passage in each of the reader's windows
_BYTES_LIKE_A_PASSAGE = 200


def weight(question: Question) -> int:
    """How many times longer than for a short question it takes to read one passage for ``question``, about.

    A long question stands in every window of the reader, and a passage is cut into more windows beside it.
    """
    return 1 + len(question.text.encode(errors="replace")) // _BYTES_LIKE_A_PASSAGE


def cost(question: Question, default_top_k: int) -> int:
    """The most that answering may take, in passages read for a short question."""
    return max(1, default_top_k if question.top_k is None else question.top_k) * weight(question)


class QueueFull(Exception):
    """What was to be put in would have had the last turn of all, and there is no room for it."""


@dataclass(eq=False, slots=True)
class _Entry(Generic[T]):
    item: T
    client: str
    cost: float
    arrived: float
    """When it came, by the time of the queue."""
    tag: float
    number: int

    def order(self) -> tuple[float, int]:
        return self.tag, self.number


class FairQueue(Generic[T]):
    """Self-clocked fair queueing (Golestani, 1994): clients get equal shares of what is served, measured in cost.

    Every entry has a tag: its cost on top of the last tag of its client, or of the entry that was taken last, whichever
    is larger. The smallest tag is taken first. So between two entries of one client every other client gets about as
    much as that client does, whatever the number of its entries; and what waits is overtaken by so much only, as the
    tags of later entries grow.
    """

    def __init__(self, *, most: int, most_cost: float) -> None:
        self._most = most
        self._most_cost = most_cost
        self._entries: list[_Entry[T]] = []
        self._last_tags: dict[str, float] = {}
        self._now = 0.0
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        """In the order in which they would be taken."""
        return (entry.item for entry in self._entries)

    @property
    def cost(self) -> float:
        """The cost of all entries that wait."""
        return sum(entry.cost for entry in self._entries)

    @property
    def next_cost(self) -> float:
        """The cost of the entry that is taken next; there must be one."""
        return self._entries[0].cost

    def put(self, item: T, client: str, cost: float) -> list[T]:
        """Adds ``item``, and gives those that had to go to make room for it, whose turn would have been later.

        Raises QueueFull. An empty queue takes whatever comes.
        """
        tag = max(self._now, self._last_tags.get(client, 0.0)) + cost
        entry = _Entry(item, client, cost, self._now, tag, next(self._numbers))
        leaving = self._making_room(entry)
        for other in leaving:
            self.remove(other.item)
        insort(self._entries, entry, key=_Entry.order)
        self._last_tags[client] = tag
        return [other.item for other in leaving]

    def take(self) -> T:
        """The next entry; there must be one."""
        entry = self._entries.pop(0)
        self._now = max(self._now, entry.tag)
        # a client whose last entry was taken starts anew, at the time of the queue
        self._last_tags = {client: tag for client, tag in self._last_tags.items() if tag > self._now}
        return entry.item

    def remove(self, item: T) -> None:
        """Takes ``item`` out, if it is there; its client's later entries move up as if it had never come."""
        gone = next((entry for entry in self._entries if entry.item is item), None)
        if gone is None:
            return
        of_client = [entry for entry in self._entries if entry.client == gone.client]
        last_tag = of_client[0].tag - of_client[0].cost
        self._entries.remove(gone)
        of_client.remove(gone)
        for entry in of_client:
            entry.tag = last_tag = max(entry.arrived, last_tag) + entry.cost
        self._entries.sort(key=_Entry.order)
        self._last_tags[gone.client] = last_tag

    def _making_room(self, entry: _Entry[T]) -> list[_Entry[T]]:
        """Who has to leave for ``entry``: the last ones, as many as it takes."""
        count, total = len(self._entries) + 1, self.cost + entry.cost
        later = [other for other in self._entries if other.tag > entry.tag and other.client != entry.client]
        leaving: list[_Entry[T]] = []
        while count > 1 and (count > self._most or total > self._most_cost):
            if not later:
                raise QueueFull
            other = later.pop()
            leaving.append(other)
            count, total = count - 1, total - other.cost
        return leaving
