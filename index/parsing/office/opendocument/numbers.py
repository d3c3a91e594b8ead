"""The numbers of headings and of items of lists in an OpenDocument text, which its program counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lxml import etree

from index.parsing.blocks import Block
from index.parsing.office.marks import MARKER, marked
from index.parsing.office.numerals import OF_OPENDOCUMENT
from index.parsing.office.opendocument.package import HEADING, PARAGRAPH, STYLE, TEXT, number
from index.parsing.office.word.xml import Element

_STYLES, _NAME, _LIST_STYLE = f"{STYLE}style", f"{STYLE}name", f"{STYLE}list-style-name"
_LEVEL, _START, _FORMAT = f"{TEXT}level", f"{TEXT}start-value", f"{STYLE}num-format"
_LIST, _ITEM = f"{TEXT}list", f"{TEXT}list-item"
_ID = "{http://www.w3.org/XML/1998/namespace}id"
# in a cell, behind the number that pandoc has counted
_IN_CELL = re.compile(rf"(?:(?<=\n)|^)(?:\S+ )?{MARKER.pattern}")

Forms = Mapping[int, Element]
"""By its level, how numbers are written."""
Counts = dict[int, int]
"""By its level, the last number."""


def number_headings(root: Element, styles: Element | None) -> None:
    """Writes the numbers of chapters before the headings."""
    forms = {number(form, _LEVEL): form for form in _all(f"{TEXT}outline-level-style", styles)}
    plain = {one.get(_NAME) for one in _all(_STYLES, root, styles) if one.get(_LIST_STYLE) == ""}
    counts: Counts = {}
    for title in root.iter(HEADING):
        level = number(title, f"{TEXT}outline-level")
        is_counted = title.get(f"{TEXT}is-list-header") != "true" and title.get(f"{TEXT}style-name") not in plain
        has_number = level in forms and bool(forms[level].get(_FORMAT))
        if has_number and is_counted and "".join(title.itertext()).strip():
            title.text = f"{_next(forms, counts, level)} {title.text or ''}"


def number_items(root: Element, styles: Element | None) -> None:
    """Writes the numbers of the items of lists before their first paragraphs, between marks for `with_numbers`."""
    forms = {
        style.get(_NAME): {number(form, _LEVEL): form for form in style.iterchildren(f"{TEXT}list-level-style-number")}
        for style in _all(f"{TEXT}list-style", styles, root)
    }
    before: dict[tuple[str, str], Counts] = {}  # of earlier lists, by the name of an attribute and its value
    around: list[tuple[str, Counts]] = []  # of each open list
    for event, element in etree.iterwalk(root, events=("start", "end"), tag=(_LIST, _ITEM)):
        if element.tag == _ITEM:
            first = next(element.iterchildren(), None)
            if event == "start" and around and first is not None and first.tag == PARAGRAPH:
                style, counts = around[-1]
                start = element.get(_START)
                written = _next(forms.get(style, {}), counts, len(around), int(start) if start else None)
                first.text = f"{marked(written)}{first.text or ''}" if written.strip() else first.text
        elif event == "end":
            around.pop()
        else:
            around.append(_begun(element, around, before))


def _begun(
    element: Element, around: list[tuple[str, Counts]], before: dict[tuple[str, str], Counts]
) -> tuple[str, Counts]:
    """The style of a list and the numbers that it goes on from."""
    goes_on = element.get(f"{TEXT}continue-numbering") == "true"
    style = element.get(f"{TEXT}style-name") or (around[-1][0] if around else "")
    if around:
        _, counts = around[-1]
        if not goes_on:
            counts.pop(len(around) + 1, None)
        return style, counts
    named = (_LIST_STYLE, style) if goes_on else (_ID, element.get(f"{TEXT}continue-list", ""))
    counts = before.get(named, {})
    before[_LIST_STYLE, style] = counts
    if name := element.get(_ID):
        before[_ID, name] = counts
    return style, counts


def with_numbers(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks that pandoc gives, with the numbers that `number_items` has written for those that it counts."""
    for block in blocks:
        if block.kind == "table":
            rows = (tuple(replace(cell, text=_IN_CELL.sub(r"\2 ", cell.text)) for cell in row) for row in block.rows)
            yield replace(block, rows=tuple(rows))
        elif found := MARKER.match(block.text):
            yield replace(block, marker=found[2].strip(), text=block.text[found.end() :])
        else:
            yield block


def _next(forms: Forms, counts: Counts, level: int, start: int | None = None) -> str:
    """Counts one more on a level, by default after the last one, and writes its number; empty where it has none."""
    for deeper in [other for other in counts if other > level]:
        del counts[deeper]
    form = forms.get(level)
    first = 1 if form is None else number(form, _START)
    counts[level] = start if start is not None else counts[level] + 1 if level in counts else first
    if form is None or not form.get(_FORMAT):
        return ""
    shown = range(max(1, level - number(form, f"{TEXT}display-levels") + 1), level + 1)
    written = [
        OF_OPENDOCUMENT.get(forms[one].get(_FORMAT), str)(counts.get(one, 1))
        for one in shown
        if one in forms and forms[one].get(_FORMAT)
    ]
    before, after = (form.get(f"{STYLE}num-{side}", "") for side in ("prefix", "suffix"))
    return f"{before}{'.'.join(written)}{after}"


def _all(name: str, *trees: Element | None) -> Iterator[Element]:
    for tree in trees:
        if tree is not None:
            yield from tree.iter(name)
