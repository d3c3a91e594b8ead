"""OpenDocument texts (.odt) and spreadsheets (.ods), of which pandoc reads the first, but not all that they show."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from index.errors import MalformedFile
from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, counted, malformed, one_line
from index.parsing.office.converter import syntax_tree
from index.parsing.office.numerals import OF_OPENDOCUMENT
from index.parsing.office.packages import opened, packed
from index.parsing.office.pandoc import blocks_of
from index.parsing.office.word.xml import Element, move_boxes, parsed, remove
from index.parsing.tables import Grid

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _TABLE, _DRAW = f"{{{_OASIS}text:1.0}}", f"{{{_OASIS}table:1.0}}", f"{{{_OASIS}drawing:1.0}}"
_STYLE, _OFFICE = f"{{{_OASIS}style:1.0}}", f"{{{_OASIS}office:1.0}}"
_PARAGRAPH, _HEADING, _SPAN = f"{_TEXT}p", f"{_TEXT}h", f"{_TEXT}span"
_PROPERTIES = f"{_STYLE}text-properties"
_UNSEEN = (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}hidden-text", f"{_TEXT}hidden-paragraph")
# what pandoc reads of the elements within a paragraph; all others are fields, of which their text is seen
_READ_WITHIN = {
    _TEXT + name
    for name in (
        *("a", "s", "span", "tab", "line-break", "note", "note-citation", "note-body", "p", "h", "list", "list-item"),
        *("list-header", "bookmark", "bookmark-start", "bookmark-end", "reference-mark", "reference-mark-start"),
        *("reference-mark-end", "bookmark-ref", "reference-ref", "note-ref"),
    )
}
_MAX_REPEATED = 1_000
_MAX_COLUMNS = 16_384
# what lies over the cells
_UNREAD = {"comment": f"{_OFFICE}annotation", "drawing": f"{_DRAW}frame"}
_STYLES, _NAME, _LIST = f"{_STYLE}style", f"{_STYLE}name", f"{_STYLE}list-style-name"
_LEVEL, _START, _FORMAT = f"{_TEXT}level", f"{_TEXT}start-value", f"{_STYLE}num-format"
_LABELS = frozenset(("string", ""))


def odt(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive, DocumentTooComplex."""
    with malformed(file.name, "not an OpenDocument text (.odt), or a damaged one"):
        parts = _parts(file)
        root, styles = parsed(parts["content.xml"]), parsed(parts["styles.xml"]) if "styles.xml" in parts else None
        hidden = {*_hiding(root), *(() if styles is None else _hiding(styles))}
        comments = sum(1 for _ in root.iter(f"{_OFFICE}annotation"))
        around = [] if styles is None else list(_headers_and_footers(styles))
        _show(root, hidden)
        if styles is not None:
            _number_headings(root, styles)
        body = root.find(f"{_OFFICE}body/{_OFFICE}text")
        for element in reversed([element for kind, element in around if kind == "header"]):
            body.insert(0, element)
        body.extend(element for kind, element in around if kind == "footer")
        parts["content.xml"] = etree.tostring(root, encoding="UTF-8")
        data = packed({name: part for name, part in parts.items() if not name.startswith(("Pictures/", "media/"))})
    notes = [f"not read: {counted(comments, 'comment')}"] if comments else []
    return from_blocks(blocks_of(syntax_tree(file, data, "odt")), notes=notes)


def ods(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive."""
    notes: list[str] = []
    with malformed(file.name, "not an OpenDocument spreadsheet (.ods), or a damaged one"):
        root = parsed(_parts(file)["content.xml"])
        hidden = {
            style.get(f"{_STYLE}name", "")
            for style in root.iter(f"{_STYLE}style")
            if any(look.get(f"{_TABLE}display") == "false" for look in style)
        }
        blocks = list(_sheets(root, hidden, notes))
    return from_blocks(blocks, notes=notes)


def _parts(file: File) -> dict[str, bytes]:
    with opened(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if "content.xml" not in parts:
        raise MalformedFile(file.name, "not an OpenDocument file: it has no content.xml")
    return parts


def _hiding(root: Element) -> Iterator[str]:
    """The names of the styles that hide what is set in them."""
    for style in root.iter(f"{_STYLE}style"):
        if any(look.get(f"{_TEXT}display") == "none" for look in style.iterchildren(_PROPERTIES)):
            yield style.get(f"{_STYLE}name", "")


def _headers_and_footers(styles: Element) -> Iterator[tuple[str, Element]]:
    """The paragraphs that stand above and below pages, each once, but for mere numbers of pages."""
    seen: set[str] = set()
    for page in styles.iter(f"{_STYLE}master-page"):
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
    for element in [one for one in root.iter() if one.get(f"{_TEXT}display") == "none" and one.tag != _PROPERTIES]:
        _remove_but_tail(element)
    for inner in reversed(list(root.iter(f"{_TABLE}table"))):
        # pandoc reads no table in a cell: it comes after the one that it is in
        if around := list(inner.iterancestors(f"{_TABLE}table")):
            remove(inner)
            around[-1].addnext(inner)
    etree.strip_tags(root, f"{_TEXT}numbered-paragraph")
    for element in list(root.iter(_SPAN, _PARAGRAPH, _HEADING)):
        if element.get(f"{_TEXT}style-name") in hidden:
            _remove_but_tail(element)
    for ruby in list(root.iter(f"{_TEXT}ruby-text")):
        ruby.text = f" ({''.join(ruby.itertext())})"
    etree.strip_tags(root, f"{_TEXT}ruby", f"{_TEXT}ruby-base", f"{_TEXT}ruby-text")
    move_boxes(root, f"{_DRAW}text-box", _PARAGRAPH, _HEADING)
    fields = {part.tag for paragraph in root.iter(_PARAGRAPH, _HEADING) for part in paragraph.iter(f"{_TEXT}*")}
    etree.strip_tags(root, *fields - _READ_WITHIN)


def _number_headings(root: Element, styles: Element) -> None:
    """Writes the numbers of chapters, which their program counts, before the headings."""
    forms = {_number(form, _LEVEL): form for form in styles.iter(f"{_TEXT}outline-level-style")}
    forms = {level: form for level, form in forms.items() if form.get(_FORMAT)}
    plain = {one.get(_NAME) for tree in (root, styles) for one in tree.iter(_STYLES) if one.get(_LIST) == ""}
    counts: dict[int, int] = {}
    for title in root.iter(_HEADING):
        level = _number(title, f"{_TEXT}outline-level")
        is_counted = title.get(f"{_TEXT}is-list-header") != "true" and title.get(f"{_TEXT}style-name") not in plain
        if level not in forms or not is_counted or not "".join(title.itertext()).strip():
            continue
        counts = {above: number for above, number in counts.items() if above <= level}
        counts[level] = counts[level] + 1 if level in counts else _number(forms[level], _START)
        shown = range(level - _number(forms[level], f"{_TEXT}display-levels") + 1, level + 1)
        numbers = [
            OF_OPENDOCUMENT.get(forms[one].get(_FORMAT), str)(counts.get(one, 1)) for one in shown if one in forms
        ]
        before, after = (forms[level].get(f"{_STYLE}num-{side}", "") for side in ("prefix", "suffix"))
        title.text = f"{before}{'.'.join(numbers)}{after} {title.text or ''}"


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


def _sheets(root: Element, hidden: set[str], notes: list[str]) -> Iterator[Block]:
    for space in root.iter(f"{_TEXT}s", f"{_TEXT}tab", f"{_TEXT}line-break"):
        space.text = "\n" if space.tag.endswith("break") else " " * _number(space, f"{_TEXT}c")
    for sheet in root.iter(f"{_TABLE}table"):
        name = sheet.get(f"{_TABLE}name", "")
        if sheet.get(f"{_TABLE}style-name") in hidden:
            notes.append(f"hidden and left out: sheet {name!r}")
            continue
        grid = Grid()
        number = 0
        hidden_rows: set[int] = set()
        spans: list[tuple[int, int, int]] = []
        for row in sheet.iter(f"{_TABLE}table-row"):
            repeated = min(_number(row, f"{_TABLE}number-rows-repeated"), _MAX_REPEATED)
            for below in range(number, number + repeated):
                if not _put(row, below, grid, spans):
                    repeated = min(repeated, 2)  # more are blank rows of the end
                    break
            if not _is_visible(row):
                hidden_rows.update(range(number, number + repeated))
            number += repeated
        for span in spans:
            grid.repeat(*span)
        notes += grid.hide(name, hidden_rows, set(_hidden_columns(sheet)))
        blocks = list(grid.blocks())
        if blocks:
            yield heading(name, 1)
        yield from blocks
    for what, element in _UNREAD.items():
        if count := sum(1 for _ in root.iter(element)):
            notes.append(f"not read: {counted(count, what)} over the cells")


def _put(row: Element, number: int, grid: Grid, spans: list[tuple[int, int, int]]) -> bool:
    """Whether there was something in the row. Adds the cells that go over several rows to ``spans``."""
    column = 0
    is_filled = False
    for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
        text = "\n".join("".join(paragraph.itertext()) for paragraph in cell.iterchildren(_PARAGRAPH))
        repeated = _number(cell, f"{_TABLE}number-columns-repeated")
        for at in range(column, column + min(repeated, _MAX_REPEATED) if text else column):
            grid.put(number, at, text, is_label=cell.get(f"{_OFFICE}value-type", "") in _LABELS)
            is_filled = True
        if (rows := _number(cell, f"{_TABLE}number-rows-spanned")) > 1:
            spans.append((number, column, rows))
        column += repeated
    return is_filled


def _number(element: Element, name: str) -> int:
    """A number that stands in an attribute, which is 1 where there is none."""
    return int(element.get(name, 1))


def _is_visible(element: Element) -> bool:
    return bool(element.get(f"{_TABLE}visibility", "visible") == "visible")


def _hidden_columns(sheet: Element) -> Iterator[int]:
    first = 0
    for column in sheet.iter(f"{_TABLE}table-column"):
        repeated = _number(column, f"{_TABLE}number-columns-repeated")
        yield from range(first, first + (0 if _is_visible(column) else min(repeated, _MAX_COLUMNS)))
        first += repeated
