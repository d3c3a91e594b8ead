"""How the vectors are searched, by how many there are. The measured thresholds stand here and nowhere else.

Exact search looks at every vector, so its time grows with their number. Beyond some size the vectors are grouped into
lists around centres (an inverted file: Jégou et al., 2011), and a search looks only into the lists whose centres are
nearest, so that its time grows as the root of their number; where memory needs it, each number of a vector is kept in
one byte instead of four. `sourcespan eval scale` printed, on one core of an AMD EPYC with AVX512, in processor time:

    passages   kind     recall@10  p95 ms  build s  bytes each  resident MB
    100,000    flat         1.000     6.5      0.4       1,544          222
               ivf          0.991     1.6      0.7       1,549          327
               ivf-sq8      0.980     1.0      0.8         397          138
    250,000    flat         1.000    25.8      0.8       1,544          442
               ivf          0.995     3.2      2.3       1,547          659
               ivf-sq8      0.982     1.9      2.5         395          260
    1,000,000  flat         1.000    77.2      2.5       1,544        1,638
               ivf          0.999     6.1     13.6       1,546        2,029
               ivf-sq8      0.984     2.9     13.8         394          585

A graph (HNSW: Malkov and Yashunin, 2020) was measured too, until commit f11366e: at 250,000 it answers in half the time
of lists of bytes, but takes 17 times as long to build and 4.6 times the bytes, finds less, and cannot remove a vector.
So it is not offered: a millisecond is little beside the reader's tens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from index.errors import CatalogueUnusable

Kind = Literal["flat", "ivf", "ivf-sq8"]
Choice = Literal["auto", "flat", "ivf", "ivf-sq8"]


@dataclass(frozen=True, slots=True)
class VectorPlan:
    """One way to search vectors, with its numbers, as the manifest beside a snapshot records it."""

    kind: Kind | Literal["hnsw"]
    """The last is PostgreSQL's alone."""
    made_for: int
    """How many vectors it was planned for."""
    lists: int = 1
    probes: int = 1
    """How many of the lists a search looks into."""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> VectorPlan:
        """The plan that a snapshot's manifest holds. Raises CatalogueUnusable."""
        try:
            plan = cls(fields["kind"], int(fields["made_for"]), int(fields["lists"]), int(fields["probes"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueUnusable(f"the manifest does not say how the vectors are searched: {error!r}") from error
        if plan.kind not in get_args(Kind):
            raise CatalogueUnusable(f"the manifest names an unknown kind of vector index: {plan.kind!r}")
        return plan


@dataclass(frozen=True, slots=True)
class VectorRule:
    """Which way to search how many vectors."""

    choice: Choice = "auto"
    exact_up_to: int = 100_000
    """``auto``: there, exact search of 384 dimensions takes 6 to 11 ms of one core, and grows in proportion."""
    full_precision_up_to: int = 250_000
    """``auto``: beyond, four bytes a number would take more than about 400 MB."""
    probes: int = 64
    """Of as many lists as the square root of the number of vectors, so that a search grows as that root.

    With noise twice as strong in the benchmark, 250,000 vectors of a byte a number have a recall@10 of 0.954 at 32 of
    them, 0.971 at 64.
    """
    train_from: int = 1_000
    """Fewer vectors are searched exactly, whatever was chosen: centres cannot be learnt from them."""
    regrow: float = 4.0
    """With so many times the vectors it was planned for, or so many times fewer, an index is planned anew."""

    def plan(self, count: int) -> VectorPlan:
        """The way to search ``count`` vectors."""
        kind = self._kind(count)
        if kind == "flat":
            return VectorPlan("flat", count)
        lists = round(math.sqrt(count))
        return VectorPlan(kind, count, lists, probes=min(lists, self.probes))

    def still_fits(self, plan: VectorPlan, count: int) -> bool:
        """Whether an index made by ``plan`` should go on with ``count`` vectors."""
        kind = self._kind(count)
        if plan.kind == "flat" or kind == "flat":
            # half the size at which it was left behind, so that it does not go to and fro
            return plan.kind == kind or (kind == "flat" and self._kind(2 * count) == plan.kind)
        return kind == plan.kind and plan.made_for / self.regrow <= count <= plan.made_for * self.regrow

    def _kind(self, count: int) -> Kind:
        if count < self.train_from:
            return "flat"
        if self.choice != "auto":
            return self.choice
        if count <= self.exact_up_to:
            return "flat"
        return "ivf" if count <= self.full_precision_up_to else "ivf-sq8"
