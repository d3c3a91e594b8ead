"""A run that is stopped goes on; a run that is finished leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.askers import InProcess, Reply
from eval.errors import AnswersOfAnotherRun
from eval.session import Session, asked, measured, searched
from eval.suites.beir import RetrievalQuery, RetrievalSuite
from eval.suites.datasets import EvalQuestion, Suite
from index.bert.precision import Precision
from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.config import ModelConfig, RetrieverConfig
from rag.engine import Sourcespan
from tests.conftest import fake_library
from tests.fakes import BagOfWordsEmbedder, PreferringReranker, QuotingReader

DRAFT = DocumentDraft("t", "The ferry f1 leaves at noon. The ferry f2 leaves at dusk.\u2028The ferry f3 sank.")
QUESTIONS = tuple(EvalQuestion(str(n), f"«f{n}»?\u2028", (f"f{n}",)) for n in (1, 2, 3))
SUITE = Suite("s", {DRAFT.sha256: DRAFT}, QUESTIONS)


class Stopping(InProcess):
    """Gives up after so many questions, as a user may."""

    def __init__(self, index: PassageIndex, after: int) -> None:
        super().__init__(fake_library(index))
        self.left = after
        self.asked: list[str] = []

    def ask(self, question: str, *, top_k: int, document_ids: Sequence[str] | None) -> Reply:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.asked.append(question)
        return super().ask(question, top_k=top_k, document_ids=document_ids)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(ModelConfig(), output=tmp_path / "out.json")


def test_what_was_answered_is_not_asked_again(session: Session, index: PassageIndex) -> None:
    stopped = Stopping(index, after=3)  # the first one is asked twice: it pays for the warming up
    with pytest.raises(KeyboardInterrupt):
        asked(SUITE, stopped, session, {"by": "fakes"})
    again = Stopping(index, after=10)
    resumed = asked(SUITE, again, session, {"by": "fakes"})
    assert set(again.asked) == {QUESTIONS[2].question}
    whole = asked(SUITE, InProcess(fake_library(index)), Session(ModelConfig()), {"by": "fakes"})
    assert [(o.question, o.answer, o.verdict) for o in resumed.outcomes] == [
        (o.question, o.answer, o.verdict) for o in whole.outcomes
    ]
    finished = Stopping(index, after=0)
    assert asked(SUITE, finished, session, {"by": "fakes"}).outcomes == resumed.outcomes


def test_what_a_kill_left_half_written_is_asked_again(session: Session, index: PassageIndex) -> None:
    asked(SUITE, InProcess(fake_library(index)), session, {"by": "fakes"})
    assert session.kept is not None
    session.kept.write_bytes(session.kept.read_bytes()[:-40])
    again = Stopping(index, after=10)
    assert [o.answer for o in asked(SUITE, again, session, {"by": "fakes"}).outcomes] == ["f1", "f2", "f3"]
    assert set(again.asked) == {QUESTIONS[2].question}


@pytest.mark.parametrize(
    ("suite", "by", "different"),
    [
        (SUITE, "another reader", "by"),
        (Suite("s", SUITE.documents, QUESTIONS[:2]), "fakes", "suite_sha256"),
        (Suite("other", SUITE.documents, QUESTIONS), "fakes", "name"),
    ],
)
def test_the_answers_of_another_run_are_not_taken(
    session: Session, index: PassageIndex, suite: Suite, by: str, different: str
) -> None:
    asked(SUITE, InProcess(fake_library(index)), session, {"by": "fakes"})
    with pytest.raises(AnswersOfAnotherRun, match=f"another {different}:"):
        asked(suite, InProcess(fake_library(index)), session, {"by": by})


def test_a_file_that_is_no_journal_is_not_overwritten(session: Session, index: PassageIndex) -> None:
    assert session.kept is not None
    session.kept.write_text("my notes\n")
    with pytest.raises(AnswersOfAnotherRun):
        asked(SUITE, InProcess(fake_library(index)), session, {"by": "fakes"})
    assert session.kept.read_text() == "my notes\n"


def test_a_retrieval_run_says_whose_order_it_measured(index: PassageIndex) -> None:
    texts = {"a": "The ferry leaves at noon.", "b": "Bread is baked, and no ferry comes."}
    suite = RetrievalSuite(
        "s",
        {key: DocumentDraft("", text) for key, text in texts.items()},
        (RetrievalQuery("q", "ferry noon", {"a": 1}),),
    )
    session = Session(ModelConfig(), retriever=RetrieverConfig(dense_weight=0.7, rerank_depth=7))
    for reranker, said in ((None, {}), (PreferringReranker([texts["b"], texts["a"]]), {"preferring@1": 7})):
        library = Sourcespan(index, BagOfWordsEmbedder(), QuotingReader(), reranker=reranker)
        result = searched(suite, library, session)
        assert result.figures["fused.recall_1"].value == 1
        assert {result.run[name]: result.run["rerank_depth"] for name in ("reranker",) if name in result.run} == said
        assert result.run["dense_weight"] == 0.7
        assert ("reranked.recall_1" in result.figures) == bool(said)
        if said:
            assert result.figures["reranked.recall_1"].value == 0


@pytest.mark.model
def test_a_run_says_what_it_was_computed_in_and_takes_no_answers_of_another(tmp_path: Path) -> None:
    queries = RetrievalSuite("s", {"d": DRAFT}, (RetrievalQuery("q", "ferry noon", {"d": 1}),))
    precisions: list[Precision] = ["fp32", "bf16"]
    for precision in precisions:
        session = Session(ModelConfig(precision=precision))
        assert [measured(each, session).run["precision"] for each in (SUITE, queries)] == [precision, precision]
    measured(SUITE, Session(ModelConfig(precision="fp32"), output=tmp_path / "out.json"))
    with pytest.raises(AnswersOfAnotherRun, match="another precision:"):
        measured(SUITE, Session(ModelConfig(precision="bf16"), output=tmp_path / "out.json"))
