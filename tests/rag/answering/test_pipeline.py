from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import Document, DocumentDraft, Location
from index.errors import DocumentNotFound, InvalidQuestion, QuestionError
from index.passage_index import PassageIndex
from index.passages.sentences import sentences
from rag.answering.pipeline import QuestionAnswerer
from rag.answers import Answer, Result, Timings
from rag.confidence.calibration import UNFITTED, Calibration
from rag.config import AskConfig, RetrieverConfig
from rag.engine import Sourcespan
from rag.interfaces import Query, SearchMode
from rag.questions import Question
from rag.retrieval.retriever import HybridRetriever
from tests import strategies
from tests.conftest import fake_answerer
from tests.fakes import BagOfWordsEmbedder, PreferringReranker, QuotingReader

FITTED = replace(UNFITTED, reader=QuotingReader.fingerprint)
"""Its confidence counts: some 0.92 and more for what `QuotingReader` quotes, 0.05 for what it guesses."""


def without_times(result: Result) -> Result:
    return replace(result, timings=Timings(0, 0, 0, 0))


def assert_exact(answer: Answer, texts: dict[str, str]) -> None:
    """Promise 1, and all that is said about the answer's surroundings."""
    text = texts[answer.document.id]
    assert text[answer.span.start : answer.span.end] == answer.text
    assert answer.text.strip()
    assert text[answer.sentence.start : answer.sentence.end] == answer.sentence_text
    assert answer.sentence.start <= answer.span.start < answer.span.end <= answer.sentence.end
    assert text[answer.passage.start : answer.passage.end] == answer.passage.text
    quotation = answer.quotation
    assert text[: answer.span.start].endswith(quotation.prefix)
    assert quotation.exact == answer.text
    assert text[answer.span.end :].startswith(quotation.suffix)
    for place in answer.also_at:
        assert texts[place.document_id][place.span.start : place.span.end] == answer.text


@given(texts=st.lists(strategies.documents, min_size=1, max_size=4, unique=True), data=st.data())
def test_every_answer_is_the_quoted_characters(texts: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, PassageIndex(Path(folder), BagOfWordsEmbedder()) as index:
        stored = {index.add(DocumentDraft("title", text))[0].id: text for text in texts}
        text = data.draw(st.sampled_from(texts))
        start, end = data.draw(st.sampled_from(list(sentences(text))))
        words = text[start:end].split()
        first = data.draw(st.integers(0, len(words) - 1))
        wanted = " ".join(words[first : first + data.draw(st.integers(1, 5))])
        result = fake_answerer(index).ask(f"Where is «{wanted}» guess?"[:1_000], top_k=50, n_best=20)
        assert result.answers or result.candidates
        for answer in (*result.answers, *result.candidates):
            assert_exact(answer, stored)


@pytest.mark.model
@given(text=strategies.documents)
def test_every_answer_of_the_real_reader_is_the_quoted_characters(library: Sourcespan, text: str) -> None:
    document, _ = library.index.add(DocumentDraft("title", text))
    try:
        result = library.answerer.ask("What is it about?", document_ids=[document.id], n_best=10, min_confidence=0)
        for answer in result.answers:
            assert_exact(answer, {document.id: text})
        spans = sorted(answer.span for answer in result.answers)
        assert all(left.end <= right.start for left, right in pairwise(spans))
    finally:
        library.index.delete(document.id)


def test_the_same_text_at_two_places_is_one_answer(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    one, _ = index.add(DocumentDraft("a", "The ferry leaves at noon."))
    two, _ = index.add(DocumentDraft("b", "We took The Ferry, and slept."))
    (answer,) = answerer.ask("What leaves? «ferry»").answers[:1]
    assert (answer.text, answer.document.id) == ("ferry", one.id)
    assert not answer.also_at, "the fake reader is case-sensitive"
    index.add(DocumentDraft("c", "A ferry is a ship."))
    (answer,) = answerer.ask("What leaves? «ferry»").answers
    assert len(answer.also_at) == 1
    assert two.id not in {place.document_id for place in answer.also_at}


def test_an_answer_says_where_other_versions_of_its_passage_have_it(
    index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    story = " ".join(f"word{n}" for n in range(50))
    one, two = (index.add(DocumentDraft("", f"The ferry leaves at noon. {story} {year}"))[0] for year in (2011, 2012))
    (answer,) = answerer.ask("What leaves? «ferry»").answers
    assert {answer.document.id, *(place.document_id for place in answer.also_at)} == {one.id, two.id}
    assert [place.span for place in answer.also_at] == [answer.span]


def test_a_yes_or_no_question_gets_what_decides(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    rule = "Smoking is forbidden on the balcony."
    house, _ = index.add(DocumentDraft("House", f"Bikes stand in the yard. {rule} Pets are welcome."))
    other, _ = index.add(DocumentDraft("Hut", f"{rule} Wood is behind the hut."))
    answer, *others = answerer.ask("Is smoking allowed? «Smoking»").answers
    assert (answer.text, answer.kind) == (rule.removesuffix("."), "clause")
    assert not others
    texts = {document.id: index.with_text(document.id)[1] for document in (house, other)}
    assert_exact(answer, texts)
    assert {answer.document.id, *(place.document_id for place in answer.also_at)} == texts.keys()
    assert answerer.ask("What is forbidden? «Smoking»").answers[0].kind == "span"


def test_a_cell_that_decides_stays_a_cell(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("Cover", "Plan | Crown | Filling\nSilver | not covered | covered"))
    (answer,) = answerer.ask("Does Silver pay for a crown? «not covered»").answers
    assert (answer.text, answer.kind) == ("not covered", "span")


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "decides"),
    [
        ("Is smoking allowed on the balcony?", "Smoking is not allowed on the balconies or in the stairwell"),
        ("Can I return opened goods?", "Opened goods can be returned within 14 days if nothing is missing"),
        ("Does the warranty cover batteries?", "The warranty does not cover batteries, belts and filters"),
    ],
)
def test_the_real_reader_finds_what_decides(library: Sourcespan, question: str, decides: str) -> None:
    text = (
        "House rules\n\nBicycles stand in the yard. Smoking is not allowed on the balconies or in the stairwell. "
        "The door is locked at 22:00.\n\nShop\n\nWe open at nine. Opened goods can be returned within 14 days if "
        "nothing is missing. The warranty is two years from the day of sale. The warranty does not cover batteries, "
        "belts and filters."
    )
    document, _ = library.index.add(DocumentDraft("Handbook", text))
    try:
        (answer,) = library.answerer.ask(question, document_ids=[document.id], n_best=1, min_confidence=0).answers
        assert (answer.text, answer.kind) == (decides, "clause")
    finally:
        library.index.delete(document.id)


def test_it_abstains_below_the_threshold_and_shows_its_guess(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("a", "The ferry leaves at noon."))
    result = answerer.ask("guess?")
    assert (result.abstained, result.answers) == (True, ())
    assert [candidate.text for candidate in result.candidates] == ["The"]
    assert result.candidates[0].confidence < UNFITTED.threshold
    assert not answerer.ask("guess?", min_confidence=0).abstained


def test_an_empty_index_abstains(answerer: QuestionAnswerer) -> None:
    result = answerer.ask("Is anything there?")
    assert (result.abstained, result.candidates, result.passages) == (True, (), ())


def test_only_the_named_documents_are_asked(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("a", "The ferry leaves at noon."))
    other, _ = index.add(DocumentDraft("b", "The train leaves at two."))
    result = answerer.ask("«leaves»", document_ids=[other.id])
    assert {answer.document.id for answer in result.answers} == {other.id}
    assert answerer.ask("«leaves»", document_ids=[]).passages == ()


@pytest.mark.parametrize(
    ("question", "limits", "field"),
    [
        (" \n", {}, "question"),
        ("x" * 1_001, {}, "question"),
        ("\ud800?", {}, "question"),
        ("x", {"top_k": 0}, "top_k"),
        ("x", {"top_k": 51}, "top_k"),
        ("x", {"n_best": 21}, "n_best"),
        ("x", {"min_confidence": 1.5}, "min_confidence"),
    ],
)
def test_what_cannot_be_asked_names_the_field(
    answerer: QuestionAnswerer, question: str, limits: dict[str, int], field: str
) -> None:
    with pytest.raises(InvalidQuestion) as caught:
        answerer.ask(question, **limits)  # type: ignore[arg-type]
    assert caught.value.field == field


class ChangingStore:
    """A store in which a document changes between being found and being read."""

    def __init__(self, index: PassageIndex, change: str | None) -> None:
        self._index, self._change = index, change

    def with_text(self, document_id: str) -> tuple[Document, str]:
        document, _ = self._index.with_text(document_id)
        if self._change is None:
            raise DocumentNotFound(document_id)
        return document, self._change

    def location(self, document: Document, offset: int) -> Location:
        return self._index.location(document, offset)


@pytest.mark.parametrize("change", [None, "Another text altogether."])
def test_a_document_that_changes_meanwhile_is_not_quoted(index: PassageIndex, change: str | None) -> None:
    index.add(DocumentDraft("a", "The ferry leaves at noon."))
    retriever = HybridRetriever(index, BagOfWordsEmbedder())
    answerer = QuestionAnswerer(retriever, QuotingReader(), ChangingStore(index, change), UNFITTED)
    assert answerer.ask("«ferry»").passages == ()


class RemovingStore:
    """A store from which other documents are removed as soon as they are asked for the first time."""

    def __init__(self, index: PassageIndex, removed: list[str]) -> None:
        self._index, self._removed = index, removed

    def with_text(self, document_id: str) -> tuple[Document, str]:
        while self._removed:
            self._index.delete(self._removed.pop())
        return self._index.with_text(document_id)

    def location(self, document: Document, offset: int) -> Location:
        return self._index.location(document, offset)


def test_documents_that_go_meanwhile_hide_no_answer_in_others(index: PassageIndex) -> None:
    """All that the first search found is gone; the answer is in what it had no room for."""
    nearer = [index.add(DocumentDraft(str(n), f"ferry ferry ferry {n}"))[0].id for n in range(3)]
    index.add(DocumentDraft("a", "Of all the boats here, the ferry leaves at noon."))
    retriever = HybridRetriever(index, BagOfWordsEmbedder())
    assert {p.passage.document_id for p in retriever.retrieve([Query("«ferry»", 3)])[0].passages} == set(nearer)
    answerer = QuestionAnswerer(retriever, QuotingReader(), RemovingStore(index, nearer), FITTED)
    events: list[object] = []
    (result,) = answerer.ask_many([Question("«ferry»", top_k=3, on_event=events.append)])
    assert isinstance(result, Result)
    assert [a.document.title for a in result.answers] == ["a"]
    assert events[0] == result.passages, "what was found first is told to nobody"


@given(
    texts=st.lists(strategies.documents, min_size=1, max_size=3, unique=True),
    questions=st.lists(st.tuples(st.text(max_size=30), st.integers(-1, 4)), min_size=1, max_size=4),
)
def test_questions_that_are_asked_together_are_answered_as_if_alone(
    texts: list[str], questions: list[tuple[str, int]]
) -> None:
    """Wrong ones too, and without harm to the others."""
    with tempfile.TemporaryDirectory() as folder, PassageIndex(Path(folder), BagOfWordsEmbedder()) as index:
        for text in texts:
            index.add(DocumentDraft("title", text))
        answerer = fake_answerer(index, calibration=FITTED)
        asked = [Question(f"«{texts[0][:20]}» {text} guess?", n_best=n_best) for text, n_best in questions]
        together = answerer.ask_many(asked)
        for question, outcome in zip(asked, together, strict=True):
            (alone,) = answerer.ask_many([question])
            if isinstance(outcome, QuestionError):
                assert (type(alone), str(alone)) == (type(outcome), str(outcome))
            else:
                assert isinstance(alone, Result)
                assert without_times(outcome) == without_times(alone)


@given(
    texts=st.lists(strategies.documents, min_size=1, max_size=4, unique=True),
    data=st.data(),
    read_first=st.integers(1, 4),
    sure=st.floats(0, 1),
)
def test_reading_stops_only_at_a_sure_answer_or_where_the_rest_is_too_far_behind(
    texts: list[str], data: st.DataObject, read_first: int, sure: float
) -> None:
    wanted = " ".join(data.draw(st.sampled_from(texts)).split()[:3])
    with tempfile.TemporaryDirectory() as folder, PassageIndex(Path(folder), BagOfWordsEmbedder()) as index:
        index.add_all([DocumentDraft("title", text) for text in texts])
        asked = f"Where is «{wanted}»?"  # no guess: the fake would make one for each part it reads
        stopping = fake_answerer(index, calibration=FITTED, config=AskConfig(read_first=read_first, sure=sure))
        result, complete = stopping.ask(asked), fake_answerer(index, calibration=FITTED).ask(asked, n_best=3)
        assert complete.passages_read == len(complete.passages)
        if result.passages_read == len(result.passages):
            assert without_times(result) == without_times(complete)
        else:
            at = result.passages_read
            best, last, unread = (result.passages[position].score for position in (0, at - 1, at))
            found = (*result.answers, *result.candidates)
            is_sure = at == read_first and bool(found) and found[0].confidence >= sure
            least = best - RetrieverConfig().reach
            assert is_sure or (unread < least and (at == read_first or last >= least))
            assert {answer.passage for answer in found} <= {source.passage for source in result.passages[:at]}


@pytest.mark.parametrize(
    ("n_best", "calibration", "config", "read"),
    [
        (None, FITTED, AskConfig(), 2),
        (1, FITTED, AskConfig(read_first=1), 1),
        (2, FITTED, AskConfig(), 4),
        (None, UNFITTED, AskConfig(), 4),
        (None, FITTED, AskConfig(sure=1), 4),
        (None, FITTED, AskConfig(sure=0.99), 4),
    ],
)
def test_whoever_wants_several_answers_or_trusts_no_confidence_has_every_passage_read(
    index: PassageIndex, n_best: int | None, calibration: Calibration, config: AskConfig, read: int
) -> None:
    index.add_all([DocumentDraft("a", f"The ferry leaves at noon from pier {number}.") for number in range(4)])
    result = fake_answerer(index, calibration=calibration, config=config).ask("What leaves? «ferry»", n_best=n_best)
    assert (result.passages_read, len(result.passages)) == (read, 4)


def test_what_is_too_far_behind_is_read_only_for_who_wants_everything(index: PassageIndex) -> None:
    index.add_all([DocumentDraft("a", f"Ferry number {n} leaves at noon.") for n in range(3)])
    index.add_all([DocumentDraft("a", f"Bread {n} is baked.") for n in range(2)])
    answerer = fake_answerer(index, calibration=FITTED, config=AskConfig(sure=0.99))
    question = "«number»? ferry leaves at noon"
    few, every = answerer.ask(question), answerer.ask(question, n_best=3)
    assert (few.passages_read, every.passages_read, len(few.passages)) == (3, 5, 5)
    assert few.passages[2].score >= few.passages[0].score - RetrieverConfig().reach > few.passages[3].score


def test_a_rerankers_scores_put_nobody_behind(index: PassageIndex) -> None:
    texts = ["The ferry leaves.", "Bread.", "Butter."]
    index.add_all([DocumentDraft("a", text) for text in texts])
    retriever = HybridRetriever(index, BagOfWordsEmbedder(), reranker=PreferringReranker(texts[::-1]))
    (found,) = retriever.retrieve([Query("ferry bread butter", 5)])
    assert found.worth_reading == len(found.passages) == 3


def test_whoever_listens_hears_the_passages_then_each_new_best_answer(index: PassageIndex) -> None:
    index.add(DocumentDraft("a", "The red door is shut."))
    index.add(DocumentDraft("b", "A door."))
    events: list[object] = []
    (result,) = fake_answerer(index).ask_many([Question("«red door»?", on_event=events.append)])
    assert isinstance(result, Result)
    passages, *answers = events
    assert passages == result.passages
    assert [answer.text for answer in answers if isinstance(answer, Answer)] == ["door", "red door"]
    assert answers[-1] == result.answers[0]


@pytest.mark.parametrize(
    ("mode", "arms"), [("dense", (True, False)), ("lexical", (False, True)), ("hybrid", (True, True))]
)
def test_search_goes_by_the_arm_that_is_asked_for(
    index: PassageIndex, answerer: QuestionAnswerer, mode: SearchMode, arms: tuple[bool, bool]
) -> None:
    index.add(DocumentDraft("a", "The ferry leaves at noon."))
    (found,) = answerer.search("ferry", mode=mode).passages
    assert (found.cosine is not None, found.bm25 is not None) == arms
    with pytest.raises(InvalidQuestion):
        answerer.search(" ")
