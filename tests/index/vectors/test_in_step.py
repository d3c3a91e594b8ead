"""Whatever is done in whatever order, a search finds what brute force over the stored texts finds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, consumes, invariant, multiple, rule

from index.documents import DocumentDraft
from index.errors import DocumentNotFound, DuplicateDocument
from index.ingestion.build import add_many
from index.passage_index import PassageIndex
from index.passages.splitting import PassageRange, PassageSize, split
from index.vectors.vector_rule import VectorRule
from tests import strategies
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of

EMBEDDER = BagOfWordsEmbedder()
QUERY = "The ferry leaves at noon"
ALL = 10_000


TITLE = "title"


def ranges_of(text: str) -> list[PassageRange]:
    return list(split(text, EMBEDDER.count_tokens, PassageSize().within(EMBEDDER.max_tokens), title=TITLE))


def read(text: str, passage: PassageRange) -> str:
    return passage.context.reading(text[passage.start : passage.end]).text


class InStep(RuleBasedStateMachine):
    """The model is a dictionary of texts; the index is opened anew, and changed from elsewhere, at any moment."""

    ids: Bundle[str] = Bundle("ids")
    vector_rule: ClassVar[VectorRule] = VectorRule()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.index = self.opened()
        self.stored: dict[str, str] = {}

    def opened(self, folder: str = "data") -> PassageIndex:
        return PassageIndex(self.folder / folder, EMBEDDER, rule=self.vector_rule)

    def from_elsewhere(self, change: Callable[[PassageIndex], None]) -> None:
        """As another process would: with connections and a vector index of its own."""
        with self.opened() as other:
            change(other)

    @rule(target=ids, text=strategies.documents)
    def add(self, text: str) -> str:
        document, is_new = self.index.add(DocumentDraft(TITLE, text))
        assert is_new == (text not in self.stored.values())
        self.stored[document.id] = text
        return document.id

    @rule(target=ids, texts=st.lists(strategies.documents, max_size=4), twice=st.booleans())
    def add_in_bulk(self, texts: list[str], twice: bool) -> MultipleResults[str]:
        texts = texts * (1 + twice)
        for text, (document, is_new) in zip(
            texts, add_many(self.index, [DocumentDraft(TITLE, text) for text in texts]), strict=True
        ):
            assert is_new == (text not in self.stored.values())
            self.stored[document.id] = text
        return multiple(*self.stored)

    @rule(document_id=ids, text=strategies.documents, elsewhere=st.booleans())
    def replace(self, document_id: str, text: str, elsewhere: bool) -> None:
        def change(index: PassageIndex) -> None:
            index.replace(document_id, DocumentDraft(TITLE, text))

        do = self.from_elsewhere if elsewhere else lambda change: change(self.index)
        if document_id not in self.stored:
            with pytest.raises(DocumentNotFound):
                do(change)
        elif text in (other for known, other in self.stored.items() if known != document_id):
            with pytest.raises(DuplicateDocument):
                do(change)
        else:
            do(change)
            self.stored[document_id] = text

    @rule(document_id=consumes(ids), elsewhere=st.booleans())
    def delete(self, document_id: str, elsewhere: bool) -> None:
        do = self.from_elsewhere if elsewhere else lambda change: change(self.index)
        if self.stored.pop(document_id, None) is None:
            with pytest.raises(DocumentNotFound):
                do(lambda index: index.delete(document_id))
        else:
            do(lambda index: index.delete(document_id))

    @rule(target=ids, text=strategies.documents)
    def add_elsewhere(self, text: str) -> str:
        with self.opened() as other:
            document, _ = other.add(DocumentDraft(TITLE, text))
        self.stored[document.id] = text
        return document.id

    @rule()
    def snapshot(self) -> None:
        self.index.save_snapshot()

    @rule()
    def reopen_as_after_a_kill(self) -> None:
        self.index._catalogue.close()  # without the snapshot that close() keeps
        self.index = self.opened()

    @rule()
    def rebuild(self) -> None:
        """Into a folder of its own: it finds the same, dense and by words."""
        with self.opened("fresh") as fresh:
            for _ in add_many(fresh, [DocumentDraft(TITLE, text) for text in self.stored.values()]):
                pass
            assert self.found(self.index) == self.found(fresh)
        shutil.rmtree(self.folder / "fresh")

    def found(self, index: PassageIndex) -> list[list[tuple[float, str]]]:
        arms = (index.search_dense(EMBEDDER.embed_queries([QUERY])[0], ALL), index.search_lexical(QUERY, ALL))
        return [
            sorted(
                (round(hit.score, 5), passage.text) for hit, passage in zip(hits, passages_of(index, hits), strict=True)
            )
            for hits in arms
        ]

    @invariant()
    def search_agrees_with_brute_force(self) -> None:
        query = EMBEDDER.embed_queries([QUERY])[0]
        for among in (None, *list(self.stored)[:1]):
            only = None if among is None else [among]
            hits = self.index.search_dense(query, ALL, only)
            expected = {
                (document_id, p.start, p.end): float(EMBEDDER.embed_queries([read(text, p)])[0] @ query)
                for document_id, text in self.stored.items()
                if among in (None, document_id)
                for p in ranges_of(text)
            }
            passages = passages_of(self.index, hits)
            found = {(p.document_id, p.start, p.end): hit.score for hit, p in zip(hits, passages, strict=True)}
            assert found == pytest.approx(expected, abs=1e-5)
            assert [hit.score for hit in hits] == sorted(found.values(), reverse=True)
            for passage in passages:
                assert self.stored[passage.document_id][passage.start : passage.end] == passage.text

    @invariant()
    def the_best_come_first(self) -> None:
        query = EMBEDDER.embed_queries([QUERY])[0]
        every = np.array([hit.score for hit in self.index.search_dense(query, ALL)])
        best = [hit.score for hit in self.index.search_dense(query, 3)]
        assert best == pytest.approx(every[:3], abs=1e-5)

    @invariant()
    def the_catalogue_counts_what_is_there(self) -> None:
        passages = sum(len(ranges_of(text)) for text in self.stored.values())
        assert self.index.count() == (len(self.stored), passages)

    def teardown(self) -> None:
        self.index.close()
        shutil.rmtree(self.folder)


class InStepWithLists(InStep):
    """The same where the vectors are in lists, which only opening and snapshots make and make anew."""

    vector_rule = VectorRule("ivf", train_from=4, regrow=1.5)


InStep.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
InStepWithLists.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestInStep = InStep.TestCase
TestInStepWithLists = InStepWithLists.TestCase
