from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.errors import MalformedFile
from index.ingestion import following
from index.ingestion.build import add_many, ingest
from index.interfaces import Vectors
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from tests import strategies
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of


class Counting(BagOfWordsEmbedder):
    """Notes the texts of every batch; stops where it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.stop_at: str | None = None

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if self.stop_at is not None and any(self.stop_at in text for text in texts):
            raise KeyboardInterrupt
        self.batches.append(list(texts))
        return super().embed_passages(texts)


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture
def index(tmp_path: Path, embedder: Counting) -> Iterator[PassageIndex]:
    with PassageIndex(tmp_path / "data", embedder) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty small files, one of them broken, one the same as another."""
    made = tmp_path / "docs"
    made.mkdir()
    for n in range(20):
        (made / f"{n:02}.txt").write_text(f"Story {n} has {'very ' * n}few words.")
    (made / "05.txt").write_bytes(b"\x00\x01\x02")
    (made / "07.txt").write_bytes((made / "06.txt").read_bytes())
    return made


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_DOCUMENTS_IN_GROUP", 3)


def test_every_file_has_its_outcome_in_order(index: PassageIndex, folder: Path, parser: Parser) -> None:
    outcomes = list(ingest(index, [folder], parser))
    assert [Path(outcome.path or "").name for outcome in outcomes] == [f"{n:02}.txt" for n in range(20)]
    assert [n for n, outcome in enumerate(outcomes) if not outcome.is_new] == [5, 7]
    assert isinstance(outcomes[5].error, MalformedFile)
    assert outcomes[7].document_or_error().id == outcomes[6].document_or_error().id
    assert outcomes[7].document_or_error().sources == ("06.txt", "07.txt")
    for outcome in outcomes:
        if outcome.document is not None:
            assert index.with_text(outcome.document.id)[1] == Path(outcome.path or "").read_text()


def test_small_files_share_batches_of_like_length(
    index: PassageIndex, folder: Path, embedder: Counting, parser: Parser
) -> None:
    list(ingest(index, [folder], parser))
    (batch,) = embedder.batches
    assert len(batch) == 18
    assert [len(text) for text in batch] == sorted(map(len, batch), reverse=True)


@pytest.mark.usefixtures("small_groups")
def test_what_was_yielded_is_durable_and_not_embedded_again(
    index: PassageIndex, folder: Path, embedder: Counting, tmp_path: Path, parser: Parser
) -> None:
    embedder.stop_at = "Story 10 "
    with pytest.raises(KeyboardInterrupt):
        list(ingest(index, [folder], parser))
    index._catalogue.close()  # as a kill would leave it
    embedder.stop_at, embedder.batches = None, []
    with PassageIndex(tmp_path / "data", embedder) as again:
        before = again.count()[0]
        assert before == 7, "three groups of three files, without the broken one and the copy"
        outcomes = list(ingest(again, [folder], parser))
        assert sum(outcome.is_new for outcome in outcomes) == 18 - before
        assert sum(len(batch) for batch in embedder.batches) == 18 - before


@pytest.mark.usefixtures("small_groups")
def test_each_outcome_can_be_found_when_it_is_told(
    index: PassageIndex, folder: Path, tmp_path: Path, parser: Parser
) -> None:
    outcomes = ingest(index, [folder], parser)
    with PassageIndex(tmp_path / "data", BagOfWordsEmbedder()) as other:
        for outcome in islice(outcomes, 4):
            assert outcome.document is not None
            assert other.document(outcome.document.id) == outcome.document


@pytest.mark.usefixtures("small_groups")
def test_progress_goes_over_the_bytes_of_all_files(index: PassageIndex, folder: Path, parser: Parser) -> None:
    (folder / "08.txt").write_text(" ".join(f"Sentence {n} of a long story." for n in range(2_000)))
    size = sum(file.stat().st_size for file in folder.iterdir())
    new: list[tuple[int, int]] = []
    known: list[tuple[int, int]] = []
    list(ingest(index, [folder], parser, lambda done, total: new.append((done, total))))
    list(ingest(index, [folder], parser, lambda done, total: known.append((done, total))))
    for told in (new, known):
        assert {total for _, total in told} == {size}
        assert all(before <= after for (before, _), (after, _) in pairwise(told))
        assert told[-1][0] == size
        assert len(told) >= 7


def test_a_file_that_is_gone_is_told_like_any_other_fault(index: PassageIndex, tmp_path: Path, parser: Parser) -> None:
    (outcome,) = ingest(index, [tmp_path / "gone.txt"], parser)
    assert "gone.txt" in str(outcome.error)


@given(st.lists(strategies.documents, max_size=12), st.integers(1, 5), st.integers(1, 300))
def test_many_at_once_are_what_one_by_one_would_be(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], documents: int, characters: int
) -> None:
    drafts = [DocumentDraft("t", text) for text in texts]
    told: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "_DOCUMENTS_IN_GROUP", documents)
        patch.setattr(following, "_CHARACTERS_IN_GROUP", characters)
        with (
            PassageIndex(tmp_path_factory.mktemp("one"), BagOfWordsEmbedder()) as one,
            PassageIndex(tmp_path_factory.mktemp("many"), BagOfWordsEmbedder()) as many,
        ):
            single = [one.add(draft) for draft in drafts]
            bulk = list(add_many(many, drafts, lambda done, _: told.append(done)))
            query = BagOfWordsEmbedder().embed_queries(["the ferry"])[0]
            for left, right in zip(single, bulk, strict=True):
                assert (left[0].sha256, left[0].passages, left[1]) == (right[0].sha256, right[0].passages, right[1])
            found = [
                sorted((round(hit.score, 5), p.text) for hit, p in zip(hits, passages_of(index, hits), strict=True))
                for index in (one, many)
                for hits in [index.search_dense(query, 10_000)]
            ]
            assert found[0] == found[1]
    assert told == sorted(told)
    assert not drafts or told[-1] == len(drafts)
