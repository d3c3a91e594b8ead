"""How the vectors are searched, by how many there are. The measured thresholds stand here and nowhere else.

Exact search looks at every vector, so its time grows with their number. Beyond some size the vectors are grouped into
lists around centres (an inverted file: Jégou et al., 2011), and a search looks only into the lists whose centres are
nearest; where memory needs it, each number of a vector is kept in one byte instead of four. Graphs (HNSW) answer
faster still, but cannot forget a vector, take longer to build and more memory, and a search is a few milliseconds
beside the reader's tens: `sourcespan eval scale` prints the figures behind this.
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

    kind: Kind
    made_for: int
    """How many vectors it was planned for."""
    lists: int = 1
    probes: int = 1
    """How many of the lists a search looks into."""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> VectorPlan:
        """From a manifest. Raises CatalogueUnusable."""
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
    """``auto``: there, exact search of 384 dimensions takes 8 to 9 ms of one core, and grows in proportion."""
    full_precision_up_to: int = 250_000
    """``auto``: beyond, four bytes a number would take more than about 400 MB."""
    probes: int = 64
    """Of as many lists as the square root of the number of vectors, so that a search grows as that root."""
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
