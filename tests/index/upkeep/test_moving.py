from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from index.documents import Document, DocumentDraft, Heading, Outline, TextBlock
from index.errors import CatalogueUnusable, WouldOverwrite
from index.passage_index import PassageIndex
from index.upkeep.moving import move, store_at
from tests.fakes import BagOfWordsEmbedder
from tests.postgres.server import PostgresServer

OUTLINE = Outline((0, 4), (Heading(0, 1, "Ferries"),), (TextBlock(0, 3, "heading", 1),), ("i", "ii"))


class Stopped(Exception):
    pass


def stop(*_: int) -> None:
    raise Stopped


def opened(place: str, folder: Path) -> PassageIndex:
    database = place if place.startswith("postgresql") else ""
    return PassageIndex(folder if database else Path(place), BagOfWordsEmbedder(), database=database)


def held(place: str, folder: Path) -> tuple[list[Document], list[object]]:
    """All that somebody sees of an index, but for its keys."""
    query = BagOfWordsEmbedder().embed_queries(["ferry"])[0]
    with opened(place, folder) as index:
        documents = index.documents()
        seen: list[object] = [index.with_text(each.id)[1] for each in documents]
        seen += [index.outline(each.id) for each in documents]
        seen += [each.original and index.original(each.id)[1].read_bytes() for each in documents]
        for hits in (index.search_dense(query, 999), index.search_lexical("ferry", 999)):
            passages = index.passages([hit.key for hit in hits])
            seen.append(sorted((passages[hit.key].id, round(hit.score, 4)) for hit in hits))
        seen += [index.shelves.collections(), index.usage, index.of_older_readings()]
    return documents, seen


def filled(place: str, folder: Path) -> None:
    with opened(place, folder) as index, index.incoming() as incoming:
        drafts = [
            DocumentDraft(
                f"{number}", f"The ferry number {number} sails. " * 9, f"{number}.txt", {"n": number}, OUTLINE,
                notes=("cut",), collections=frozenset({"sea"} if number % 2 else ()), file=f"/in/{number}"
            )
            for number in range(120)
        ]  # fmt: skip
        drafts[0] = incoming.keep(drafts[0], b"a file")
        documents = [document for document, _ in index.add_all(drafts)]
        index.replace(documents[1].id, DocumentDraft("other", "Another ferry.", "b.txt"))
        index.delete(documents[2].id)
        index.shelves.add_collection("empty")


@pytest.mark.parametrize("is_from_folder", [True, False])
def test_what_is_moved_is_what_was_there_and_what_broke_off_goes_on(
    tmp_path: Path, postgres: PostgresServer, is_from_folder: bool
) -> None:
    places = [str(tmp_path / "folder"), postgres.new_database()]
    source, target = places if is_from_folder else places[::-1]
    filled(source, tmp_path / "derived")
    before = held(source, tmp_path / "derived")
    with store_at(source) as one, store_at(target) as other:
        with pytest.raises(Stopped):
            move(one, other, stop)
        assert move(one, other).copied == len(before[0]) - 50
        assert move(one, other).copied == 0
    assert held(target, tmp_path / "others") == before
    with opened(source, tmp_path / "derived") as index:
        index.rename(before[0][3].id, "renamed")
    with store_at(source) as one, store_at(target) as other:
        assert move(one, other).copied == 1
    assert held(target, tmp_path / "others") == held(source, tmp_path / "derived")
    with opened(target, tmp_path / "others") as index:
        index.add(DocumentDraft("", "Something else."))
    with store_at(source) as one, store_at(target) as other, pytest.raises(WouldOverwrite):
        move(one, other)


def test_a_file_that_is_damaged_is_told_and_not_moved(tmp_path: Path, postgres: PostgresServer) -> None:
    source, target = str(tmp_path / "folder"), postgres.new_database()
    filled(source, tmp_path)
    with opened(source, tmp_path) as index:
        index.original(index.documents()[0].id)[1].write_bytes(b"damaged")
    with store_at(source) as one, store_at(target) as other:
        assert move(one, other).files_missing == 1
    with psycopg.connect(target) as db:
        assert db.execute("SELECT count(*) FROM originals").fetchall() == [(0,)]


def test_where_nothing_is_nothing_is_made(tmp_path: Path) -> None:
    with (
        pytest.raises(CatalogueUnusable, match="there is no index"),
        store_at(str(tmp_path / "mistyped"), is_there=True),
    ):
        pass
    assert not (tmp_path / "mistyped").exists()
