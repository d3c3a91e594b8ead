"""A catalogue that was copied or restored, beside what was derived from another history of it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from index.upkeep.doctor import examine
from tests import strategies
from tests.crash.folder import ALL, check_index
from tests.fakes import BagOfWordsEmbedder
from tests.index.test_durability import may_only_read
from tests.samples.hits import passages_of
from tests.samples.older import make_older

CATALOGUE = "catalogue.sqlite3"
# their vectors are not those of shorter names, so that one in another's place is noticed
LOST = [f"a name that nobody finds again, which was number {n} of the story" for n in range(3)]


def opened(folder: Path) -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder())


def add(index: PassageIndex, *names: str) -> None:
    """Each a document whose only passage holds the word that `check_index` searches for."""
    for name in names:
        index.add(DocumentDraft("", f"The story of {name} says word."))


def stories(*names: str) -> set[str]:
    return {f"The story of {name} says word." for name in names}


def put_back(backup: Path, folder: Path) -> None:
    """As ``cp`` of a backup over a catalogue that nobody has open."""
    shutil.copy(backup, folder / CATALOGUE)


def put_back_while_open(backup: Path, folder: Path) -> None:
    """As SQLite itself restores: the file stays, other pages are in it."""
    with closing(sqlite3.connect(backup)) as source, closing(sqlite3.connect(folder / CATALOGUE)) as target:
        source.backup(target)


@pytest.fixture
def forked(tmp_path: Path) -> Path:
    """Two folders, ``one`` and ``other``, that went different ways from a common beginning, equally far."""
    with opened(tmp_path / "one") as index:
        add(index, "both")
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    for name in ("one", "other"):
        with opened(tmp_path / name) as index:
            add(index, *(f"{name} {n}" for n in range(4)))
    return tmp_path


@pytest.mark.parametrize("more", [0, 1, 4, 12])
def test_new_documents_are_found_after_a_backup_was_put_back_beside_newer_snapshots(tmp_path: Path, more: int) -> None:
    with opened(tmp_path) as index:
        add(index, "before")
    shutil.copy(tmp_path / CATALOGUE, tmp_path / "backup")
    with opened(tmp_path) as index:
        add(index, *LOST)
    put_back(tmp_path / "backup", tmp_path)
    names = [f"new {n}" for n in range(more)]
    # by a process that dies without a snapshot of its own
    index = opened(tmp_path)
    add(index, *names)
    index._catalogue.close()
    with opened(tmp_path) as index:
        assert set(check_index(index).values()) == stories("before", *names)


def test_what_was_derived_from_a_copy_that_went_another_way_is_not_used(forked: Path) -> None:
    for path in (forked / "other").glob("vectors-*"):
        shutil.copy(path, forked / "one" / path.name)
    with opened(forked / "one") as index:
        assert set(check_index(index).values()) == stories("both", *(f"one {n}" for n in range(4)))
    put_back(forked / "other" / CATALOGUE, forked / "one")
    with opened(forked / "one") as index:
        assert set(check_index(index).values()) == stories("both", *(f"other {n}" for n in range(4)))


def test_what_is_of_another_history_is_thrown_away_at_opening(forked: Path) -> None:
    strange = {path.name for path in (forked / "one").glob("vectors-*")}
    assert strange
    put_back(forked / "other" / CATALOGUE, forked / "one")
    opened(forked / "one")._catalogue.close()
    assert not strange & {path.name for path in (forked / "one").iterdir()}


def test_where_nothing_may_be_written_it_is_left_and_not_used() -> None:
    folder = Path(tempfile.mkdtemp(prefix="sourcespan-readable-"))
    with opened(folder / "data") as index:
        add(index, "before")
    shutil.copy(folder / "data" / CATALOGUE, folder / "backup")
    with opened(folder / "data") as index:
        add(index, "lost")
    put_back(folder / "backup", folder / "data")
    with may_only_read(folder / "data"), opened(folder / "data") as index:
        assert set(check_index(index).values()) == stories("before")
    assert list((folder / "data").glob("vectors-*"))
    shutil.rmtree(folder)


def test_the_doctor_names_a_snapshot_of_another_history(forked: Path) -> None:
    put_back(forked / "other" / CATALOGUE, forked / "one")
    findings = [f for f in examine(forked / "one", BagOfWordsEmbedder()) if f.severity != "fine"]
    assert [(finding.check, finding.severity) for finding in findings] == [
        ("words", "warning"),
        ("snapshot", "warning"),
    ]
    assert all("another history" in f.says for f in findings)


@pytest.mark.parametrize("more", [0, 1, 2, 6])
def test_a_running_process_notices_that_its_catalogue_was_restored(tmp_path: Path, more: int) -> None:
    with opened(tmp_path) as index:
        add(index, "before")
    shutil.copy(tmp_path / CATALOGUE, tmp_path / "backup")
    with opened(tmp_path) as running:
        add(running, *LOST)
        check_index(running)
        put_back_while_open(tmp_path / "backup", tmp_path)
        names = [f"new {n}" for n in range(more)]
        with opened(tmp_path) as other:
            add(other, *names)
        assert set(check_index(running).values()) == stories("before", *names)
        add(running, "last")
        assert set(check_index(running).values()) == stories("before", *names, "last")
    with opened(tmp_path) as index:
        assert set(check_index(index).values()) == stories("before", *names, "last")


def test_what_is_kept_of_words_is_not_kept_beyond_another_history_of_as_many_changes(forked: Path) -> None:
    with opened(forked / "one") as running:
        running.search_lexical("story", ALL)
        put_back_while_open(forked / "other" / CATALOGUE, forked / "one")
        found = passages_of(running, running.search_lexical("one other", ALL))
        assert {passage.text for passage in found} == stories(*(f"other {n}" for n in range(4)))
        assert running.count() == (5, 5)


def test_a_catalogue_and_a_snapshot_of_the_version_before_go_on(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        add(index, "a", "b")
        generation = index._catalogue.generation
    make_older(tmp_path, 2)
    for path in tmp_path.glob("vectors-*"):  # as they were named then, and what the manifest said
        text = path.read_bytes().replace(b'"token"', b'"nothing"') if path.suffix == ".json" else path.read_bytes()
        path.with_name(f"vectors-0123456789abcdef-{generation.number}{path.suffix}").write_bytes(text)
        path.unlink()
    with opened(tmp_path) as index:
        assert set(check_index(index).values()) == stories("a", "b")
        assert index._catalogue.generation.number == generation.number
        assert index._catalogue.generation.token != generation.token
        assert not list(tmp_path.glob("vectors-*"))
        add(index, "c")
    with opened(tmp_path) as index:
        assert set(check_index(index).values()) == stories("a", "b", "c")


def test_a_change_by_a_process_of_the_version_before_has_a_token_too(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        before = index._catalogue.generation
        with closing(sqlite3.connect(tmp_path / CATALOGUE)) as db, db:
            db.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
        after = index._catalogue.generation
        assert (after.number, after.token != before.token) == (before.number + 1, True)
        assert index._catalogue.has_been(before)


def test_the_history_stays_short_and_who_was_away_for_longer_begins_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as running:
        add(running, "a")
        long_ago = running._catalogue.generation
        with closing(sqlite3.connect(tmp_path / CATALOGUE)) as db, db:
            for _ in range(10_100):
                db.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
            assert db.execute("SELECT count(*) FROM history").fetchone()[0] <= 10_000
        assert not running._catalogue.has_been(long_ago)
        add(running, "b")
        assert set(check_index(running).values()) == stories("a", "b")


steps = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "replace", "snapshot"]), strategies.documents), min_size=1, max_size=5
)


@settings(max_examples=20, deadline=None)
@given(common=steps, one=steps, other=steps, after=steps, running=st.booleans())
def test_search_is_that_of_the_catalogue_whatever_lies_beside_it(
    common: list[tuple[str, str]],
    one: list[tuple[str, str]],
    other: list[tuple[str, str]],
    after: list[tuple[str, str]],
    running: bool,
) -> None:
    """Copies a folder, goes on in both, puts one's catalogue among the other's derived files, and goes on."""
    with tempfile.TemporaryDirectory() as name:
        first, second = Path(name) / "first", Path(name) / "second"
        with opened(first) as index:
            go_on(index, common)
        shutil.copytree(first, second)
        for folder, changes in ((first, one), (second, other)):
            with opened(folder) as index:
                go_on(index, changes)
        for path in second.glob("vectors-*"):
            shutil.copy(path, first / path.name)
        if running:
            index = opened(first)
            put_back_while_open(second / CATALOGUE, first)
        else:
            put_back(second / CATALOGUE, first)
            index = opened(first)
        assert_in_step(index)
        go_on(index, after)
        assert_in_step(index)
        index.close()
        with opened(first) as index:
            assert_in_step(index)


def go_on(index: PassageIndex, changes: list[tuple[str, str]]) -> None:
    for do, text in changes:
        ids = [document.id for document in index.documents(limit=ALL)]
        if do == "snapshot":
            index.save_snapshot()
        elif do == "add" or not ids:
            index.add(DocumentDraft("", text))
        elif do == "delete":
            index.delete(ids[0])
        elif index._catalogue.known(DocumentDraft("", text), None)[0] is None:
            index.replace(ids[0], DocumentDraft("", text))


def assert_in_step(index: PassageIndex) -> None:
    """Every passage is found with the score of its text, and nothing else."""
    query = BagOfWordsEmbedder().embed_queries(["The ferry leaves at noon"])[0]
    hits = index.search_dense(query, ALL)
    assert [hit.key for hit in sorted(hits, key=lambda hit: hit.key)] == index._catalogue.keys().tolist()
    for hit, passage in zip(hits, passages_of(index, hits), strict=True):
        vector = BagOfWordsEmbedder().embed_queries([passage.text])[0]
        assert hit.score == pytest.approx(float(vector @ query), abs=1e-5)
