"""The fields of a Word document: of each its result, or what Word draws from its code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from index.parsing.office.formulas import grouped
from index.parsing.office.word.styles import run_of
from index.parsing.office.word.xml import Element, is_on, number, tag, value
from index.parsing.plain.raised import power, subscript

_RUN, _PROPERTIES = tag("w:r"), tag("w:rPr")
_END, _CODE, _END_TYPE = tag("w:fldChar"), tag("w:instrText"), tag("w:fldCharType")
_TICKED, _NOT_TICKED = "☒", "☐"
_SYMBOL = re.compile(r'\s*SYMBOL\s+(0x[\da-fA-F]{1,6}|\d{1,7})(?:.*?\\f\s*"?([^"\\]+))?', re.DOTALL)
_EQUATION = re.compile(r"\s*EQ\s(.*)", re.DOTALL)
_GENERAL = re.compile(r'\\\*\s*(?:"[^"]*"|[\w:]+)')
# \\f(3,40), \\s\\up8(th): the innermost ones first
_PART = re.compile(r"\\([a-z])((?:\s*\\[a-z]+(?:\s*-?\d+|\\?[^\w\s\\(])?)*)\s*\(([^()\\]*)\)", re.IGNORECASE)
_BRACKETS = str.maketrans("()", "\ue000\ue001")
_AS_BRACKETS = str.maketrans("\ue000\ue001", "()")


@dataclass(slots=True)
class _Field:
    """A field that has begun: what has been read of its code, and whether its result has come."""

    code: list[str] = field(default_factory=list)
    in_code: bool = True
    shows: bool = False


def show_fields(root: Element) -> None:
    """Leaves of each field its result, with what is ticked and chosen in fields of a form.

    Word keeps no result of equations and symbols, which it draws from their codes.
    """
    whole = _whole_fields(root)
    begun: list[_Field] = []
    for run in list(root.iter(_RUN)):
        for part in list(run):
            if part.tag == _END:
                kind = part.get(_END_TYPE)
                if kind == "begin" and part in whole:
                    begun.append(_Field())
                    _show_choice(part, run)
                elif begun and kind == "separate":
                    begun[-1].in_code = False
                elif begun and kind == "end":
                    ended = begun.pop()
                    if not ended.shows:
                        _show_drawn("".join(ended.code), run)
                run.remove(part)
            elif part.tag == _CODE:
                if begun:
                    begun[-1].code.append(part.text or "")
                run.remove(part)
            elif any(one.in_code for one in begun) and part.tag != _PROPERTIES:
                run.remove(part)
            elif begun and part.tag != _PROPERTIES:
                begun[-1].shows = True


def _show_drawn(code: str, run: Element) -> None:
    """Puts before a run what Word draws from the code of a field that has no result."""
    if symbol := _SYMBOL.match(code):
        character, font = int(symbol[1], 0), (symbol[2] or "").strip()
        if character < 0x100 and font.startswith(("Symbol", "Wingdings", "Webdings")):
            drawn = run_of("")
            sign = etree.SubElement(drawn, tag("w:sym"))
            sign.set(tag("w:font"), font)
            sign.set(tag("w:char"), f"F0{character:02X}")
            run.addprevious(drawn)
        elif 0x20 <= character < 0xD800:
            run.addprevious(run_of(chr(character)))
    elif equation := _EQUATION.match(code):
        run.addprevious(run_of(_equation(equation[1])))


def _equation(code: str) -> str:
    r"""The equation of a field as people would type it: ``\f(3,40)`` is "3/40"."""
    code, parts = _GENERAL.sub("", code), 1
    while parts:
        code, parts = _PART.subn(_part, code)
    return " ".join(code.translate(_AS_BRACKETS).split())


def _part(found: re.Match[str]) -> str:
    name, options, inside = found[1].lower(), found[2].lower(), found[3]
    arguments = [argument.strip() for argument in re.split(";" if ";" in inside else ",", inside)]
    first, *others = arguments
    match name:
        case "f" if others:
            text = f"{grouped(first)}/{grouped(others[0])}"
        case "r":
            text = f"{power(first) if others and first else ''}√{grouped(arguments[-1])}"
        case "s" if "up" in options:
            text = power(inside)
        case "s" if "do" in options:
            text = subscript(inside)
        case "b":
            text = f"({inside})"
        case "o" if others and first.startswith("^"):  # small text above other text
            text = f"{others[0]} ({first[1:]})"
        case "o" | "x":
            text = "".join(arguments)
        case "i" if len(arguments) > 2:
            text = f"∫{subscript(first)}{power(others[0])} {others[1]}"
        case "d":
            text = " "
        case _:
            text = ", ".join(arguments)
    return text.translate(_BRACKETS)


def _whole_fields(root: Element) -> set[Element]:
    """The beginnings of the fields that end as well: what only begins would swallow the rest of the text."""
    begun: list[Element] = []
    whole: set[Element] = set()
    for mark in root.iter(_END):
        kind = mark.get(_END_TYPE)
        if kind == "begin":
            begun.append(mark)
        elif kind == "end" and begun:
            whole.add(begun.pop())
    return whole


def _show_choice(field: Element, run: Element) -> None:
    data = field.find(tag("w:ffData"))
    if data is not None and (text := _chosen(data)):
        run.addprevious(run_of(text))


def _chosen(field: Element) -> str:
    """What a field of a form shows that is no text: a tick, or the entry that was chosen of a list."""
    box, entries = field.find(tag("w:checkBox")), field.find(tag("w:ddList"))
    if box is not None:
        ticked = is_on(box, "w:checked")
        ticked = is_on(box, "w:default") if ticked is None else ticked
        return _TICKED if ticked else _NOT_TICKED
    if entries is None:
        return ""
    result = value(entries, "w:result") or value(entries, "w:default")
    choices = [entry.get(tag("w:val"), "") for entry in entries.iterchildren(tag("w:listEntry"))]
    return choices[index] if (index := number(result)) < len(choices) else ""
