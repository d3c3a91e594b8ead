"""Question → answer: retrieve, read, rank, abstain."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TypeVar

from index.errors import QuestionError
from rag.answers import Answer, Result, RetrievedPassage, Timings
from rag.calibration import Calibration, Evidence
from rag.candidates import Candidate, ReadPassage, answer, candidates
from rag.checks import check_answers, check_question
from rag.config import MAX_N_BEST, MAX_TOP_K, AskConfig
from rag.evidence import evidence
from rag.interfaces import DocumentStore, PassageSpan, Query, Reader, Reading, Retrieval, Retriever, SearchMode
from rag.sources import SourceFinder

Weighed = tuple[tuple[Candidate, ...], tuple[Evidence, ...]]
Heard = Callable[[tuple[RetrievedPassage, ...] | Answer], None]
Outcomes = list[Result | QuestionError]
Proposals = list["Proposal | QuestionError"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what it wants; None is the default."""

    text: str
    top_k: int | None = None
    """Passages to read."""
    n_best: int | None = None
    """Answers to give. Who asks for several gets the best of every passage; else reading stops at a sure one."""
    document_ids: Sequence[str] | None = None
    """Only these documents."""
    min_confidence: float | None = None
    """Give what has this confidence; by default what the fitted decision gives."""
    heard: Heard | None = None
    """Called while it is being answered: with the passages once they are there, then with each new best answer."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The reader's candidates for a question, best margin first, each with its evidence."""

    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]
    passages: tuple[RetrievedPassage, ...]
    passages_read: int
    timings: Timings


@dataclass(slots=True)
class _Asked:
    """A question with its passages, and what the reader found in those that it has read so far."""

    question: Question
    sources: Sequence[ReadPassage]
    retrieval: Retrieval
    passages_read: int = 0
    spans: list[PassageSpan] = field(default_factory=list)
    told: Answer | None = None
    _weighed: Weighed | None = None

    @property
    def contenders(self) -> int:
        return min(self.retrieval.contenders, len(self.sources))

    @property
    def passages(self) -> tuple[RetrievedPassage, ...]:
        return tuple(source.retrieved for source in self.sources)

    def reading(self, up_to: int) -> Reading:
        """The next passages, which from now on are read."""
        unread = self.sources[self.passages_read : up_to]
        self.passages_read += len(unread)
        return Reading(self.question.text, [source.retrieved.passage.text for source in unread])

    def find(self, span: PassageSpan) -> None:
        self.spans.append(span)
        self._weighed = None

    def weighed(self) -> Weighed:
        """The candidates so far with their evidence; they are made but once for the same spans."""
        if self._weighed is None:
            found = tuple(candidates(sorted(self.spans, key=PassageSpan.order), self.sources, MAX_N_BEST))
            self._weighed = found, evidence(self.question.text, found)
        return self._weighed

    def proposal(self, timings: Timings) -> Proposal:
        return Proposal(*self.weighed(), self.passages, self.passages_read, timings)

    def timings(self, read_ms: float, total_ms: float) -> Timings:
        return Timings(self.retrieval.embed_ms, self.retrieval.search_ms, read_ms, total_ms)


_NO_TIME = Timings(0, 0, 0, 0)


class QuestionAnswerer:
    """Answers questions from documents with exact quotes, or says that they don't hold the answer."""

    def __init__(
        self,
        retriever: Retriever,
        reader: Reader,
        documents: DocumentStore,
        calibration: Calibration,
        config: AskConfig | None = None,
    ) -> None:
        self._retriever = retriever
        self._finder = SourceFinder(retriever, documents)
        self._reader = reader
        self._documents = documents
        self._calibration = calibration
        self._config = config or AskConfig()

    def ask(
        self,
        question: str,
        *,
        top_k: int | None = None,
        n_best: int | None = None,
        document_ids: Sequence[str] | None = None,
        min_confidence: float | None = None,
    ) -> Result:
        """Reads the ``top_k`` best passages and gives up to ``n_best`` answers.

        Abstains where the best confidence is below ``min_confidence``; by default as the calibration decides. Raises
        InvalidQuestion, QuestionTooLong.
        """
        (outcome,) = self.ask_many([Question(question, top_k, n_best, document_ids, min_confidence)])
        if isinstance(outcome, QuestionError):
            raise outcome
        return outcome

    def ask_many(self, questions: Sequence[Question]) -> Outcomes:
        """Answers several questions, which share the reader's forward passes; what is wrong with one harms no other."""
        return _to_the_end(self.ask_in_slices(questions, MAX_TOP_K))

    def ask_in_slices(self, questions: Sequence[Question], passages: int) -> Generator[int, None, Outcomes]:
        """The same with pauses, in which other questions may be answered in the same thread.

        Pauses whenever ``passages`` more of each question were read, yields how many that were of all questions, and
        returns the outcomes. What is answered does not depend on the pauses.
        """
        began = perf_counter()
        outcomes = yield from self._propose(questions, passages)
        return [
            outcome
            if isinstance(outcome, QuestionError)
            else self._concluded(question, outcome, replace(outcome.timings, total=_ms_since(began)))
            for question, outcome in zip(questions, outcomes, strict=True)
        ]

    def propose(
        self, question: str, *, top_k: int | None = None, document_ids: Sequence[str] | None = None
    ) -> Proposal:
        """What the reader finds in the ``top_k`` best passages, all of them, before anything is made of it.

        Raises InvalidQuestion, QuestionTooLong.
        """
        (outcome,) = _to_the_end(self._propose([Question(question, top_k, MAX_N_BEST, document_ids)], MAX_TOP_K))
        if isinstance(outcome, QuestionError):
            raise outcome
        return outcome

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        document_ids: Sequence[str] | None = None,
        mode: SearchMode = "hybrid",
    ) -> Retrieval:
        """The ``top_k`` best passages, unread. Raises InvalidQuestion."""
        top_k = self._config.top_k if top_k is None else top_k
        check_question(query, top_k)
        (found,) = self._retriever.retrieve([Query(query, top_k, document_ids, mode)])
        return found

    def _propose(self, questions: Sequence[Question], slice_passages: int) -> Generator[int, None, Proposals]:
        began = perf_counter()
        queries = [self._query(question) for question in questions]
        asked = self._retrieve([(of, q) for of, q in zip(questions, queries, strict=True) if isinstance(q, Query)])
        read_ms = 0.0
        slices = self._slices(asked, slice_passages)
        while True:
            reading = perf_counter()
            passages_read = next(slices, None)
            read_ms += _ms_since(reading)
            if passages_read is None:
                break
            yield passages_read
        proposals = (of.proposal(of.timings(read_ms, _ms_since(began))) for of in asked)
        return [query if isinstance(query, QuestionError) else next(proposals) for query in queries]

    def _query(self, question: Question) -> Query | QuestionError:
        top_k = self._config.top_k if question.top_k is None else question.top_k
        n_best = self._config.n_best if question.n_best is None else question.n_best
        try:
            check_answers(n_best, question.min_confidence)
            check_question(question.text, top_k)
            self._reader.check(question.text)
        except QuestionError as error:
            return error
        return Query(question.text, top_k, question.document_ids)

    def _retrieve(self, sound: Sequence[tuple[Question, Query]]) -> list[_Asked]:
        found = self._finder.find([query for _, query in sound])
        asked = [_Asked(question, of.sources, of.retrieval) for (question, _), of in zip(sound, found, strict=True)]
        for of_one in asked:
            if of_one.question.heard is not None:
                of_one.question.heard(of_one.passages)
        return asked

    def _slices(self, asked: Sequence[_Asked], passages: int) -> Iterator[int]:
        """First the best passages of each, then the other contenders of those that are left in doubt.

        At most ``passages`` of each are read in one slice; yields how many a slice had.
        """
        first = [len(of.sources) if self._wants_all(of) else self._config.read_first for of in asked]
        yield from self._read_up_to(first, asked, passages)
        doubtful = [of for of in asked if of.passages_read < of.contenders and not self._is_sure(of)]
        yield from self._read_up_to([of.contenders for of in doubtful], doubtful, passages)

    def _wants_all(self, asked: _Asked) -> bool:
        several = asked.question.n_best is not None and asked.question.n_best > 1
        return several or not self._calibration.fitted or self._config.sure >= 1

    def _is_sure(self, asked: _Asked) -> bool:
        judged = self._calibration.judge(asked.weighed()[1]).judgements
        return bool(judged) and judged[0].confidence >= self._config.sure

    def _read_up_to(self, counts: Sequence[int], asked: Sequence[_Asked], passages: int) -> Iterator[int]:
        ends = [min(count, len(of.sources)) for of, count in zip(asked, counts, strict=True)]
        while unread := sum(end - of.passages_read for of, end in zip(asked, ends, strict=True)):
            slice_ends = [min(end, of.passages_read + passages) for of, end in zip(asked, ends, strict=True)]
            self._read_slice(slice_ends, asked)
            yield unread - sum(end - of.passages_read for of, end in zip(asked, ends, strict=True))

    def _read_slice(self, ends: Sequence[int], asked: Sequence[_Asked]) -> None:
        """In shared passes; whoever listens hears of each new best answer on the way."""
        starts = [of.passages_read for of in asked]
        readings = [of.reading(end) for of, end in zip(asked, ends, strict=True)]
        for found in self._reader.read_many(readings):
            for at, span in found:
                asked[at].find(replace(span, position=starts[at] + span.position))
            for at in {at for at, _ in found}:
                self._tell(asked[at])

    def _tell(self, asked: _Asked) -> None:
        heard = asked.question.heard
        if heard is None:
            return
        so_far = self._concluded(asked.question, asked.proposal(_NO_TIME), _NO_TIME)
        if so_far.answers and so_far.answers[0] != asked.told:
            asked.told = so_far.answers[0]
            heard(asked.told)

    def _concluded(self, question: Question, proposal: Proposal, timings: Timings) -> Result:
        n_best = self._config.n_best if question.n_best is None else question.n_best
        verdict = self._calibration.judge(proposal.evidence)
        judged = verdict.judgements[:n_best]
        found = tuple(self._answer(proposal.candidates[j.position], j.confidence) for j in judged)
        if question.min_confidence is None:
            given = self._calibration.given(verdict)
        else:
            given = sum(answer.confidence >= question.min_confidence for answer in found)
        return Result(
            question=question.text,
            abstained=given == 0,
            answerable=verdict.answerable,
            answers=found[:given],
            candidates=found[given:],
            passages=proposal.passages,
            passages_read=proposal.passages_read,
            timings=timings,
        )

    def _answer(self, candidate: Candidate, confidence: float) -> Answer:
        location = self._documents.location(candidate.source.document, candidate.span.start)
        return answer(candidate, confidence, location)


def _to_the_end(slices: Generator[int, None, T]) -> T:
    """What ``slices`` returns, without a pause."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            result: T = end.value
            return result


def _ms_since(began: float) -> float:
    return (perf_counter() - began) * 1e3
