"""OpenDocument texts (.odt), of which pandoc reads much, but not all that they show."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from index.parsing.blocks import from_blocks
from index.parsing.content import Content, File, counted, malformed, one_line
from index.parsing.office.converter import syntax_tree
from index.parsing.office.opendocument.numbers import number_headings, number_items, with_numbers
from index.parsing.office.opendocument.package import DRAW, HEADING, OFFICE, PARAGRAPH, STYLE, TABLE, TEXT, parts_of
from index.parsing.office.packages import packed
from index.parsing.office.pandoc import blocks_of
from index.parsing.office.word.xml import Element, move_boxes, parsed, remove

_SPAN = f"{TEXT}span"
_PROPERTIES = f"{STYLE}text-properties"
_UNSEEN = (f"{TEXT}tracked-changes", f"{OFFICE}annotation", f"{TEXT}hidden-text", f"{TEXT}hidden-paragraph")
# what pandoc reads of the elements within a paragraph; all others are fields, of which their text is seen
_READ_WITHIN = {
    TEXT + name
    for name in (
        *("a", "s", "span", "tab", "line-break", "note", "note-citation", "note-body", "p", "h", "list", "list-item"),
        *("list-header", "bookmark", "bookmark-start", "bookmark-end", "reference-mark", "reference-mark-start"),
        *("reference-mark-end", "bookmark-ref", "reference-ref", "note-ref"),
    )
}


def odt(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive, DocumentTooComplex."""
    with malformed(file.name, "not an OpenDocument text (.odt), or a damaged one"):
        parts = parts_of(file)
        root, styles = parsed(parts["content.xml"]), parsed(parts["styles.xml"]) if "styles.xml" in parts else None
        hidden = {*_hiding(root), *(() if styles is None else _hiding(styles))}
        comments = sum(1 for _ in root.iter(f"{OFFICE}annotation"))
        around = [] if styles is None else list(_headers_and_footers(styles))
        _show(root, hidden)
        number_headings(root, styles)
        number_items(root, styles)
        body = root.find(f"{OFFICE}body/{OFFICE}text")
        for element in reversed([element for kind, element in around if kind == "header"]):
            body.insert(0, element)
        body.extend(element for kind, element in around if kind == "footer")
        parts["content.xml"] = etree.tostring(root, encoding="UTF-8")
        data = packed({name: part for name, part in parts.items() if not name.startswith(("Pictures/", "media/"))})
    notes = [f"not read: {counted(comments, 'comment')}"] if comments else []
    return from_blocks(with_numbers(blocks_of(syntax_tree(file, data, "odt"))), notes=notes)


def _hiding(root: Element) -> Iterator[str]:
    """The names of the styles that hide what is set in them."""
    for style in root.iter(f"{STYLE}style"):
        if any(look.get(f"{TEXT}display") == "none" for look in style.iterchildren(_PROPERTIES)):
            yield style.get(f"{STYLE}name", "")


def _headers_and_footers(styles: Element) -> Iterator[tuple[str, Element]]:
    """The paragraphs that stand above and below pages, each once, but for mere numbers of pages."""
    seen: set[str] = set()
    for page in styles.iter(f"{STYLE}master-page"):
        for part in page:
            kind = etree.QName(part).localname.partition("-")[0]
            for element in list(part) if kind in ("header", "footer") else ():
                text = one_line("".join(element.itertext()))
                if text.strip(" 0123456789-–—/") and text not in seen:
                    seen.add(text)
                    yield kind, element


def _show(root: Element, hidden: set[str]) -> None:
    """Leaves of a document what is seen, in a form that pandoc reads."""
    for element in list(root.iter(*_UNSEEN)):
        _remove_but_tail(element)
    for element in [one for one in root.iter() if one.get(f"{TEXT}display") == "none" and one.tag != _PROPERTIES]:
        _remove_but_tail(element)
    for inner in reversed(list(root.iter(f"{TABLE}table"))):
        # pandoc reads no table in a cell: it comes after the one that it is in
        if around := list(inner.iterancestors(f"{TABLE}table")):
            remove(inner)
            around[-1].addnext(inner)
    etree.strip_tags(root, f"{TEXT}numbered-paragraph")
    for element in list(root.iter(_SPAN, PARAGRAPH, HEADING)):
        if element.get(f"{TEXT}style-name") in hidden:
            _remove_but_tail(element)
    for ruby in list(root.iter(f"{TEXT}ruby-text")):
        ruby.text = f" ({''.join(ruby.itertext())})"
    etree.strip_tags(root, f"{TEXT}ruby", f"{TEXT}ruby-base", f"{TEXT}ruby-text")
    move_boxes(root, f"{DRAW}text-box", PARAGRAPH, HEADING)
    fields = {part.tag for paragraph in root.iter(PARAGRAPH, HEADING) for part in paragraph.iter(f"{TEXT}*")}
    etree.strip_tags(root, *fields - _READ_WITHIN)


def _remove_but_tail(element: Element) -> None:
    """Takes an element out of its tree, but not the text that comes after it."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)
