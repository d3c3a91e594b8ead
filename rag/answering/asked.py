"""Questions that are being answered: what was retrieved for each, and what the reader found of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from index.errors import QuestionError
from rag.answering.all_of_a_list import with_list
from rag.answers import RetrievedPassage
from rag.confidence.calibration import Evidence
from rag.confidence.candidates import Candidate, candidates
from rag.confidence.evidence import evidence
from rag.config import MAX_N_BEST
from rag.interfaces import PassageSpan, Reading, Retrieval
from rag.questions import Question
from rag.retrieval.sources import ReadPassage


@dataclass(frozen=True, slots=True)
class Proposal:
    """The reader's candidates for a question, best margin first, each with its evidence."""

    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class AskedQuestion:
    """A question with its passages, and what the reader found in those that it has read so far."""

    question: Question
    text: str
    """The question as it is read: after those before it, maybe another than was asked."""
    sources: Sequence[ReadPassage]
    retrieval: Retrieval
    not_read: str = ""
    """A sentence that says why its passages are not read; empty where they are."""
    listed: Candidate | None = None
    """The list that it asks for by what it is called."""
    passages_read: int = 0
    spans: list[PassageSpan] = field(default_factory=list)
    best: tuple[Candidate, float] | None = None
    """The answer that `Question.on_event` was last called with, and its confidence."""
    _proposal: Proposal | None = None

    @property
    def passages(self) -> tuple[RetrievedPassage, ...]:
        """What was retrieved, best first, but for passages whose document is gone meanwhile."""
        return tuple(source.retrieved for source in self.sources)

    def reading(self, end: int) -> Reading:
        """The passages from the first unread one to ``end``."""
        unread = self.sources[self.passages_read : end]
        return Reading(self.text, [source.retrieved.passage.reading for source in unread])

    def proposal(self) -> Proposal:
        """The candidates, with their evidence, of the passages read so far."""
        # after each pass both whether reading may stop and who listens want them: they are made once of the same spans
        if self._proposal is None:
            best_first = sorted(self.spans, key=PassageSpan.order)
            made = with_list(self.listed, candidates(best_first, self.sources, MAX_N_BEST))
            self._proposal = Proposal(made, evidence(self.text, made))
        return self._proposal

    def add(self, span: PassageSpan) -> None:
        """Keeps a span that was read; its position is that of the passage among all of the question's."""
        self.spans.append(span)
        self._proposal = None


@dataclass(slots=True)
class Batch:
    """Questions that are answered together, in order; what cannot be asked stands as its error."""

    questions: list[AskedQuestion | QuestionError]
    began: float
    """By the performance counter, in seconds."""
    read_ms: float = 0.0
    """How long the reader has read for all of them together."""

    @property
    def asked(self) -> list[AskedQuestion]:
        """The questions that can be asked, without the errors of the others."""
        return [question for question in self.questions if isinstance(question, AskedQuestion)]
