"""Question → answer: retrieve, read, rank, abstain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from index.documents import lone_surrogate
from index.errors import DocumentNotFound, InvalidQuestion
from rag.answers import Answer, QAResult, RetrievedPassage, Timings
from rag.calibration import Calibration, Evidence
from rag.candidates import Candidate, ReadPassage, answer, candidates, evidence
from rag.config import MAX_N_BEST, MAX_QUESTION_CHARACTERS, MAX_TOP_K, AskConfig
from rag.interfaces import DocumentStore, Reader, Retriever


@dataclass(frozen=True, slots=True)
class Proposal:
    """The reader's candidates for a question, best margin first, each with its evidence."""

    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]
    passages: tuple[RetrievedPassage, ...]
    timings: Timings


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
    ) -> QAResult:
        """Reads the ``top_k`` best passages and gives up to ``n_best`` answers.

        Abstains where the best confidence is below ``min_confidence`` (default: the fitted threshold). Raises
        InvalidQuestion, QuestionTooLong.
        """
        began = perf_counter()
        n_best = self._config.n_best if n_best is None else n_best
        threshold = self._calibration.threshold if min_confidence is None else min_confidence
        _check(n_best, threshold)
        proposal = self.propose(question, top_k=top_k, document_ids=document_ids)
        judged = self._calibration.judge(proposal.evidence)[:n_best]
        found = tuple(self._answer(proposal.candidates[j.position], j.confidence) for j in judged)
        answers = tuple(a for a in found if a.confidence >= threshold)
        return QAResult(
            question=question,
            abstained=not answers,
            answers=answers,
            candidates=found[len(answers) :],
            passages=proposal.passages,
            timings=replace(proposal.timings, total=_ms_since(began)),
        )

    def propose(
        self, question: str, *, top_k: int | None = None, document_ids: Sequence[str] | None = None
    ) -> Proposal:
        """What the reader finds in the ``top_k`` best passages, before anything is made of it.

        Raises InvalidQuestion, QuestionTooLong.
        """
        began = perf_counter()
        top_k = self._config.top_k if top_k is None else top_k
        _check_question(question, top_k)
        retrieval = self._retriever.retrieve(question, top_k, document_ids)
        read = self._with_documents(retrieval.passages)
        reading = perf_counter()
        spans = self._reader.read(question, [source.retrieved.passage.text for source in read]) if read else []
        timings = Timings(retrieval.embed_ms, retrieval.search_ms, read=_ms_since(reading), total=_ms_since(began))
        found = tuple(candidates(spans, read, MAX_N_BEST))
        return Proposal(
            candidates=found,
            evidence=tuple(evidence(question, candidate) for candidate in found),
            passages=tuple(source.retrieved for source in read),
            timings=timings,
        )

    def _answer(self, candidate: Candidate, confidence: float) -> Answer:
        location = self._documents.location(candidate.source.document, candidate.span.start)
        return answer(candidate, confidence, location)

    def _with_documents(self, passages: Sequence[RetrievedPassage]) -> list[ReadPassage]:
        """Each passage with its document; one whose document was removed or replaced meanwhile is left out."""
        stored = {}
        for document_id in {p.passage.document_id for p in passages}:
            try:
                stored[document_id] = self._documents.with_text(document_id)
            except DocumentNotFound:
                continue
        return [
            ReadPassage(p, *stored[p.passage.document_id], rank)
            for rank, p in enumerate(passages)
            if p.passage.document_id in stored
            and stored[p.passage.document_id][1][p.passage.start : p.passage.end] == p.passage.text
        ]


def _ms_since(began: float) -> float:
    return (perf_counter() - began) * 1e3


def _check_question(question: str, top_k: int) -> None:
    if not question.strip():
        raise InvalidQuestion("question", "is blank")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise InvalidQuestion("question", f"has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,}")
    if lone_surrogate(question) is not None:
        raise InvalidQuestion("question", "holds a lone surrogate")
    if not 1 <= top_k <= MAX_TOP_K:
        raise InvalidQuestion("top_k", f"is {top_k}, must be 1 to {MAX_TOP_K}")


def _check(n_best: int, min_confidence: float) -> None:
    if not 1 <= n_best <= MAX_N_BEST:
        raise InvalidQuestion("n_best", f"is {n_best}, must be 1 to {MAX_N_BEST}")
    if not 0 <= min_confidence <= 1:
        raise InvalidQuestion("min_confidence", f"is {min_confidence}, must be 0 to 1")
