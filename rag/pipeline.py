"""Question → answer: retrieve, read, rank, abstain."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from index.errors import QuestionError
from rag.answers import Answer, Result, Timings
from rag.asked import AskedQuestion, Batch, Proposal
from rag.confidence.calibration import Calibration, Verdict
from rag.confidence.candidates import Candidate, answer, as_list
from rag.config import MAX_N_BEST, MAX_TOP_K, AskConfig
from rag.interfaces import DocumentStore, Query, Reader, Retrieval, Retriever, SearchMode
from rag.listing import wants_list
from rag.questions import Question, check_answers, check_question
from rag.reader.spans import without_overlaps
from rag.retrieval.sources import SourceFinder

Outcomes = list[Result | QuestionError]


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
        batch = self._retrieved(questions)
        for _ in self._read(batch, MAX_TOP_K):
            pass
        return self._concluded(batch)

    def ask_in_slices(self, questions: Sequence[Question], passages: int) -> Generator[int, None, Outcomes]:
        """Answers several questions with pauses, in which other questions may be answered in the same thread.

        Pauses whenever ``passages`` more of each question were read, yields how many that were of all questions, and
        returns the outcomes. What is answered does not depend on the pauses.
        """
        batch = self._retrieved(questions)
        yield from self._read(batch, passages)
        return self._concluded(batch)

    def propose(
        self, question: str, *, top_k: int | None = None, document_ids: Sequence[str] | None = None
    ) -> Proposal:
        """What the reader finds in the ``top_k`` best passages, all of them, before anything is made of it.

        Raises InvalidQuestion, QuestionTooLong.
        """
        batch = self._retrieved([Question(question, top_k, MAX_N_BEST, document_ids)])
        for _ in self._read(batch, MAX_TOP_K):
            pass
        (asked,) = batch.questions
        if isinstance(asked, QuestionError):
            raise asked
        return asked.proposal()

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
        (retrieval,) = self._retriever.retrieve([Query(query, top_k, document_ids, mode)])
        return retrieval

    def _retrieved(self, questions: Sequence[Question]) -> Batch:
        """The questions with their passages; calls who listens to one with its passages."""
        began = perf_counter()
        queries = [self._query(question) for question in questions]
        # embedded and searched together, the sound ones alone
        retrieved = iter(self._finder.find([query for query in queries if isinstance(query, Query)]))
        batch = Batch([], began)
        for question, query in zip(questions, queries, strict=True):
            if isinstance(query, QuestionError):
                batch.questions.append(query)
                continue
            sources = next(retrieved)
            asked = AskedQuestion(question, sources.passages, sources.retrieval)
            batch.questions.append(asked)
            if question.on_event is not None:
                question.on_event(asked.passages)
        return batch

    def _query(self, question: Question) -> Query | QuestionError:
        top_k = self._config.top_k if question.top_k is None else question.top_k
        try:
            check_answers(self._n_best(question), question.min_confidence)
            check_question(question.text, top_k)
            self._reader.check(question.text)
        except QuestionError as error:
            return error
        return Query(question.text, top_k, question.document_ids)

    def _read(self, batch: Batch, passages: int) -> Iterator[int]:
        """Reads as far as each question needs, at most ``passages`` of each at a time; yields how many that were."""
        while wanted := [(asked, end) for asked in batch.asked if (end := self._next_end(asked, passages))]:
            began, count = perf_counter(), 0
            # a span comes back with its passage's position in this reading, not among all that were retrieved
            starts = [asked.passages_read for asked, _ in wanted]
            readings = [asked.reading(end) for asked, end in wanted]
            for asked, end in wanted:
                count += end - asked.passages_read
                asked.passages_read = end
            # forward passes are shared by questions, so each may bring spans of several; who listens is called after
            # each, since the first passage read often has the answer
            for spans in self._reader.read_many(readings):
                for number, span in spans:
                    wanted[number][0].add(replace(span, position=starts[number] + span.position))
                for number in {number for number, _ in spans}:
                    self._tell(wanted[number][0])
            batch.read_ms += _ms_since(began)
            yield count

    def _next_end(self, asked: AskedQuestion, passages: int) -> int:
        """Up to where its passages are to be read next; 0 where reading is over.

        First the best ones are read, and the others that may hold the answer only where these leave it in doubt: most
        questions are answered by the first, and reading is what takes the time.
        """
        count = len(asked.sources)
        first = count if self._wants_all(asked.question) else min(self._config.read_first, count)
        last = max(first, min(asked.retrieval.worth_reading, count))
        end = first if asked.passages_read < first else last
        if asked.passages_read == end or (asked.passages_read == first and self._is_sure(asked)):
            return 0
        return min(end, asked.passages_read + passages)

    def _wants_all(self, question: Question) -> bool:
        # a sure best answer says nothing of a second one, which any passage may hold
        several = question.n_best is not None and question.n_best > 1
        # without a fitted calibration no confidence is a probability, and none is enough to stop at
        return several or not self._calibration.fitted or self._config.sure >= 1

    def _is_sure(self, asked: AskedQuestion) -> bool:
        # judged as in the end, of the passages read so far: `sure` bounds the confidence that a client would be shown
        judgements = self._calibration.judge(asked.proposal().evidence).judgements
        return bool(judgements) and judgements[0].confidence >= self._config.sure

    def _tell(self, asked: AskedQuestion) -> None:
        """Calls who listens with the best answer, if it is another than before."""
        if asked.question.on_event is None:
            return
        proposal = asked.proposal()
        verdict = self._calibration.judge(proposal.evidence)
        if not self._given(asked.question, verdict):
            return
        first = verdict.judgements[0]
        # compared before it is made into an answer, for which its place in the document is looked up
        best = proposal.candidates[first.position], first.confidence
        if best != asked.best:
            asked.best = best
            asked.question.on_event(self._answer(asked.question, *best))

    def _concluded(self, batch: Batch) -> Outcomes:
        return [
            question if isinstance(question, QuestionError) else self._result(question, batch)
            for question in batch.questions
        ]

    def _result(self, asked: AskedQuestion, batch: Batch) -> Result:
        proposal = asked.proposal()
        verdict = self._calibration.judge(proposal.evidence)
        judgements = verdict.judgements[: self._n_best(asked.question)]
        found = [self._answer(asked.question, proposal.candidates[j.position], j.confidence) for j in judgements]
        given = min(self._given(asked.question, verdict), len(found))
        # what stood in items of one list has become the same answer
        answers = without_overlaps(found[:given], _place, given)
        rest = without_overlaps([*answers, *found[given:]], _place, len(found))[len(answers) :]
        return Result(
            question=asked.question.text,
            abstained=not answers,
            answerable=verdict.answerable,
            answers=tuple(answers),
            candidates=tuple(rest),
            passages=asked.passages,
            passages_read=asked.passages_read,
            timings=Timings(asked.retrieval.embed_ms, asked.retrieval.search_ms, batch.read_ms, _ms_since(batch.began)),
        )

    def _given(self, question: Question, verdict: Verdict) -> int:
        """How many of its candidates, the best ones, are given as answers; 0 is to abstain."""
        if question.min_confidence is None:
            return self._calibration.given(verdict)
        return sum(judgement.confidence >= question.min_confidence for judgement in verdict.judgements)

    def _n_best(self, question: Question) -> int:
        return self._config.n_best if question.n_best is None else question.n_best

    def _answer(self, question: Question, candidate: Candidate, confidence: float) -> Answer:
        candidate, items = as_list(candidate) if wants_list(question.text) else (candidate, ())
        location = self._documents.location(candidate.source.document, candidate.span.start)
        return answer(candidate, confidence, location, items)


def _place(answer: Answer) -> tuple[str, int, int]:
    return answer.document.id, answer.span.start, answer.span.end


def _ms_since(began: float) -> float:
    return (perf_counter() - began) * 1e3
