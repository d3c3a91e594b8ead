"""How many calls a client may make: a token bucket each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_CLIENTS = 10_000


class RateLimit:
    """Allows each client ``per_minute`` calls at once, and as many more every minute; 0 allows all."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        # client → (calls left, when that was so); who called last stands last
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Counts a call and gives 0; or gives the seconds until the next one is allowed."""
        if self._capacity == 0:
            return 0.0
        now = self._clock()
        left, since = self._buckets.pop(client, (self._capacity, now))
        left = min(self._capacity, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._buckets[client] = (left - allowed, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_second
