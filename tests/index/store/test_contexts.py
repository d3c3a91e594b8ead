"""Where passages stand: kept with them, and unknown of those that were stored before."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given

from index.documents import DocumentDraft
from index.parsing.blocks import Block, Cell, from_blocks, heading
from index.parsing.content import Content
from index.parsing.packed import PackedDraft
from index.passage_index import PassageIndex
from index.passages.reading_text import Context
from tests import strategies
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of
from tests.samples.older import make_older
from tests.stores import over_both  # noqa: F401

ROWS = (("Station", "Total"), ("Brask", "88"), ("a | b", "7"), ("Oda", "5"))
TABLE = Block(kind="table", rows=tuple(tuple(Cell(text, n == 0) for text in row) for n, row in enumerate(ROWS)))
CONTENT = from_blocks([heading("Water", 1), heading("Catch of the year", 2), TABLE])
DRAFT = DocumentDraft("Water", CONTENT.text, outline=CONTENT.outline)


@given(strategies.contents)
def test_blocks_and_their_columns_survive_the_way_from_a_worker(content: Content) -> None:
    draft = DocumentDraft("", content.text, outline=content.outline)
    packed = PackedDraft.of(draft)
    buffers = {name: bytearray(getattr(packed, name)) for name in _BUFFERS}
    arrived = PackedDraft(**{name: getattr(packed, name) for name in PackedDraft.__slots__} | buffers).draft()
    assert arrived == draft


_BUFFERS = ("pages", "heading_starts", "heading_levels", "blocks", "sentences")


def test_a_passage_is_found_by_its_context_and_keeps_it(tmp_path: Path) -> None:
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("Fish", "Some text."))
        index.add(DRAFT)
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        found = passages_of(index, index.search_lexical("fish", 5))
        assert [passage.document_id for passage in found] == [document.id], "by a title that its text does not have"
        assert found[0].reading.text == "Fish\nSome text."
        (table,) = passages_of(index, index.search_lexical("Brask", 5))
        assert table.text == CONTENT.text[table.start : table.end]
        assert "Station: Brask | Total: 88\na | b | 7\nStation: Oda | Total: 5" in table.reading.text
        vector = BagOfWordsEmbedder().embed_passages([table.reading.text])[0]
        assert index.search_dense(vector, 1)[0].score > 0.9999


def test_passages_of_before_are_read_bare(tmp_path: Path) -> None:
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        index.add(DRAFT)
    make_older(tmp_path, 5)
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        old = index.passages(range(10))
        assert old
        assert all(passage.context == Context() and passage.reading.text == passage.text for passage in old.values())
        document, _ = index.add(DocumentDraft("Fish", "Some text."))
        (new,) = passages_of(index, index.search_lexical("fish", 5))
        assert (new.document_id, new.context.path) == (document.id, "Fish")
