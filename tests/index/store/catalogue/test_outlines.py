"""Where a character of a stored document is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft, Heading, Location, Outline
from index.errors import EmbedderMismatch, MalformedFile
from index.passage_index import PassageIndex
from index.store.catalogue.shelves import Wanted
from index.store.databases.schema import SCHEMA_VERSION
from tests.fakes import BagOfWordsEmbedder
from tests.samples.older import make_older
from tests.stores import over_both  # noqa: F401

TEXT = "The ferry leaves at noon. It takes an hour. The train leaves at two."


class OtherEmbedder(BagOfWordsEmbedder):
    fingerprint = "other@1"


_starts = st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted)
_outlines = st.builds(
    lambda pages, headings, labelled: Outline(
        tuple(pages),
        tuple(Heading(at, 1, f"h{n}") for n, at in enumerate(headings)),
        labels=tuple(f"p{n}" for n in range(1, len(pages) + 1)) if labelled else (),
    ),
    _starts,
    _starts,
    st.booleans(),
)


@given(_outlines)
def test_a_location_is_what_begins_last_before_it(outline: Outline) -> None:
    for at in range(len(TEXT)):
        pages = [number for number, start in enumerate(outline.pages, start=1) if start <= at]
        headings = [heading.text for heading in outline.headings if heading.start <= at]
        label = f"p{pages[-1]}" if pages and outline.labels else None
        assert outline.location(at) == Location(pages[-1] if pages else None, headings[-1] if headings else None, label)


def test_the_catalogue_gives_back_the_outline_and_finds_by_offset(index: PassageIndex) -> None:
    headings = (Heading(4, 1, "Ferry"), Heading(44, 2, "Train"), Heading(44, 3, "Two"))
    outline = Outline((0, 26, 26), headings, labels=("iv", "", "A-1"))
    document, _ = index.add(DocumentDraft("a", TEXT, outline=outline))
    assert index._catalogue.outline(document.id) == outline
    for at in range(len(TEXT)):
        assert index.location(document, at) == outline.location(at)


def test_an_outline_goes_and_changes_with_its_document(index: PassageIndex) -> None:
    old, _ = index.add(DocumentDraft("a", TEXT, outline=Outline((0,), (Heading(0, 1, "Old"),))))
    new = index.replace(old.id, DocumentDraft("a", TEXT + " New.", outline=Outline((), (Heading(0, 1, "New"),))))
    assert index.location(new, 5) == Location(None, "New")
    assert index.location(old, 5) == Location(), "its text is not there any more"
    index.delete(old.id)
    assert index._catalogue.outline(old.id) == Outline()


@pytest.mark.parametrize("outline", [((3, 2), ()), ((-1,), ()), ((), (Heading(5, 1, "a"), Heading(4, 1, "b")))])
def test_an_outline_is_in_the_order_of_the_text(outline: tuple[tuple[int, ...], tuple[Heading, ...]]) -> None:
    with pytest.raises(ValueError, match="order of the text"):
        Outline(*outline)


def test_a_heading_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(MalformedFile):
        DocumentDraft("a", "b", outline=Outline((), (Heading(0, 1, "\ud800"),)))


def _tables(folder: Path) -> tuple[int, list[tuple[str, str]]]:
    db = sqlite3.connect(folder / "catalogue.sqlite3")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    tables = db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    db.close()
    return version, tables


def test_a_catalogue_of_version_1_keeps_what_it_has_and_takes_outlines(tmp_path: Path) -> None:
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("", TEXT))
        passages = index.passages(range(100))
        named, _ = index.add(DocumentDraft("Zürich", "A place.", "Größe.txt"))
    fresh = _tables(tmp_path)
    make_older(tmp_path, 1)
    with pytest.raises(EmbedderMismatch):
        PassageIndex(tmp_path, OtherEmbedder())
    assert _tables(tmp_path)[0] == 1, "what is refused is not changed"
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        assert index.with_text(document.id) == (document, TEXT)
        assert index.passages([*passages]) == passages
        assert index.search_lexical("ferry", 5)
        assert index.location(document, 3) == Location()
        assert [index.shelves.ids(Wanted(words=word)) for word in ("ZURICH", "grosse")] == [[named.id], [named.id]]
        assert [each.id for each in index.shelves.page(Wanted(), sort="title")[0]] == [document.id, named.id]
        other, _ = index.add(DocumentDraft("b", "Another.", outline=Outline((0,))))
        assert index.location(other, 3).page == 1
    assert _tables(tmp_path) == fresh
    assert fresh[0] == SCHEMA_VERSION
