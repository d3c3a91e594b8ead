"""A round of a load test: many clients ask a server at once, every answer checked against the stored text."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx
import numpy as np

from eval.benchmarks.load.clients import REFUSED, Clients, Seen

_NOT_A_NUMBER = float("nan")
# the most that a client may want, see docs/openapi.json
_GREEDY = {"top_k": 50, "n_best": 20}


@dataclass(slots=True)
class Tally:
    """One round: how many clients for how long, and what they saw."""

    clients: int
    seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)
    of_greedy: Seen = field(default_factory=Seen)

    @property
    def statuses(self) -> Counter[int]:
        """How many requests had which HTTP status, those of greedy clients too."""
        return self.seen.statuses + self.of_greedy.statuses

    @property
    def errors(self) -> int:
        """Responses that are neither a success nor the intended refusal."""
        statuses = self.statuses
        return sum(count for status, count in statuses.items() if status != REFUSED and not 200 <= status < 300)

    @property
    def questions_per_second(self) -> float:
        """How many questions were answered in a second of the round."""
        return len(self.seen.latencies) / self.seconds

    def memory_mb(self) -> tuple[float, float, float]:
        """The server's memory in MB at the start, in the round's second fifth, when it is warm, and in its last.

        The latter two are medians: while it reads, a model holds some ten MB more than between two questions.
        """
        looks = np.array(self.seen.memory or [_NOT_A_NUMBER]) / 1e6
        fifth = max(1, len(looks) // 5)
        warm = looks[fifth : 2 * fifth] if len(looks) > fifth else looks
        return float(looks[0]), float(np.median(warm)), float(np.median(looks[-fifth:]))

    def as_dict(self) -> dict[str, Any]:
        """The round as JSON holds it; latencies in milliseconds."""
        seen = self.seen
        asked = np.array(seen.latencies or [_NOT_A_NUMBER]) * 1e3
        p50, p95, p99 = (round(float(ms), 1) for ms in np.percentile(asked, [50, 95, 99]))
        start, warm, end = self.memory_mb()
        return {
            "clients": self.clients,
            "seconds": round(self.seconds, 1),
            "answered": len(seen.latencies),
            "questions_per_second": round(self.questions_per_second, 2),
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
            "refused_503": seen.statuses[REFUSED],
            "error_rate": round(self.errors / max(1, self.statuses.total()), 4),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "answers_checked": seen.answers_checked,
            "not_checked": seen.not_checked,
            "not_exact": seen.not_exact,
            "greedy_answered": len(self.of_greedy.latencies),
            "memory_start_mb": round(start, 1),
            "memory_warm_mb": round(warm, 1),
            "memory_end_mb": round(end, 1),
            "memory_growth_mb": round(end - warm, 1),
        }


async def run_round(
    url: str,
    questions: list[str],
    *,
    clients: int,
    seconds: float,
    mixed: bool,
    greedy: int = 0,
    key: str | None = None,
) -> Tally:
    """``clients`` ask for so long, one question after the other each; ``mixed``: one more changes the documents.

    So many ``greedy`` ones beside them want the most that may be wanted, which the tally keeps apart.
    """
    tally = Tally(clients)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Limits(max_connections=clients + greedy + 3)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits) as http:
        began = perf_counter()
        they = Clients(http, began + seconds, tally.seen)
        # each client begins at another question
        asking = [they.ask(questions[n % len(questions) :] + questions[: n % len(questions)]) for n in range(clients)]
        changing = [they.change()] if mixed else []
        wanting = Clients(http, began + seconds, tally.of_greedy)
        asking += [wanting.ask(questions[n % len(questions) :] + questions[:n], **_GREEDY) for n in range(greedy)]
        await asyncio.gather(they.look_at_memory(), *asking, *changing)
        tally.seconds = perf_counter() - began
    return tally


async def fill(url: str, key: str | None) -> None:
    """Stores more passages at a server than anybody may ask for; ``key`` is the API key, if it wants one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        await Clients(http, 0.0, Seen()).fill()
