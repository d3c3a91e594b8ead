"""What was computed last, kept for when it is asked for again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """The values that were asked for last, ``most`` of them, or as many as weigh so much. Any thread may ask."""

    def __init__(self, most: int, weight: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        self._weight = weight
        self._held = 0
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, keys: Iterable[K]) -> dict[K, V]:
        """The values that are kept of these keys, each now the last that was asked for."""
        with self._lock:
            here = [key for key in keys if key in self._values]
            for key in here:
                self._values.move_to_end(key)
            return {key: self._values[key] for key in here}

    def keep(self, values: Mapping[K, V]) -> None:
        """Instead of the oldest, where there is no room."""
        with self._lock:
            for key in self._values.keys() & values.keys():
                self._held -= self._weight(self._values[key])
            self._values.update(values)
            self._held += sum(map(self._weight, values.values()))
            while self._held > self._most:
                self._held -= self._weight(self._values.popitem(last=False)[1])
