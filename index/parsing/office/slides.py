"""Slides (.pptx): each a page, its title a heading, with what its boxes and tables say and the speaker's notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.oxml.ns import qn

from index.errors import DocumentError
from index.parsing.blocks import BULLET, Block, Cell, from_blocks, heading
from index.parsing.content import Content, File, counted, malformed, one_line
from index.parsing.office.docx import formulas
from index.parsing.office.numerals import OF_WORD
from index.parsing.office.packages import opened
from index.parsing.office.word.xml import choose_alternatives, parsed, tag
from index.parsing.plain.raised import raised_mark, subscript, superscript, with_fractions

_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
_LISTS = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)
_SAME_ON_EACH = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER)
_NOT_SHOWN = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE)
_AUTOMATIC = f"{qn('a:pPr')}/{qn('a:buAutoNum')}"
_NUMBERED = re.compile(r"(arabic|(?:alpha|roman)[LU]c)(Period|ParenR|ParenBoth|Plain)")
_NUMERALS = {"alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman", "romanUc": "upperRoman"}
_ENCLOSED = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}
_FORMULA = "{http://schemas.microsoft.com/office/drawing/2010/main}m"
_RUN, _BREAK, _FIELD, _PROPERTIES, _TEXT = qn("a:r"), qn("a:br"), qn("a:fld"), qn("a:rPr"), qn("a:t")


def pptx(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive."""
    with malformed(file.name, "not a presentation (.pptx), or a damaged one"):
        opened(file).close()
        slides = list(Presentation(io.BytesIO(file.data)).slides)
        reader = _Reader()
        _write_formulas(file, slides)
        blocks = [block for number, slide in enumerate(slides, 1) for block in reader.slide(slide, number)]
    return from_blocks(blocks, pages=len(slides), notes=reader.notes())


class _Reader:
    def __init__(self) -> None:
        self._footers: set[str] = set()
        self._hidden: list[int] = []
        self._pictures = self._charts = self._formulas = 0

    def notes(self) -> list[str]:
        """What was not read."""
        notes = [f"not read: {counted(self._pictures, 'picture')}"] if self._pictures else []
        notes += [f"not read: {counted(self._charts, 'chart')}"] if self._charts else []
        notes += [f"not read: {counted(self._formulas, 'formula')}"] if self._formulas else []
        if self._hidden:
            numbers = ", ".join(map(str, self._hidden))
            notes.append(f"hidden and left out: {counted(len(self._hidden), 'slide')} ({numbers})")
        return notes

    def slide(self, slide: Any, number: int) -> Iterator[Block]:  # noqa: ANN401 - not typed
        """The title, then the other shapes in their order, then the notes."""
        if slide._element.get("show") in ("0", "false"):
            self._hidden.append(number)
            return
        self._formulas += sum(1 for _ in slide._element.iter(_FORMULA))
        shapes = list(_leaves(slide.shapes))
        titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
        for shape in titles:
            yield heading(one_line(_text(shape.text_frame)), 1, page=number)
        for shape in shapes:
            if shape not in titles:
                yield from self._shape(shape, number)
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
            yield Block(_text(frame), kind="note", page=number)

    def _shape(self, shape: Any, number: int) -> Iterator[Block]:  # noqa: ANN401
        kind = _placeholder(shape)
        if kind in _NOT_SHOWN or shape._element.xpath("./*/p:cNvPr[@hidden='1' or @hidden='true']"):
            return
        if shape.has_table:
            yield Block(kind="table", rows=tuple(_rows(shape.table)), page=number)
        elif diagram := _diagram(shape):
            yield from (Block(text, 1, "list_item", BULLET, page=number) for text in diagram)
        elif shape.has_chart or shape._element.find(f".//{qn('a:graphicData')}") is not None:
            self._charts += 1
        elif shape.has_text_frame:
            if kind in _SAME_ON_EACH:
                text = _text(shape.text_frame)
                if text not in self._footers:
                    self._footers.add(text)
                    yield Block(text, page=number)
            else:
                yield from _paragraphs(shape.text_frame, number, is_list=kind in _LISTS)
        elif shape.shape_type in (MSO_SHAPE_TYPE.PICTURE, MSO_SHAPE_TYPE.LINKED_PICTURE):
            self._pictures += 1


def _write_formulas(file: File, slides: Iterable[Any]) -> None:
    """Sets what the formulas of all slides say in their place."""
    for slide in slides:
        choose_alternatives(slide._element)
    found = [formula for slide in slides for formula in slide._element.iter(_FORMULA) if "".join(formula.itertext())]
    try:
        texts = formulas(file, found) if found else []
    except DocumentError:
        texts = []
    if len(texts) != len(found):
        return  # they are told as not read, where it is not known which is which
    for formula, text in zip(found, texts, strict=True):
        before, after = formula.getprevious(), formula.getnext()
        if "/" in text or "√" in text:  # a fraction must not run into the number before or after it
            text = " " * _touches(before, -1) + text + " " * _touches(after, 0)
        run = etree.Element(_RUN)
        etree.SubElement(run, _TEXT).text = text
        formula.getparent().replace(formula, run)


def _touches(run: Any, end: int) -> bool:  # noqa: ANN401
    text = "" if run is None else run.findtext(_TEXT)
    return bool(text) and text[end].isalnum()


def _diagram(shape: Any) -> list[str]:  # noqa: ANN401
    """What the boxes of a diagram (SmartArt) say."""
    diagram = shape._element.find(f".//{tag('dgm:relIds')}")
    key = "" if diagram is None else diagram.get(tag("r:dm"), "")
    if key not in shape.part.rels:
        return []
    points = parsed(shape.part.related_part(key).blob).iter(tag("dgm:pt"))
    shown = (point for point in points if point.get("type", "node") in ("node", "asst"))
    texts = ("\n".join(filter(None, map(_line, point.iter(qn("a:p"))))) for point in shown)
    return [text for text in texts if text]


def _leaves(shapes: Iterable[Any]) -> Iterator[Any]:
    """The shapes in their order, those of groups in the group's place."""
    waiting = list(reversed(list(shapes)))
    while waiting:
        shape = waiting.pop()
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            waiting.extend(reversed(list(shape.shapes)))
        else:
            yield shape


def _placeholder(shape: Any) -> Any:  # noqa: ANN401
    return shape.placeholder_format.type if shape.is_placeholder else None


def _paragraphs(frame: Any, number: int, *, is_list: bool) -> Iterator[Block]:  # noqa: ANN401
    """Each a block. Those of a slide's main box are a list where there are several."""
    texts = [(_line(paragraph._p), paragraph.level, paragraph._p.find(_AUTOMATIC)) for paragraph in frame.paragraphs]
    texts = [(text, level, automatic) for text, level, automatic in texts if text]
    is_list = is_list and len(texts) > 1
    counters: dict[int, int] = {}
    for text, level, automatic in texts:
        ends = level + (automatic is not None)  # what isn't numbered lets numbers begin anew
        counters = {other: count for other, count in counters.items() if other < ends}
        marker = BULLET if is_list else ""
        if automatic is not None:
            counters[level] = counters.get(level, int(automatic.get("startAt", "1")) - 1) + 1
            marker = _number(counters[level], automatic.get("type", ""))
        yield Block(text, level + 1, "list_item", marker, page=number) if marker else Block(text, page=number)


def _number(number: int, kind: str) -> str:
    found = _NUMBERED.fullmatch(kind)
    numerals, enclosed = found.groups() if found else ("", "Period")
    return _ENCLOSED.get(enclosed, "{}").format(OF_WORD.get(_NUMERALS.get(numerals, ""), str)(number))


def _text(frame: Any) -> str:  # noqa: ANN401
    return "\n".join(filter(None, (_line(paragraph._p) for paragraph in frame.paragraphs)))


def _line(paragraph: Any) -> str:  # noqa: ANN401
    """A paragraph, without what is struck out and the number of the slide, with what is raised kept apart."""
    pieces: list[str] = []
    for part in paragraph:
        if part.tag == _BREAK:
            pieces.append("\n")
        elif part.tag == _RUN or (part.tag == _FIELD and part.get("type") != "slidenum"):
            pieces.append(_run(part.findtext(_TEXT) or "", part.find(_PROPERTIES)))
    return with_fractions("\n".join(filter(None, map(one_line, "".join(pieces).replace("\v", "\n").split("\n")))))


def _run(text: str, properties: Any) -> str:  # noqa: ANN401
    if properties is None:
        return text
    if properties.get("strike", "noStrike") != "noStrike":
        return ""
    baseline = properties.get("baseline", "0").rstrip("%")
    if baseline in ("", "0"):
        return text
    return raised_mark(text, subscript if baseline.startswith("-") else superscript)


def _rows(table: Any) -> Iterator[tuple[Cell, ...]]:  # noqa: ANN401
    for number, row in enumerate(table.rows):
        yield tuple(
            Cell(_text(cell.text_frame), number == 0 and table.first_row, cell.span_width, cell.span_height)
            for cell in row.cells
            if not cell.is_spanned
        )
