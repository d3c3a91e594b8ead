"""Word documents (.docx): what Word shows of them, after all changes, with headers and footers once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import chain

from lxml import etree

from index.errors import MalformedFile
from index.parsing.blocks import from_blocks, written
from index.parsing.content import Content, File, counted, malformed, one_line
from index.parsing.office.converter import syntax_tree
from index.parsing.office.pandoc import blocks_of
from index.parsing.office.word.numbering import Numbering
from index.parsing.office.word.package import Package, packed
from index.parsing.office.word.rewriting import Notes, Rewriting
from index.parsing.office.word.styles import Styles, style_sheet
from index.parsing.office.word.xml import FORMULAS, NAMESPACE, Element, is_on, remove, serialised, tag, value

_KINDS = ("header", "footer")
_NOTES: Mapping[Notes, str] = {"footnote": "decimal", "endnote": "lowerRoman"}
_SECTION, _TEXT, _ID = tag("w:sectPr"), tag("w:t"), tag("w:id")
_ELEMENTS_OF_PIECE = 50_000
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
# what stands around the number of a page
_WORDS_AROUND_PAGES = {
    *("page", "pages", "p", "pg", "of", "seite", "s", "von", "sur", "página", "pág", "de", "pagina", "pag", "di"),
    *("van", "sida", "side", "av", "af", "strona", "z", "strana", "страница", "из"),
}


def docx(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive, DocumentTooComplex."""
    with malformed(file.name, "not a Word document (.docx), or a damaged one"):
        shown = _Shown(file)
        pieces = shown.pieces()
    trees = (syntax_tree(file, piece, "docx+styles+empty_paragraphs") for piece in pieces)
    return from_blocks(chain.from_iterable(map(blocks_of, trees)), notes=shown.left_out)


def formulas(file: File, elements: Sequence[Element]) -> list[str]:
    """What formulas in the markup of Office say, each as people would type it. Raises as `docx`."""
    root = etree.Element(tag("w:document"), nsmap={"w": NAMESPACE, "m": FORMULAS})
    body = etree.SubElement(root, tag("w:body"))
    for element in elements:
        etree.SubElement(body, tag("w:p")).extend(deepcopy(list(element)))
    tree = syntax_tree(file, packed({"document": serialised(root), "styles": style_sheet()}), "docx")
    return [*map(written, blocks_of(tree))]


class _Shown:
    """A document rewritten for pandoc, which reads of it what Word shows."""

    def __init__(self, file: File) -> None:
        package = Package(file)
        settings = package.only("settings")
        styles = Styles(package.only("styles"))
        numerals = {kind: value(settings, f"w:{kind}Pr/w:numFmt") or usual for kind, usual in _NOTES.items()}
        rewriting = Rewriting(styles, Numbering(package.only("numbering"), styles), numerals)
        root = package.part(package.main)
        body = None if root is None else root.find(tag("w:body"))
        if root is None or body is None:
            raise MalformedFile(file.name, "not a Word document (.docx): it has no part that holds the text")
        comments, imported = _count(root, "w:commentReference"), _count(root, "w:altChunk")
        around = _headers_and_footers(root, settings)
        rewriting.rewrite(root)
        headers, footers = ([package.part(package.target(key)) for kind, key in around if kind == k] for k in _KINDS)
        for place, element in enumerate(_once(headers, rewriting)):
            body.insert(place, element)
        body.extend(_once(footers, rewriting))
        self._body = body
        self._notes: dict[str, dict[str, Element]] = {}
        for kind in _NOTES:
            part = package.only(f"{kind}s")
            if part is not None:
                rewriting.rewrite(part, may_have_headings=False)
                self._notes[kind] = {note.get(_ID, ""): note for note in part.iterchildren(tag(f"w:{kind}"))}
        self.left_out = _left_out(rewriting, comments, imported)

    def pieces(self) -> Iterator[bytes]:
        """The document in pieces, of which pandoc, which takes two hundred bytes for each character, can hold any."""
        elements = list(self._body)
        self._body.clear()
        start = size = 0
        for end, element in enumerate(elements, 1):
            size += sum(1 for _ in element.iter())
            if size >= _ELEMENTS_OF_PIECE or end == len(elements):
                yield self._piece(elements[start:end])
                elements[start:end] = [None] * (end - start)  # what they take is free again
                start, size = end, 0

    def _piece(self, elements: list[Element]) -> bytes:
        """Some elements of the text with the notes to them."""
        root = etree.Element(tag("w:document"), nsmap=self._body.nsmap)
        etree.SubElement(root, tag("w:body")).extend(elements)
        parts = {"document": serialised(root), "styles": style_sheet()}
        for kind, notes in self._notes.items():
            references = root.iter(tag(f"w:{kind}Reference"))
            wanted = [notes[key] for reference in references if (key := reference.get(_ID, "")) in notes]
            if wanted:
                part = etree.Element(tag(f"w:{kind}s"), nsmap=wanted[0].nsmap)
                part.extend(wanted)
                parts[f"{kind}s"] = serialised(part)
        return packed(parts)


def _headers_and_footers(root: Element, settings: Element | None) -> list[tuple[str, str]]:
    """The kinds and keys of those that are shown on any page."""
    shown: dict[tuple[str, str], None] = {}
    for section in root.iter(_SECTION):
        for reference in section.iterchildren(*(tag(f"w:{kind}Reference") for kind in _KINDS)):
            pages = reference.get(tag("w:type"))
            if pages == "first" and not is_on(section, "w:titlePg"):
                continue
            if pages == "even" and not is_on(settings, "w:evenAndOddHeaders"):
                continue
            kind = "header" if reference.tag == tag("w:headerReference") else "footer"
            shown[kind, reference.get(tag("r:id"), "")] = None
    return list(shown)


def _once(roots: list[Element | None], rewriting: Rewriting) -> Iterator[Element]:
    """What headers, or footers, say, each paragraph once, without the numbers of pages."""
    seen: set[str] = set()
    for root in roots:
        if root is None:
            continue
        _drop_page_numbers(root)
        rewriting.rewrite(root, may_have_headings=False)
        for element in list(root):
            text = one_line("".join(part.text or "" for part in element.iter(_TEXT)))
            if text and text not in seen:
                seen.add(text)
                yield element


def _drop_page_numbers(root: Element) -> None:
    """Takes away the paragraphs that say nothing but on which page they are."""
    for paragraph in list(root.iter(tag("w:p"))):
        fields = [field.get(tag("w:instr"), "") for field in paragraph.iter(tag("w:fldSimple"))]
        fields += [part.text or "" for part in paragraph.iter(tag("w:instrText"))]
        words = _WORD.findall("".join(part.text or "" for part in paragraph.iter(_TEXT)))
        if any(map(_PAGE_FIELD.match, fields)) and _WORDS_AROUND_PAGES.issuperset(word.lower() for word in words):
            remove(paragraph)


def _count(root: Element, name: str) -> int:
    return sum(1 for _ in root.iter(tag(name)))


def _left_out(rewriting: Rewriting, comments: int, imported: int) -> list[str]:
    counts = {
        "picture": rewriting.pictures,
        "chart": rewriting.charts,
        "comment": comments,
        "embedded file": imported,
    }
    return [f"not read: {counted(number, what)}" for what, number in counts.items() if number]
