"""Results → tables in the terminal."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from eval.measures.answers import MEASURES, Unit, lost
from eval.measures.bootstrap import Figure
from eval.measures.retrieval import SCORES
from eval.reports.results import Result
from eval.run import FINE, Outcome
from index.upkeep.terminal import Console

NO_TRAP = "no trap"
GROUPINGS: dict[str, Callable[[Outcome], str]] = {
    "kind": lambda o: o.question.kind if o.question.accepted else "",
    "difficulty": lambda o: o.question.difficulty if o.question.accepted else "",
    "absence": lambda o: f"no answer, {o.question.absence}" if o.question.absence else "",
    "trap": lambda o: f"trap: {o.question.trap}" if o.question.trap else NO_TRAP,
}


def show(result: Result, *, per_question: bool) -> None:
    """Prints the figures, the groups, where answers were lost, and the questions that went wrong (or all)."""
    console = Console()
    if result.searches:
        console.print(_arms(result))
        return
    outcomes = result.outcomes
    console.print(_figures(result))
    if grouped := groups(outcomes):
        console.print(_groups(grouped))
    console.print(_lost(outcomes))
    if shown := [o for o in outcomes if per_question or o.verdict not in FINE]:
        console.print(_questions(shown))
    counts = Counter(outcome.verdict for outcome in outcomes)
    console.print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))


def groups(outcomes: Sequence[Outcome]) -> dict[str, dict[str, list[Outcome]]]:
    """The questions of each grouping's groups, those without a label left out; no traps are none to group by."""
    grouped: dict[str, dict[str, list[Outcome]]] = {}
    for grouping, key in GROUPINGS.items():
        members: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            if name := key(outcome):
                members[name].append(outcome)
        if members and set(members) != {NO_TRAP}:
            grouped[grouping] = dict(sorted(members.items()))
    return grouped


def written(value: float, unit: Unit) -> str:
    """A figure as it is shown: shares of 100, times in milliseconds."""
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1f}" if unit == "share" else f"{value:.3f}" if unit == "number" else f"{value:.1f} ms"


def _figures(result: Result) -> Table:
    answerable = sum(bool(o.question.accepted) for o in result.outcomes)
    table = Table("", "", "95% interval", "over", title=f"{result.name}, {result.run['by']}", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    unanswerable = len(result.outcomes) - answerable
    table.add_row(f"questions (answerable {answerable}, not {unanswerable})", str(len(result.outcomes)), "", "")
    for measure in MEASURES:
        figure = result.figures[measure.name]
        if figure.over:
            table.add_row(
                measure.label, written(figure.value, measure.unit), interval(figure, measure.unit), str(figure.over)
            )
    return table


def interval(figure: Figure, unit: Unit) -> str:
    """A figure's confidence interval, from the lower to the upper end."""
    return f"{written(figure.low, unit)} – {written(figure.high, unit)}"


def _groups(grouped: Mapping[str, Mapping[str, Sequence[Outcome]]]) -> Table:
    table = Table("group", "questions", "EM", "F1", "abstention accuracy", title="By group", title_justify="left")
    for members_of in grouped.values():
        for name, members in members_of.items():
            has = [o for o in members if o.question.accepted]
            scores = [_percent([o.exact for o in has]), _percent([o.f1 for o in has])] if has else ["", ""]
            decided = [o.abstained != bool(o.question.accepted) for o in members]
            table.add_row(name, str(len(members)), *scores, _percent(decided))
        table.add_section()
    return table


def _lost(outcomes: Sequence[Outcome]) -> Table:
    table = Table("", "questions", "%", title="Of the questions that have an answer", title_justify="left")
    counts = lost(outcomes)
    for verdict, count in counts.items():
        table.add_row(verdict, str(count), _percent([1.0] * count + [0.0] * (sum(counts.values()) - count)))
    return table


def _questions(outcomes: Sequence[Outcome]) -> Table:
    table = Table("", "question", "accepted", "said", "conf.", "F1", "verdict", title="Questions", title_justify="left")
    for o in outcomes:
        accepted = o.question.accepted[0] if o.question.accepted else "–"
        cells = (
            o.question.id,
            o.question.question,
            accepted,
            o.answer,
            f"{o.confidence:.2f}",
            f"{o.f1:.2f}",
            o.verdict,
        )
        table.add_row(*map(Text, cells))  # not markup: a question may hold brackets
    return table


def _arms(result: Result) -> Table:
    by = " + ".join(str(result.run[name]) for name in ("by", "reranker") if name in result.run)
    table = Table("", *SCORES, title=f"{result.name}, {by}", title_justify="left")
    for arm in result.searches[0].scores:
        table.add_row(arm, *(_with_interval(result.figures, f"{arm}.{name}") for name in SCORES))
    adds = _with_interval(result.figures, "fused_over_better_arm.ndcg_10")
    table.caption = f"{len(result.searches)} queries. Fusing adds {adds} to the better arm's nDCG@10."
    if (name := "reranked_over_fused.ndcg_10") in result.figures:
        table.caption += f" Reranking adds {_with_interval(result.figures, name)} to that."
    return table


def _with_interval(figures: Mapping[str, Figure], name: str) -> str:
    figure = figures[name]
    return f"{written(figure.value, 'share')} ({interval(figure, 'share')})"


def _percent(values: Sequence[float]) -> str:
    return f"{100 * float(np.mean(values)):.1f}" if len(values) else "–"
