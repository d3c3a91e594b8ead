"""Question → answer: retrieve, read, rank, abstain."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from time import perf_counter

from index.errors import QuestionError
from rag.answering.all_of_a_list import list_asked_for
from rag.answering.asked import AskedQuestion, Batch, Proposal
from rag.answering.choosing import clearest
from rag.answering.quoting import Quotes, once
from rag.answers import Answer, Result, Timings
from rag.confidence.calibration import Calibration, Verdict
from rag.confidence.candidates import Candidate
from rag.config import MAX_N_BEST, MAX_TOP_K, AskConfig
from rag.conversation.understanding import Understood, unclear, understand
from rag.interfaces import DocumentStore, Query, Reader, Retrieval, Retriever, SearchMode
from rag.questions import Question, Turn, check_answers, check_history, check_question
from rag.retrieval.sources import SourceFinder, Sources

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
        self._quotes = Quotes(documents)
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
        history: Sequence[Turn] = (),
    ) -> Result:
        """Reads the ``top_k`` best passages and gives up to ``n_best`` answers.

        Abstains where the best confidence is below ``min_confidence``; by default as the calibration decides. What the
        question leaves to ``history``, the oldest turn first, is taken from there. Raises InvalidQuestion,
        QuestionTooLong.
        """
        (outcome,) = self.ask_many([Question(question, top_k, n_best, document_ids, min_confidence, history)])
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
        explain: bool = False,
    ) -> Retrieval:
        """The ``top_k`` best passages, unread. Raises InvalidQuestion."""
        top_k = self._config.top_k if top_k is None else top_k
        check_question(query, top_k)
        (retrieval,) = self._retriever.retrieve([Query(query, top_k, document_ids, mode, explain)])
        return retrieval

    def _retrieved(self, questions: Sequence[Question]) -> Batch:
        """The questions with their passages; calls who listens to one with its passages."""
        began = perf_counter()
        understood = [self._understood(question) for question in questions]
        # embedded and searched together, the sound ones alone
        queries = [
            Query(text, self._top_k(question), question.document_ids)
            for question, meant in zip(questions, understood, strict=True)
            if isinstance(meant, Understood)
            for text in meant.readings
        ]
        retrieved = iter(self._finder.find(queries))
        batch = Batch([], began)
        for question, meant in zip(questions, understood, strict=True):
            if isinstance(meant, QuestionError):
                batch.questions.append(meant)
                continue
            asked = _asked(question, meant, [next(retrieved) for _ in meant.readings])
            asked.listed = list_asked_for(asked.text, asked.sources, self._documents)
            batch.questions.append(asked)
            if question.on_event is not None:
                question.on_event(asked.passages)
        return batch

    def _understood(self, question: Question) -> Understood | QuestionError:
        """What the question may mean, in readings that can be asked; or what is wrong with it."""
        try:
            check_answers(self._n_best(question), question.min_confidence)
            check_history(question.history)
            self._check(question.text, question)
        except QuestionError as error:
            return error
        meant = understand(question, self._config.languages)
        readings = tuple(text for text in meant.readings if self._may_ask(text, question))
        return replace(meant, readings=readings or (question.text,))

    def _may_ask(self, text: str, question: Question) -> bool:
        # with what it stands for in its place, a long question may become too long
        with suppress(QuestionError):
            self._check(text, question)
            return True
        return False

    def _check(self, text: str, question: Question) -> None:
        check_question(text, self._top_k(question))
        self._reader.check(text)

    def _top_k(self, question: Question) -> int:
        return self._config.top_k if question.top_k is None else question.top_k

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
        count = len(asked.sources) if not asked.not_read else 0
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
            asked.question.on_event(self._answer(asked, *best))

    def _concluded(self, batch: Batch) -> Outcomes:
        return [
            question if isinstance(question, QuestionError) else self._result(question, batch)
            for question in batch.questions
        ]

    def _result(self, asked: AskedQuestion, batch: Batch) -> Result:
        proposal = asked.proposal()
        verdict = self._calibration.judge(proposal.evidence)
        judgements = verdict.judgements[: self._n_best(asked.question)]
        found = [self._answer(asked, proposal.candidates[j.position], j.confidence) for j in judgements]
        # what stood in items of one list, or in one clause, has become the same answer
        given = len(once(found[: self._given(asked.question, verdict)]))
        answers = once(found)
        detail = asked.not_read or ("" if given else unclear(asked.text))
        return Result(
            question=asked.question.text,
            status="not_understood" if detail else self._calibration.status(verdict, given),
            answerable=verdict.answerable,
            answers=tuple(answers[:given]),
            candidates=tuple(answers[given:]),
            passages=asked.passages,
            passages_read=asked.passages_read,
            timings=Timings(asked.retrieval.embed_ms, asked.retrieval.search_ms, batch.read_ms, _ms_since(batch.began)),
            read_as=asked.text if asked.text != asked.question.text else None,
            detail=detail or None,
        )

    def _given(self, question: Question, verdict: Verdict) -> int:
        """How many of its candidates, the best ones, are given as answers; 0 is to abstain."""
        if question.min_confidence is None:
            return self._calibration.given(verdict)
        return sum(judgement.confidence >= question.min_confidence for judgement in verdict.judgements)

    def _n_best(self, question: Question) -> int:
        return self._config.n_best if question.n_best is None else question.n_best

    def _answer(self, asked: AskedQuestion, candidate: Candidate, confidence: float) -> Answer:
        return self._quotes.answer(asked.text, candidate, confidence)


def _asked(question: Question, meant: Understood, found: Sequence[Sources]) -> AskedQuestion:
    """The question in the reading that finds most, of what each found; unread where none does."""
    number = 0 if len(found) == 1 else clearest(meant.readings, found)
    if number is None and meant.unclear:
        return AskedQuestion(question, question.text, found[0].passages, found[0].retrieval, meant.unclear)
    number = number or 0
    return AskedQuestion(
        question, meant.readings[number], found[number].passages, found[number].retrieval, meant.not_read
    )


def _ms_since(began: float) -> float:
    return (perf_counter() - began) * 1e3
