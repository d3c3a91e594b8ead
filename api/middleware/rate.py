"""How much a client may ask for in a minute: a token bucket each, filled with calls."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from index.errors import RateLimited

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
        return self._take(client, 1, least=1)

    def wait_for_more(self, client: str, calls: float) -> float:
        """Counts what a call that was let in costs beyond one, and gives 0; or gives the seconds to wait.

        It may cost more than is left, so that no limit is too low for a costly call: then later calls wait for longer.
        While a client has less than nothing left, it gets nothing more.
        """
        return self._take(client, calls, least=0)

    def _take(self, client: str, calls: float, *, least: float) -> float:
        if self._capacity == 0:
            return 0.0
        now = self._clock()
        left, since = self._buckets.pop(client, (self._capacity, now))
        left = min(self._capacity, left + (now - since) * self._per_second)
        allowed = left >= least
        self._buckets[client] = (left - calls if allowed else left, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_second


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request is being answered: by key or, without one, by address."""

    client: str
    limit: RateLimit

    def charge(self, calls: float) -> None:
        """Counts what a request costs beyond one call. Raises RateLimited."""
        wait = self.limit.wait_for_more(self.client, calls) if calls > 0 else 0.0
        if wait:
            raise RateLimited(math.ceil(wait))


caller: ContextVar[Caller] = ContextVar("caller", default=Caller("", RateLimit(0)))  # noqa: B039
"""Set by the gate for everything that a request does."""
