"""Measures and outcomes → a terminal table or plain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from eval.metrics import Measures, measure
from eval.run import Outcome

_FINE = {"right", "rightly abstained"}


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """One question's row as plain values."""
    question = outcome.question
    return {
        "id": question.id,
        "question": question.question,
        "kind": question.kind,
        "difficulty": question.difficulty,
        "absence": question.absence,
        "accepted": list(question.accepted),
        "said": outcome.said,
        "confidence": round(outcome.confidence, 4),
        "abstained": outcome.abstained,
        "retrieved": outcome.retrieved,
        "exact": outcome.exact,
        "f1": round(outcome.f1, 4),
        "verdict": outcome.verdict,
        "total_ms": round(outcome.timings.total, 2),
    }


def show(outcomes: Sequence[Outcome], measures: Measures, *, title: str, per_question: bool) -> None:
    """Prints the figures, the groups, and the questions that went wrong (or all of them)."""
    console = Console(highlight=False)
    console.print(_figures(measures, title))
    console.print(_groups(outcomes))
    console.print(_questions(outcomes if per_question else [o for o in outcomes if o.verdict not in _FINE]))
    counts = Counter(outcome.verdict for outcome in outcomes)
    console.print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))


def _figures(m: Measures, title: str) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in (
        (f"questions (answerable {m.answerable}, not {m.questions - m.answerable})", f"{m.questions}"),
        ("passage recall: an accepted answer stands in what was read", _percent(m.passage_recall)),
        ("exact match, answerable, best span", _percent(m.exact_match)),
        ("F1, answerable, best span", _percent(m.f1)),
        ("F1, answerable, withheld counts 0", _percent(m.f1_given)),
        ("F1, all questions, as SQuAD 2.0", _percent(m.f1_all)),
        ("  if it abstained below the best margin", _percent(m.f1_all_best_margin)),
        ("  if it abstained below the best confidence", _percent(m.f1_all_best_confidence)),
        ("abstention accuracy", _percent(m.abstention_accuracy)),
        ("  answered, of the answerable", _percent(m.answered_answerable)),
        ("  abstained, of the others", _percent(m.abstained_unanswerable)),
        ("expected calibration error", f"{m.calibration_error:.3f}"),
        ("AUROC of confidence", f"{m.auroc:.3f}"),
        ("latency p50 / p95", f"{m.latency_p50:.0f} / {m.latency_p95:.0f} ms"),
        ("  embed / retrieve / read, p50", f"{m.embed_p50:.0f} / {m.retrieve_p50:.1f} / {m.read_p50:.0f} ms"),
    ):
        table.add_row(name, value)
    return table


def _groups(outcomes: Sequence[Outcome]) -> Table:
    table = Table("group", "questions", "EM", "F1", "abstention accuracy", title="By group", title_justify="left")
    keys: tuple[Callable[[Outcome], str], ...] = (
        lambda o: o.question.kind if o.question.accepted else "",
        lambda o: o.question.difficulty if o.question.accepted else "",
        lambda o: f"no answer, {o.question.absence}" if o.question.absence else "",
    )
    for key in keys:
        groups: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            groups[key(outcome)].append(outcome)
        for name, members in sorted(groups.items()):
            if name:
                m = measure(members)
                scores = (_percent(m.exact_match), _percent(m.f1)) if m.answerable else ("", "")
                table.add_row(name, str(len(members)), *scores, _percent(m.abstention_accuracy))
        table.add_section()
    return table


def _questions(outcomes: Sequence[Outcome]) -> Table:
    table = Table("", "question", "accepted", "said", "conf.", "F1", "verdict", title="Questions", title_justify="left")
    for o in outcomes:
        accepted = o.question.accepted[0] if o.question.accepted else "–"
        table.add_row(
            o.question.id, o.question.question, accepted, o.said, f"{o.confidence:.2f}", f"{o.f1:.2f}", o.verdict
        )
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
