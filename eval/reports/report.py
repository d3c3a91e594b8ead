"""A result → one HTML file that needs nothing else: figures, plots, and every question with its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.measures.answers import MEASURES, confidence_and_right, lost
from eval.measures.bootstrap import Figure, figure, mean
from eval.measures.retrieval import SCORES
from eval.reports.plots import Bar, bars, histogram, reliability_plot, risk_coverage_plot, waterfall
from eval.reports.results import Result
from eval.reports.terminal import groups, interval, written
from eval.run import FINE, RIGHT, Outcome
from rag.confidence.probability_measures import reliability_bins, risk_coverage

_TEMPLATE = "report.html.j2"


def save_page(result: Result, path: Path) -> None:
    """Writes the result to ``path`` as one HTML page that needs no other file."""
    path.write_text(page(result), encoding="utf-8")


def page(result: Result) -> str:
    """The whole file. Everything that comes from questions, answers and documents is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(_TEMPLATE).render(
        name=result.name,
        run=result.run,
        figures=_figures(result.figures) if result.outcomes else [],
        arms=_arms(result) if result.searches else [],
        scores=list(SCORES),
        plots=_plots(result) if result.outcomes else [],
        outcomes=result.outcomes,
        searches=result.searches,
        fine=FINE,
        source=_source,
    )


def _figures(figures: Mapping[str, Figure]) -> list[tuple[str, str, str, int]]:
    return [
        (m.label, written(f.value, m.unit), interval(f, m.unit), f.over)
        for m in MEASURES
        if (f := figures[m.name]).over
    ]


def _arms(result: Result) -> list[tuple[str, list[tuple[str, str]]]]:
    rows = []
    for arm in result.searches[0].scores:
        figures = [result.figures[f"{arm}.{name}"] for name in SCORES]
        rows.append((arm, [(written(f.value, "share"), interval(f, "share")) for f in figures]))
    return rows


def _plots(result: Result) -> list[tuple[str, str, Markup]]:
    """(title, what it shows, plot)."""
    confidence, right = confidence_and_right(result.outcomes)
    counts = lost(result.outcomes)
    plots = []
    if total := sum(counts.values()):
        losses = [(verdict, count) for verdict, count in counts.items() if verdict != RIGHT]
        plots.append(
            (
                "Where answers were lost",
                "Of the questions that have an answer: what to mend first.",
                waterfall(losses, total),
            )
        )
    plots += [
        (
            "Reliability",
            "On the dotted line, confidence means what it says; the larger the dot, the more answers.",
            reliability_plot(reliability_bins(confidence, right)),
        ),
        (
            "Risk and coverage",
            "How much is wrong of what is answered, if only the most confident share is answered.",
            risk_coverage_plot(*risk_coverage(confidence, right)),
        ),
        (
            "Latency",
            "Milliseconds for a whole question; the slowest hundredth is in the last column.",
            _latency(result),
        ),
    ]
    for grouping, by_name in groups(result.outcomes).items():
        plots.append(
            (f"By {grouping}", "Fine: answered rightly, or rightly abstained; in %.", _by_group(grouping, by_name))
        )
    return plots


def _latency(result: Result) -> Markup:
    total = np.array([o.timings.total for o in result.outcomes])
    marks = [(name, result.figures[f"total_{name}"].value) for name in ("p50", "p95")]
    return histogram(total, marks, unit="ms")


def _by_group(grouping: str, by_name: Mapping[str, Sequence[Outcome]]) -> Markup:
    rows = []
    for name, members in by_name.items():
        fine = np.array([float(o.verdict in FINE) for o in members])
        share = figure(mean(fine))
        rows.append(Bar(name, share.value, share.low, share.high, f"of {len(members)}"))
    return bars(f"By {grouping}", rows)


def _source(outcome: Outcome) -> tuple[str, str, str]:
    """The sentence before, in and after the answer."""
    start = outcome.start - outcome.sentence_start
    end = start + len(outcome.answer)
    return outcome.sentence[:start], outcome.sentence[start:end], outcome.sentence[end:]
