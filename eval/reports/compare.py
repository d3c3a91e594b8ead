"""Is one run better than another? Of the same questions, so that their difficulty cancels out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text
from scipy.stats import binomtest

from eval.errors import NotComparable
from eval.measures.bootstrap import Figure, figure, mean
from eval.run import FINE
from index.upkeep.terminal import Console

Row = Mapping[str, Any]

_MAIN: dict[str, tuple[str, Callable[[Row], float]]] = {
    "answers": ("F1 over all questions", lambda row: float(row["f1_given"])),
    "retrieval": ("nDCG@10, fused", lambda row: float(row["scores"]["fused.ndcg_10"])),
}
_FINE: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "answers": ("fine: right, or rightly abstained", lambda row: row["verdict"] in FINE),
    "retrieval": ("the relevant one comes first", lambda row: row["scores"]["fused.recall_1"] > 0),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, question by question. Differences are after minus before."""

    measure: str
    before: float
    after: float
    difference: Figure
    """Of the means, by the paired bootstrap."""
    fine: str
    won: tuple[tuple[Row, Row], ...]
    """Fine after and not before."""
    lost: tuple[tuple[Row, Row], ...]
    p_value: float
    """McNemar's exact test of won against lost (McNemar, 1947)."""
    unpaired: int
    """Questions that only one of them has."""
    same: int
    """How many questions have the same answer, or the same scores, in both."""

    @property
    def verdict(self) -> str:
        """In words, whether the second run is better, worse, or not to be told apart."""
        change = f"{self.measure} {100 * self.before:.1f} → {100 * self.after:.1f}"
        low, high = 100 * self.difference.low, 100 * self.difference.high
        interval = f"{100 * self.difference.value:+.1f}, 95% interval {low:+.1f} to {high:+.1f}"
        if low > 0 or high < 0:
            word = "better" if low > 0 else "worse"
            return f"The second is {word}: {change} ({interval})."
        return f"No difference can be told with {self.difference.over} questions: {change} ({interval})."


def compare_results(before: Row, after: Row) -> Comparison:
    """Compares what both have. Raises NotComparable."""
    if before["task"] != after["task"]:
        raise NotComparable(f"one is of {before['task']}, the other of {after['task']}")
    task = str(before["task"])
    old, new = ({str(row["id"]): row for row in result["questions"]} for result in (before, after))
    pairs = [(old[key], new[key]) for key in old if key in new]
    if not pairs:
        raise NotComparable("they have no question in common")
    if changed := next((a["id"] for a, b in pairs if _asked(a) != _asked(b)), None):
        raise NotComparable(f"question {changed} is not the same in both, or other answers are accepted")
    (measure, score), (fine, is_fine) = _MAIN[task], _FINE[task]
    scores = np.array([(score(a), score(b)) for a, b in pairs])
    gained = scores[:, 1] - scores[:, 0]
    won = tuple((a, b) for a, b in pairs if is_fine(b) and not is_fine(a))
    lost = tuple((a, b) for a, b in pairs if is_fine(a) and not is_fine(b))
    return Comparison(
        measure=measure,
        before=float(scores[:, 0].mean()),
        after=float(scores[:, 1].mean()),
        difference=figure(mean(gained)),
        fine=fine,
        won=won,
        lost=lost,
        # McNemar's exact test: each question that changed was as likely won as lost
        p_value=float(binomtest(len(won), len(won) + len(lost)).pvalue) if won or lost else 1.0,
        unpaired=len(old.keys() ^ new.keys()),
        same=sum(_outcome(a) == _outcome(b) for a, b in pairs),
    )


def show_comparison(comparison: Comparison, before: str, after: str, per_question: bool) -> None:
    """Prints the comparison of two runs, the verdict last."""
    console = Console()
    if per_question:
        for title, pairs in (("Won", comparison.won), ("Lost", comparison.lost)):
            if pairs:
                console.print(_table(title, pairs, before, after))
    if comparison.unpaired:
        console.print(f"{comparison.unpaired} questions stand in only one of the two and are left out.")
    console.print(f"{comparison.same:,} of {comparison.difference.over:,} questions have the same outcome in both.")
    console.print(
        f"{comparison.fine}: {len(comparison.won)} won, {len(comparison.lost)} lost "
        f"(McNemar's exact test: p = {comparison.p_value:.2g}).",
        soft_wrap=True,
    )
    console.print(comparison.verdict, style="bold", soft_wrap=True)


def _asked(row: Row) -> tuple[str, Sequence[str]]:
    return row["question"], row.get("accepted", ())


def _outcome(row: Row) -> tuple[object, ...]:
    return (row["said"], row["abstained"], row["source"], row["start"]) if "verdict" in row else (row["scores"],)


def _table(title: str, pairs: Sequence[tuple[Row, Row]], before: str, after: str) -> Table:
    table = Table("", "question", before, after, title=f"{title} ({len(pairs)})", title_justify="left")
    for old, new in pairs:
        table.add_row(*(Text(cell) for cell in (old["id"], old["question"], _said(old), _said(new))))
    return table


def _said(row: Row) -> str:
    if "verdict" not in row:
        return str(row["scores"]["fused.ndcg_10"])
    return f"{row['said'] or '–'} ({row['verdict']})"
