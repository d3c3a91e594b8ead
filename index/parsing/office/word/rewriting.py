"""One part of a Word document, rewritten so that its text says what a reader of the document sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import count
from typing import Literal

from lxml import etree

from index.parsing.office.numerals import OF_WORD
from index.parsing.office.pandoc import CAPTION_STYLE, MARKER_STYLE, NOTE_STYLE
from index.parsing.office.word.fields import show_fields
from index.parsing.office.word.numbering import Numbering
from index.parsing.office.word.rows import even_out
from index.parsing.office.word.styles import CODE_STYLE, LEVELS, ParagraphStyle, Styles, key_of, outline_level, run_of
from index.parsing.office.word.xml import (
    Element,
    choose_alternatives,
    is_on,
    move_boxes,
    number,
    remove,
    tag,
    unwrap,
    value,
)

Notes = Literal["footnote", "endnote"]

_PARAGRAPH, _PROPERTIES, _RUN, _TEXT = tag("w:p"), tag("w:pPr"), tag("w:r"), tag("w:t")
_STYLE, _VALUE, _RUN_PROPERTIES = tag("w:pStyle"), tag("w:val"), tag("w:rPr")
# around parts of the text, also around rows and cells; nothing of their own is seen
_WRAPPERS: Mapping[str, str] = {
    tag("w:sdt"): tag("w:sdtContent"),
    tag("w:fldSimple"): "",
    tag("w:smartTag"): "",
    tag("w:customXml"): "",
    tag("w:bdo"): "",
    tag("w:dir"): "",
}
_WRAPPERS_PROPERTIES = frozenset((tag("w:smartTagPr"), tag("w:customXmlPr"), tag("w:sdtPr"), tag("w:sdtEndPr")))
_PICTURES = (tag("w:drawing"), tag("w:pict"), tag("w:object"))
_DELETED = (tag("w:del"), tag("w:moveFrom"), tag("w:cellDel"), tag("w:hidden"))
_ROW_OR_CELL_PROPERTIES = (tag("w:trPr"), tag("w:tcPr"))
_SAME_LOOK = {tag("w:cr"): tag("w:br"), tag("w:ptab"): tag("w:tab"), tag("w:dstrike"): tag("w:strike")}
# boxes of the fonts Wingdings, for which pandoc has less usual characters
_BOXES = {"F0FE": "☑", "F0FD": "☒", "F078": "☒", "F0A8": "☐", "F06F": "☐", "F071": "☐"}


class Rewriting:
    """Rewrites the parts of one document, each with `rewrite`, in the order in which they are read."""

    def __init__(self, styles: Styles, numbering: Numbering, note_numerals: Mapping[Notes, str]) -> None:
        self._styles = styles
        self._numbering = numbering
        self._note_numbers = {kind: count(1) for kind in note_numerals}
        self._note_numerals: Mapping[Notes, Callable[[int], str]] = {
            kind: OF_WORD.get(numerals, str) for kind, numerals in note_numerals.items()
        }
        self.pictures = 0
        """How many pictures were left out so far."""
        self.charts = 0
        """How many charts and drawn diagrams were left out so far."""

    def rewrite(self, root: Element, *, may_have_headings: bool = True) -> None:
        """Changes a part in place."""
        choose_alternatives(root)
        for wrapper in list(root.iter(*_WRAPPERS)):
            inside = wrapper.find(_WRAPPERS[wrapper.tag]) if _WRAPPERS[wrapper.tag] else wrapper
            children = [] if inside is None else [c for c in inside if c.tag not in _WRAPPERS_PROPERTIES]
            unwrap(wrapper, children)
        move_boxes(root, tag("w:txbxContent"), _PARAGRAPH)
        self._remove_pictures(root)
        _accept_changes(root)
        show_fields(root)
        _show_boxes(root)
        for ruby in list(root.iter(tag("w:ruby"))):
            _set_in_line(ruby)
        for paragraph in list(root.iter(_PARAGRAPH)):
            self._paragraph(paragraph, may_have_headings)
        _name_as_pandoc_does(root)

    def _remove_pictures(self, root: Element) -> None:
        for picture in list(root.iter(*_PICTURES)):
            if any(True for _ in picture.iter(tag("c:chart"), tag("dgm:relIds"))):
                self.charts += 1
            elif any(True for _ in picture.iter(tag("pic:pic"), tag("v:imagedata"))):
                self.pictures += 1
            for art in picture.iter(tag("v:textpath")):
                _set_after(picture, art.get("string", ""))
            remove(picture)

    def _paragraph(self, paragraph: Element, may_have_headings: bool) -> None:
        properties = paragraph.find(_PROPERTIES)
        key = value(properties, "w:pStyle")
        style = self._styles.of_paragraph(key)
        self._show_runs(paragraph, style)
        is_hidden = is_on(properties, "w:rPr/w:vanish")
        if (style.is_hidden if is_hidden is None else is_hidden) and not _says_something(paragraph):
            remove(paragraph)
            return
        self._mark_notes(paragraph)
        own_level = outline_level(properties)
        level = (style.level if own_level is None else own_level) if may_have_headings else 0
        marker, list_level = self._marker(properties, key or "", style)
        _set_style(paragraph, _style_name(level, style))
        if marker:
            run = run_of(marker, f"{MARKER_STYLE} {0 if level else min(list_level + 1, LEVELS - 1)}")
            paragraph.insert(1, run)

    def _marker(self, properties: Element | None, key: str, style: ParagraphStyle) -> tuple[str, int]:
        """The number of a paragraph and the level of its list, from 0."""
        list_key = value(properties, "w:numPr/w:numId") or style.list_key
        own_level = value(properties, "w:numPr/w:ilvl")
        if list_key in ("", "0"):
            return "", 0
        level = number(own_level) if own_level else None
        if level is None:
            level = self._numbering.level_of_style(list_key, key)
        level = (style.list_level or 0) if level is None else level
        return self._numbering.next(list_key, level) or "", level

    def _show_runs(self, paragraph: Element, style: ParagraphStyle) -> None:
        """Takes away what is hidden, and says of each run itself what its style says."""
        for run in list(paragraph.iter(_RUN)):
            properties = run.find(_RUN_PROPERTIES)
            run_style = value(properties, "w:rStyle")
            hides = is_on(properties, "w:vanish")
            if hides is None:
                hides = self._styles.hides(run_style)
            if style.is_hidden if hides is None else hides:
                remove(run)
                continue
            for look in self._styles.looks(run_style):
                if properties is not None and properties.find(look.tag) is None:
                    properties.append(deepcopy(look))

    def _mark_notes(self, paragraph: Element) -> None:
        """Sets the mark that Word shows before each reference to a note."""
        kinds: tuple[Notes, ...] = ("footnote", "endnote")
        for kind in kinds:
            for reference in list(paragraph.iter(tag(f"w:{kind}Reference"))):
                mark = _custom_mark(reference)
                if mark is None:
                    mark = self._note_numerals[kind](next(self._note_numbers[kind]))
                reference.getparent().addprevious(run_of(mark, NOTE_STYLE))


def _set_after(picture: Element, text: str) -> None:
    """Puts words that are drawn, as WordArt or watermarks are, after the paragraph that they hang on."""
    host = next(picture.iterancestors(_PARAGRAPH), None)
    if host is not None and text.strip():
        host.addnext(paragraph := etree.Element(_PARAGRAPH))
        paragraph.append(run_of(text))


def _accept_changes(root: Element) -> None:
    """Leaves what was put in, and takes away what was deleted: text, rows, cells and ends of paragraphs."""
    for properties in list(root.iter(_PROPERTIES)):
        if properties.find(f"{_RUN_PROPERTIES}/{tag('w:del')}") is not None:
            _join_with_next(properties.getparent())
    for deleted in list(root.iter(*_DELETED)):
        owner = deleted.getparent()
        if owner is not None:
            remove(owner.getparent() if owner.tag in _ROW_OR_CELL_PROPERTIES else deleted)
    for added in list(root.iter(tag("w:ins"), tag("w:moveTo"))):
        unwrap(added, list(added))


def _show_boxes(root: Element) -> None:
    """Ticked and empty boxes that are signs of a font become characters."""
    for sign in list(root.iter(tag("w:sym"))):
        box = _BOXES.get(str(sign.get(tag("w:char"), "")).upper())
        if box and "Wingdings" in str(sign.get(tag("w:font"), "")):
            sign.tag = _TEXT
            sign.attrib.clear()
            sign.text = box


def _join_with_next(paragraph: Element) -> None:
    following = paragraph.getnext()
    if following is None or following.tag != _PARAGRAPH:
        return
    start = 1 if following.find(_PROPERTIES) is not None else 0
    for position, child in enumerate([c for c in paragraph if c.tag != _PROPERTIES], start):
        following.insert(position, child)
    remove(paragraph)


def _name_as_pandoc_does(root: Element) -> None:
    """What pandoc passes over, as what it reads and what looks the same."""
    for old, new in _SAME_LOOK.items():
        for element in root.iter(old):
            element.tag = new
    for table in root.iter(tag("w:tbl")):
        even_out(table)


def _set_in_line(ruby: Element) -> None:
    """Puts small text above other text after it, in brackets, in the run that holds both."""
    base = "".join(t.text or "" for part in ruby.iter(tag("w:rubyBase")) for t in part.iter(_TEXT))
    above = "".join(t.text or "" for part in ruby.iter(tag("w:rt")) for t in part.iter(_TEXT))
    text = etree.SubElement(ruby.getparent(), _TEXT)
    text.text = f"{base} ({above})" if above else base
    unwrap(ruby, [text])


def _custom_mark(reference: Element) -> str | None:
    """The mark of a note that its author has typed, which is taken out of the text."""
    if reference.get(tag("w:customMarkFollows")) in (None, "0", "false", "off"):
        return None
    following = reference.getnext()
    if following is None and (run := reference.getparent().getnext()) is not None:
        following = run.find(_TEXT)
    if following is None or following.tag != _TEXT or not following.text:
        return None
    mark = str(following.text).strip()
    remove(following)
    return mark


def _says_something(paragraph: Element) -> bool:
    return any(text.text for text in paragraph.iter(_TEXT, tag("w:sym")))


def _style_name(level: int, style: ParagraphStyle) -> str:
    if level:
        return f"heading {level}"
    return CODE_STYLE if style.is_code else CAPTION_STYLE if style.is_caption else ""


def _set_style(paragraph: Element, name: str) -> None:
    """Leaves of a paragraph its style, and that it is the large first letter of the next, for pandoc to know."""
    old = paragraph.find(_PROPERTIES)
    properties = etree.Element(_PROPERTIES)
    if old is not None:
        remove(old)
        properties.extend(old.findall(tag("w:framePr")))
    if name:
        etree.SubElement(properties, _STYLE).set(_VALUE, key_of(name))
    paragraph.insert(0, properties)
