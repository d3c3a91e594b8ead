"""What the styles of a Word document make of paragraphs and characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lxml import etree

from index.parsing.office.pandoc import CAPTION_STYLE, MARKER_STYLE, NOTE_STYLE
from index.parsing.office.word.xml import NAMESPACE, Element, is_on, number, serialised, tag, value

CODE_STYLE = "Source Code"
LEVELS = 10
"""Of headings and lists, from 0."""
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_LOOKS = (tag("w:vertAlign"), tag("w:strike"), tag("w:dstrike"))
_CODE_NAMES = frozenset(("source code", "html preformatted", "code", "macro", "macro text"))


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """How paragraphs of a style look, unless they say otherwise themselves."""

    level: int = 0
    """As a heading, from 1; 0 for none."""
    list_key: str = ""
    """Of the list that numbers it; "" for none."""
    list_level: int | None = None
    is_hidden: bool = False
    is_caption: bool = False
    is_code: bool = False


class Styles:
    """The styles of a document, of which one may be made from another."""

    def __init__(self, root: Element | None) -> None:
        elements = [] if root is None else root.findall(tag("w:style"))
        self._elements = {element.get(tag("w:styleId"), ""): element for element in elements}
        self._default = next(filter(_is_default_paragraph, elements), None)
        self._hides_all = bool(root is not None and is_on(root, "w:docDefaults/w:rPrDefault/w:rPr/w:vanish"))
        self._paragraphs: dict[str, ParagraphStyle] = {}
        self._hides: dict[str, bool | None] = {}
        self._looks: dict[str, list[Element]] = {}

    def of_paragraph(self, key: str | None) -> ParagraphStyle:
        """The style of paragraphs that has this key; without one, that of all others."""
        if key is None:
            key = "" if self._default is None else self._default.get(tag("w:styleId"), "")
        if key not in self._paragraphs:
            self._paragraphs[key] = self._resolved(key)
        return self._paragraphs[key]

    def hides(self, key: str | None) -> bool | None:
        """Whether a style of characters hides them; None where it does not say."""
        if key is None:
            return None
        if key not in self._hides:
            settings = (is_on(style, "w:rPr/w:vanish") for style in self._chain(key))
            self._hides[key] = next((hides for hides in settings if hides is not None), None)
        return self._hides[key]

    def list_key(self, key: str) -> str:
        """The list that a style of lists stands for."""
        return next(filter(None, (value(style, "w:pPr/w:numPr/w:numId") for style in self._chain(key))), "")

    def looks(self, key: str | None) -> list[Element]:
        """What a style of characters says of whether they are raised or struck out."""
        if not key:
            return []
        if key not in self._looks:
            properties = (look for style in self._chain(key) for look in style.iterfind(f"{tag('w:rPr')}/*"))
            self._looks[key] = [look for look in properties if look.tag in _LOOKS]
        return self._looks[key]

    def _resolved(self, key: str) -> ParagraphStyle:
        chain = list(self._chain(key))
        names = [(value(style, "w:name") or "").lower() for style in chain]
        list_key = next(filter(None, (value(style, "w:pPr/w:numPr/w:numId") for style in chain)), "")
        levels = (value(style, "w:pPr/w:numPr/w:ilvl") for style in chain)
        list_level = next((number(level) for level in levels if level), None)
        return ParagraphStyle(
            level=next((level for style in chain if (level := _level(style)) is not None), 0),
            list_key="" if list_key == "0" else list_key,
            list_level=list_level,
            is_hidden=self._hides_all if (hides := self.hides(key)) is None else hides,
            is_caption="caption" in names,
            is_code=not _CODE_NAMES.isdisjoint(names),
        )

    def _chain(self, key: str) -> Iterator[Element]:
        """A style, then those that it is made from."""
        seen: set[str] = set()
        following: str | None = key
        while following and following not in seen and following in self._elements:
            seen.add(following)
            yield self._elements[following]
            following = value(self._elements[following], "w:basedOn")


@cache
def style_sheet() -> bytes:
    """The style sheet of rewritten text."""
    sheet = etree.Element(tag("w:styles"), nsmap={"w": NAMESPACE})
    for name in (CAPTION_STYLE, CODE_STYLE, *map("heading {}".format, range(1, LEVELS))):
        sheet.append(_style("paragraph", name))
    for name in (NOTE_STYLE, *map(f"{MARKER_STYLE} {{}}".format, range(LEVELS))):
        sheet.append(_style("character", name))
    return serialised(sheet)


def key_of(name: str) -> str:
    """The key of one of the styles that rewritten text is set in."""
    return "Sourcespan" + name.removeprefix("Sourcespan").title().replace(" ", "")


def run_of(text: str, style: str = "") -> Element:
    """A run of a text, in a style of characters where one is named."""
    run = etree.Element(tag("w:r"))
    if style:
        etree.SubElement(etree.SubElement(run, tag("w:rPr")), tag("w:rStyle")).set(tag("w:val"), key_of(style))
    etree.SubElement(run, tag("w:t")).text = text
    return run


def _style(kind: str, name: str) -> Element:
    style = etree.Element(tag("w:style"))
    style.set(tag("w:type"), kind)
    style.set(tag("w:styleId"), key_of(name))
    etree.SubElement(style, tag("w:name")).set(tag("w:val"), name)
    return style


def outline_level(properties: Element | None) -> int | None:
    """The level as a heading that the properties of a paragraph give it, 0 for none; None where they say nothing."""
    level = value(properties, "w:outlineLvl")
    if not level:
        return None
    counted = number(level, 9) + 1  # Word counts from 0, and 9 is body text
    return counted if 1 <= counted <= 9 else 0


def _level(style: Element) -> int | None:
    name = value(style, "w:name") or ""
    if found := _HEADING_NAME.fullmatch(name):
        return int(found.group(1))
    return 1 if name.lower() == "title" else outline_level(style.find(tag("w:pPr")))


def _is_default_paragraph(style: Element) -> bool:
    return style.get(tag("w:type")) == "paragraph" and style.get(tag("w:default")) in ("1", "true", "on")
