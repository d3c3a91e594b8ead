"""Long documents are embedded and stored in pieces: memory does not grow with them, and they are there whole or not."""

from __future__ import annotations

import os
import resource
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.documents import DocumentDraft
from index.errors import CatalogueFull
from index.interfaces import Vectors
from index.passage_index import PassageIndex
from index.passages.splitting import PassageRange
from index.store import intake
from tests.crash.folder import check_index
from tests.fakes import BagOfWordsEmbedder

LONG = " ".join(f"The story {n} says word {'long ' * (n % 7)}." for n in range(300))


class WideEmbedder(BagOfWordsEmbedder):
    """As wide as a real one, and instant: vectors dominate what is held."""

    fingerprint = "wide@1"
    dimension = 384

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        vectors[:, 0] = 1
        return vectors


class Recording(BagOfWordsEmbedder):
    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        return super().embed_passages(texts)


def lines(text: str, *_: object, **__: object) -> Iterator[PassageRange]:
    """A passage for each line of eight characters, one after the other."""
    return (PassageRange(at, at + 7) for at in range(0, len(text), 8))


def peak(folder: Path, passages: int) -> int:
    """The most bytes that Python and numpy hold while a document of so many passages is put in, over its text."""
    draft = DocumentDraft("", "".join(f"{n:07}\n" for n in range(passages)))
    with PassageIndex(folder, WideEmbedder()) as index:
        tracemalloc.start()
        try:
            document, _ = index.add(draft)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert document.passages == passages
    return most - 4 * len(draft.text)  # encoded for its hash, for SQLite, …


def test_what_is_held_does_not_grow_with_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "split", lines)
    few, many = 10_000, 40_000
    small, large = peak(tmp_path / "few", few), peak(tmp_path / "many", many)
    # of each passage more: not its vector (1,536 bytes), nor its text or a tuple (some 100 each)
    assert large - small < 40 * (many - few)
    assert large < 64_000_000


def test_passages_of_many_windows_keep_their_vectors_and_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_WINDOW", 7)
    monkeypatch.setattr(intake, "_IN_MEMORY_BYTES", 1_000)
    told: list[tuple[int, int]] = []
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        index.add_all(
            [
                DocumentDraft("", LONG),
                DocumentDraft("", "The story of one word."),
                DocumentDraft("", LONG + " The story."),
            ],
            lambda done, total: told.append((done, total)),
        )
        assert len(check_index(index)) == 3
        passages = index.count()[1]
        document = index.documents(limit=1)[0]
        index.replace(document.id, DocumentDraft("", LONG.replace("story", "story (again)")))
        check_index(index)
        done = [done for done, _ in told]
        assert done == sorted(done)
        assert all(done <= total for done, total in told)
        assert told[-1] == (passages, passages)


def test_the_passages_of_an_ordinary_group_share_batches_by_their_length(tmp_path: Path) -> None:
    embedder = Recording()
    with PassageIndex(tmp_path, embedder) as index:
        index.add_all([DocumentDraft("", LONG), DocumentDraft("", LONG[:500])])
    assert [len(batch) for batch in embedder.batches[:-1]] == [64] * (len(embedder.batches) - 1)
    lengths = [len(text) for batch in embedder.batches for text in batch]
    assert lengths == sorted(lengths, reverse=True)


def test_where_it_is_stopped_half_way_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_WINDOW", 16)
    monkeypatch.setattr(intake, "_IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def stop(done: int, total: int) -> None:
        if done >= 48:
            assert {path.name for path in (tmp_path / "data").iterdir()} == before, "it has no name"
            raise KeyboardInterrupt

    with PassageIndex(tmp_path / "data", BagOfWordsEmbedder()) as index:
        before = {path.name for path in (tmp_path / "data").iterdir()}
        for _ in range(3):
            open_files = len(os.listdir("/proc/self/fd"))
            with pytest.raises(KeyboardInterrupt):
                index.add(DocumentDraft("", LONG), stop)
            assert len(os.listdir("/proc/self/fd")) == open_files
        assert index.count() == (0, 0)
        assert {path.name for path in (tmp_path / "data").iterdir()} == before
        assert not list((tmp_path / "temporary").iterdir())


def test_a_disk_without_room_for_the_vectors_is_told_as_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_IN_MEMORY_BYTES", 100)
    embedder = Recording()
    with PassageIndex(tmp_path, embedder) as index:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
        try:
            with pytest.raises(CatalogueFull, match="free some space"):
                index.add(DocumentDraft("", LONG))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert index.count() == (0, 0)
        index.add(DocumentDraft("", LONG))
        check_index(index)


def test_vectors_that_cannot_be_read_back_store_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_WINDOW", 16)
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("", "The story says one word."))
        blocks = intake.Spool._blocks

        def broken(self: intake.Spool, first: int, count: int) -> Iterator[object]:
            yield next(iter(blocks(self, first, count)))
            raise CatalogueFull

        monkeypatch.setattr(intake.Spool, "_blocks", broken)
        for change in (
            lambda: index.add_all([DocumentDraft("", "The story of another word."), DocumentDraft("", LONG)]),
            lambda: index.replace(document.id, DocumentDraft("", LONG)),
        ):
            with pytest.raises(CatalogueFull):
                change()
            assert list(check_index(index).values()) == ["The story says one word."]
