"""Figures → SVG inside a page: nothing is fetched, every text is escaped, colours are the page's classes.

Not by matplotlib: its SVG would have to be mended for this page (ids that repeat, links and styles that reach all of
it, colours that stay in the dark, no titles to hover over). It warns of scripts that its font lacks and takes 75 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from markupsafe import Markup

from rag.confidence.probability_measures import Bin, Values

_WIDTH, _HEIGHT = 440, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 44


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, 0 to 1, with its interval and what stands behind it."""

    label: str
    value: float
    low: float
    high: float
    note: str


def reliability_plot(bins: Sequence[Bin]) -> Markup:
    """Share right against confidence: on the diagonal, confidence means what it says."""
    plot = _Plot("Reliability: share of right answers by confidence", "confidence", "share right")
    plot.ticks(("x", "y"), [0, 0.25, 0.5, 0.75, 1], 1.0)
    plot.line([(0, 0), (1, 1)], "guide")
    most = max(b.answers for b in bins)
    for b in bins:
        plot.dot(b.confidence, b.right, 3 + 9 * (b.answers / most) ** 0.5, f"{b.answers} answers")
    plot.line([(b.confidence, b.right) for b in bins], "curve")
    return plot.markup()


def risk_coverage_plot(coverage: Values, risk: Values) -> Markup:
    """Share wrong of those answered, as the threshold falls and more is answered."""
    plot = _Plot("Risk–coverage: share of wrong answers by share answered", "share answered", "share wrong")
    plot.ticks(("x", "y"), [0, 0.25, 0.5, 0.75, 1], 1.0)
    # a page needs no more points than it has pixels
    kept = np.unique(np.linspace(0, len(coverage) - 1, min(len(coverage), _WIDTH)).astype(int))
    plot.line([(float(coverage[point]), float(risk[point])) for point in kept], "curve")
    return plot.markup()


def waterfall(steps: Sequence[tuple[str, int]], total: int) -> Markup:
    """From all the questions that have an answer, step by step, to those that were answered rightly."""
    rows = [("have an answer", 0, total, "whole")]
    left = total
    for label, count in steps:
        rows.append((label, left - count, left, "loss"))
        left -= count
    rows.append(("right", 0, left, "whole"))
    svg = _svg("Where answers were lost", _WIDTH, 34 * len(rows) + 8)
    scale = (_WIDTH - 200) / max(total, 1)
    for row, (label, start, end, kind) in enumerate(rows):
        y = 8 + 34 * row
        _text(svg, 140, y + 16, label, "end")
        _rectangle(svg, 150 + start * scale, y, (end - start) * scale, 22, kind)
        _text(svg, 156 + end * scale, y + 16, f"{end - start}", "start")
    return _markup(svg)


def histogram(values: Values, marks: Sequence[tuple[str, float]], *, unit: str) -> Markup:
    """How often which value came; ``marks`` are named values."""
    plot = _Plot("How long questions took", unit, "questions")
    top = max(float(np.percentile(values, 99)) * 1.05, marks[-1][1] * 1.05, 1e-9)
    counts, edges = np.histogram(np.minimum(values, top), bins=24, range=(0, top))
    most = max(int(counts.max()), 1)
    for count, start, end in zip(counts, edges[:-1], edges[1:], strict=True):
        plot.column(start / top, end / top, count / most, f"{start:.0f} to {end:.0f} {unit}: {count}")
    plot.ticks(("x",), list(np.linspace(0, top, 5)), top)
    plot.ticks(("y",), [0, most], most)
    for label, value in marks:
        plot.line([(value / top, 0), (value / top, 1)], "guide")
        plot.note(value / top, 0.96, label)
    return plot.markup()


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """One bar each, with its interval as a thin line."""
    svg = _svg(title, _WIDTH, 26 * len(rows) + 8)
    scale = _WIDTH - 240
    for row, bar in enumerate(rows):
        y = 8 + 26 * row
        _text(svg, 150, y + 13, bar.label, "end")
        _rectangle(svg, 156, y, bar.value * scale, 18, "whole")
        _line(svg, [(156 + bar.low * scale, y + 9), (156 + bar.high * scale, y + 9)], "range")
        _text(svg, 162 + scale, y + 13, f"{100 * bar.value:.0f}  {bar.note}", "start")
    return _markup(svg)


class _Plot:
    """Two axes. What is drawn is placed by shares of them, 0 to 1."""

    def __init__(self, title: str, x_label: str, y_label: str) -> None:
        self._svg = _svg(title, _WIDTH, _HEIGHT)
        _line(self._svg, [self._at(0, 1), self._at(0, 0), self._at(1, 0)], "axis")
        _text(self._svg, (_LEFT + _WIDTH) / 2, _HEIGHT - 6, x_label, "middle")
        label = _text(self._svg, 0, 0, y_label, "middle")
        label.set("transform", f"translate(12 {(_HEIGHT - _BOTTOM + _TOP) / 2:.1f}) rotate(-90)")

    def ticks(self, axes: Sequence[str], values: Sequence[float], whole: float) -> None:
        for value in values:
            shown = f"{value:g}" if whole <= 1 else f"{value:.0f}"
            if "x" in axes:
                x, y = self._at(value / whole, 0)
                _text(self._svg, x, y + 16, shown, "middle")
            if "y" in axes:
                x, y = self._at(0, value / whole)
                _text(self._svg, x - 6, y + 4, shown, "end")

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        _line(self._svg, [self._at(x, y) for x, y in points], kind)

    def dot(self, x: float, y: float, radius: float, note: str) -> None:
        cx, cy = self._at(x, y)
        dot = _add(self._svg, "circle", cx=cx, cy=cy, r=radius)
        dot.set("class", "dot")
        ElementTree.SubElement(dot, "title").text = note

    def column(self, left: float, right: float, height: float, note: str) -> None:
        (x, y), (end, bottom) = self._at(left, height), self._at(right, 0)
        column = _rectangle(self._svg, x, y, end - x - 1, bottom - y, "whole")
        ElementTree.SubElement(column, "title").text = note

    def note(self, x: float, y: float, text: str) -> None:
        px, py = self._at(x, y)
        _text(self._svg, px + 4, py, text, "start")

    def markup(self) -> Markup:
        return _markup(self._svg)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return _LEFT + x * (_WIDTH - _LEFT - _RIGHT), _TOP + (1 - y) * (_HEIGHT - _TOP - _BOTTOM)


def _svg(title: str, width: int, height: int) -> ElementTree.Element:
    svg = ElementTree.Element("svg", {"viewBox": f"0 0 {width} {height}", "role": "img", "width": str(width)})
    ElementTree.SubElement(svg, "title").text = title
    return svg


def _add(svg: ElementTree.Element, tag: str, **numbers: float) -> ElementTree.Element:
    return ElementTree.SubElement(svg, tag, {name: f"{number:.1f}" for name, number in numbers.items()})


def _rectangle(
    svg: ElementTree.Element, x: float, y: float, width: float, height: float, kind: str
) -> ElementTree.Element:
    rectangle = _add(svg, "rect", x=x, y=y, width=max(width, 0), height=max(height, 0))
    rectangle.set("class", kind)
    return rectangle


def _text(svg: ElementTree.Element, x: float, y: float, text: str, anchor: str) -> ElementTree.Element:
    element = _add(svg, "text", x=x, y=y)
    element.set("text-anchor", anchor)
    element.text = text
    return element


def _line(svg: ElementTree.Element, points: Sequence[tuple[float, float]], kind: str) -> None:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ElementTree.SubElement(svg, "polyline", {"points": path, "class": kind})


def _markup(svg: ElementTree.Element) -> Markup:
    return Markup(ElementTree.tostring(svg, encoding="unicode"))  # noqa: S704 (ElementTree has escaped every text)
