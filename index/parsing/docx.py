"""Word documents (.docx): what Word shows of them, after all changes, with headers and footers once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.errors import MalformedFile
from index.parsing.blocks import from_blocks
from index.parsing.content import Content, File, malformed, one_line
from index.parsing.converter import syntax_tree
from index.parsing.pandoc import blocks_of
from index.parsing.word.numbering import Numbering
from index.parsing.word.package import Package, packed
from index.parsing.word.rewriting import Rewriting
from index.parsing.word.styles import Styles, for_pandoc
from index.parsing.word.xml import Element, is_on, serialised, tag, value

_KINDS = ("header", "footer")
_SECTION, _TEXT = tag("w:sectPr"), tag("w:t")
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
        data, notes = _as_seen(file)
    return from_blocks(blocks_of(syntax_tree(file, data, "docx+styles")), notes=notes)


def _as_seen(file: File) -> tuple[bytes, list[str]]:
    """A document that pandoc reads as Word shows this one, and what was left out of it."""
    package = Package(file)
    style_sheet, settings = package.only("styles"), package.only("settings")
    styles = Styles(style_sheet)
    rewriting = Rewriting(
        styles,
        Numbering(package.only("numbering"), styles),
        {
            "footnote": value(settings, "w:footnotePr/w:numFmt") or "decimal",
            "endnote": value(settings, "w:endnotePr/w:numFmt") or "lowerRoman",
        },
    )
    root = package.part(package.main)
    body = None if root is None else root.find(tag("w:body"))
    if root is None or body is None:
        raise MalformedFile(file.name, "not a Word document (.docx): it has no part that holds the text")
    comments, imported = _count(root, "w:commentReference"), _count(root, "w:altChunk")
    shown = _headers_and_footers(root, settings)
    rewriting.rewrite(root)
    headers, footers = ([package.part(package.target(key)) for kind, key in shown if kind == k] for k in _KINDS)
    for place, element in enumerate(_once(headers, rewriting)):
        body.insert(place, element)
    body.extend(_once(footers, rewriting))
    parts = {"document": serialised(root), "styles": for_pandoc(style_sheet)}
    del root, body
    for kind in ("footnotes", "endnotes"):
        notes = package.only(kind)
        if notes is not None:
            rewriting.rewrite(notes, may_have_headings=False)
            parts[kind] = serialised(notes)
    return packed(parts), _left_out(rewriting, comments, imported)


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
        rewriting.rewrite(root, may_have_headings=False)
        for element in list(root):
            text = one_line("".join(part.text or "" for part in element.iter(_TEXT)))
            if text and text not in seen and not _is_page_number(element, text):
                seen.add(text)
                yield element


def _is_page_number(element: Element, text: str) -> bool:
    fields = [field.get(tag("w:instr"), "") for field in element.iter(tag("w:fldSimple"))]
    fields += [part.text or "" for part in element.iter(tag("w:instrText"))]
    if not any(map(_PAGE_FIELD.match, fields)):
        return False
    return _WORDS_AROUND_PAGES.issuperset(word.lower() for word in _WORD.findall(text))


def _count(root: Element, name: str) -> int:
    return sum(1 for _ in root.iter(tag(name)))


def _left_out(rewriting: Rewriting, comments: int, imported: int) -> list[str]:
    counted = (
        (rewriting.pictures, "picture", "was not read", "were not read"),
        (rewriting.diagrams, "chart or diagram", "was not read", "were not read"),
        (comments, "comment beside the text", "was left out", "were left out"),
        (imported, "part of another file", "was not read", "were not read"),
    )
    return [
        f"{number} {what if number == 1 else _plural(what)} {one if number == 1 else more}"
        for number, what, one, more in counted
        if number
    ]


def _plural(what: str) -> str:
    first, space, rest = what.partition(" ")
    return f"{first}s{space}{rest.replace('diagram', 'diagrams')}"
