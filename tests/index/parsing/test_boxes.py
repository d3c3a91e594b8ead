"""Where the stored text stands on the pages of its PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import PIL.Image
import pypdfium2
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from index.documents import Document
from index.errors import DocumentNotFound, InvalidSpan, NoPages, OriginalNotKept, PageNotFound
from index.ingestion.build import ingest
from index.parsing.isolated import Parser
from index.parsing.pdf.alignment import aligned, is_letter
from index.parsing.pdf.boxes import PageBoxes, Wanted, boxes_on
from index.passage_index import PassageIndex
from index.shown import boxes, page_image
from tests.index.parsing.test_pdf import PROSE, all_of, drawn, lines, read, with_marks
from tests.samples.files import pdf_of

SAID = "harbour office weighs each barrel twice on the quay in a 3,000 (see) fee: 12.5"
WORDS = st.sampled_from(sorted(SAID.split()))


def seen_in(path: Path, page: int, rectangles: Sequence[tuple[float, float, float, float]]) -> str:
    """The characters whose middles PDFium reports within the rectangles, without white space, in its order."""
    document = pypdfium2.PdfDocument(path)
    height = document[page - 1].get_height()
    text = document[page - 1].get_textpage()
    inside = []
    for number in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(number, loose=True)
        x, y = (left + right) / 2, height - (bottom + top) / 2
        if any(a <= x <= c and b <= y <= d for a, b, c, d in rectangles):
            inside.append(text.get_text_range(number, 1))
    document.close()
    return "".join("".join(inside).split())


def places(path: Path, text: str, start: int, end: int, page: int = 1) -> PageBoxes:
    (found,) = boxes_on(str(path), "a.pdf", [Wanted(page, text, start, end)])
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pdfs")


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), min_size=1, max_size=25), st.booleans(), st.data()
)
def test_rectangles_cover_exactly_the_characters_of_a_range(
    folder: Path, texts: list[str], two_columns: bool, data: st.DataObject
) -> None:
    half = len(texts) // 2
    assume(not two_columns or all(stringWidth(line, "Times-Roman", 12) < 330 - 72 for line in texts[:half]))
    columns = all_of(lines(*texts[:half]), lines(*texts[half:], left=330)) if two_columns else lines(*texts)
    file = folder / "a.pdf"
    file.write_bytes(drawn(columns))
    text = read(columns).text
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = places(file, text, start, end)
    assert (found.width, found.height) == pytest.approx((595.28, 841.89), abs=0.01)
    if found.certain:
        expected = [c for c in text[start:end] if not c.isspace() and c != "|"]
        assert sorted(seen_in(file, 1, found.rectangles)) == sorted(expected)


def test_a_page_of_prose_is_placed_whole(folder: Path) -> None:
    file = folder / "prose.pdf"
    file.write_bytes(drawn(lines(*PROSE)))
    text = read(lines(*PROSE)).text
    for start in range(0, len(text) - 30, 5):
        for end in (start + 1, start + 4, start + 30):
            if any(map(is_letter, text[start:end])):
                assert places(file, text, start, end).certain, text[start:end]


BLOCKS = st.sampled_from(["alpha beta gamma", "delta epsilon", "zeta eta theta iota", "one", "two", "Chapter 4"])


@given(st.lists(st.tuples(BLOCKS, st.none() | BLOCKS), max_size=8))
@example([("one", None), ("alpha beta gamma", "one"), ("one", "one")])
def test_what_is_certain_is_never_what_the_text_leaves_out(blocks: list[tuple[str, str | None]]) -> None:
    """The page has the blocks of the text, and before some of them others, which the text leaves out."""
    stored = "\n".join(block for block, _ in blocks)
    lines: list[str] = []
    page: list[tuple[str, int]] = []
    start = 0
    for block, left_out in blocks:
        page += [(character, -1) for character in left_out or ""]
        page += [(character, start + offset) for offset, character in enumerate(block)]
        lines += ["".join((left_out or "").split()), "".join(block.split())]
        start += len(block) + 1
    page = [(character, offset) for character, offset in page if character != " "]
    found = aligned(stored, lines)
    for offset, place in enumerate(found):
        assert place is None or page[place] == (stored[offset], offset)
    if not any(left_out for _, left_out in blocks):
        once = [block for block, _ in blocks if stored.count(block) == 1 and len(block) > 9]
        assert all(found[offset] is not None for block in once for offset in (stored.index(block),))


def test_a_line_that_stands_twice_on_a_page_is_told_by_its_neighbours(folder: Path) -> None:
    file = folder / "twice.pdf"
    page = lines("Fee of the first harbour", "see below", "Fee of the second harbour", "see below", "End of the list")
    file.write_bytes(drawn(page))
    text = read(page).text
    first, second = text.index("see below"), text.rindex("see below")
    upper, lower = (places(file, text, start, start + 9) for start in (first, second))
    assert upper.rectangles[0][1] < lower.rectangles[0][1]
    assert not places(file, text.replace("first", "other"), first, first + 9).certain


def test_what_the_page_does_not_say_has_no_place(folder: Path) -> None:
    file = folder / "prose.pdf"
    file.write_bytes(drawn(lines(*PROSE)))
    found = places(file, "Nothing of this is there.", 0, 7)
    assert (found.certain, found.rectangles) == (False, ())


def test_raised_marks_ligatures_and_turned_pages_have_places(folder: Path) -> None:
    def turned(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        lines("The \ufb01rst o\ufb03ce weighs each barrel", "and the second does it twice", top=400)(canvas)

    file = folder / "marks.pdf"
    page = all_of(with_marks(72, 700, "It grew by 10", "5", " in a year", "7"), lines("Another line of it", top=650))
    file.write_bytes(drawn(page, turned))
    content = read(page, turned)
    first, second = content.text[: content.outline.pages[1]], content.text[content.outline.pages[1] :]
    start = first.index("10⁵")
    assert seen_in(file, 1, places(file, first, start, start + 3).rectangles) == "105"
    found = places(file, second, second.index("barrel"), second.index("barrel") + 6, page=2)
    assert (found.width, found.height) == pytest.approx((595.28, 841.89), abs=0.01)
    ((left, top, right, bottom),) = found.rectangles
    assert 0 < left < right < found.width
    assert 0 < top < bottom < found.height


@pytest.fixture
def report(index: PassageIndex, tmp_path: Path, parser: Parser) -> Document:
    """A stored PDF of two pages."""
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf_of([[("BodyText", " ".join(PROSE))], [("BodyText", "The second page is short.")]]))
    with Parser(max_original=1_000_000) as keeping:
        (added,) = ingest(index, [file], keeping)
    return added.document_or_error()


def test_a_range_over_two_pages_has_a_part_on_each(index: PassageIndex, report: Document, parser: Parser) -> None:
    text = index.with_text(report.id)[1]
    first, second = boxes(index, parser, report.id, text.index("island"), text.index("page is"))
    path = index.original(report.id)[1]
    assert (first.page, seen_in(path, 1, first.rectangles)) == (1, "island.")
    assert (second.page, seen_in(path, 2, second.rectangles)) == (2, "Thesecond")


@pytest.mark.parametrize(("start", "end"), [(5, 5), (0, 10**9), (-1, 4)])
def test_a_range_must_be_one_of_the_text(
    index: PassageIndex, report: Document, parser: Parser, start: int, end: int
) -> None:
    with pytest.raises(InvalidSpan):
        boxes(index, parser, report.id, start, end)


def test_only_kept_pdfs_are_shown(index: PassageIndex, report: Document, parser: Parser, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A plain text.")
    with Parser(max_original=100) as keeping:
        (plain,) = ingest(index, [tmp_path / "a.txt"], keeping)
    with pytest.raises(NoPages):
        boxes(index, parser, plain.document_or_error().id, 0, 4)
    with pytest.raises(DocumentNotFound):
        page_image(index, parser, "nobody", 1, 1.0)
    for number in (0, 3):
        with pytest.raises(PageNotFound):
            page_image(index, parser, report.id, number, 1.0)
    index.original(report.id)[1].unlink()
    with pytest.raises(OriginalNotKept):
        boxes(index, parser, report.id, 0, 4)


def test_pictures_of_pages_are_as_large_as_asked_for_up_to_a_limit(
    index: PassageIndex, report: Document, parser: Parser, tmp_path: Path
) -> None:
    image = PIL.Image.open(io.BytesIO(page_image(index, parser, report.id, 1, 0.5)))
    assert image.format == "PNG"
    assert image.size == pytest.approx((298, 421), abs=1)
    huge = tmp_path / "huge.pdf"
    canvas = Canvas(str(huge), pagesize=(14_000, 7_000))
    canvas.drawString(72, 72, "A poster")
    canvas.save()
    with Parser(max_original=1_000_000) as keeping:
        (added,) = ingest(index, [huge], keeping)
    poster = PIL.Image.open(io.BytesIO(page_image(index, parser, added.document_or_error().id, 1, 4.0)))
    assert 15_900_000 < poster.width * poster.height <= 16_020_000
