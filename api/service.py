"""What the routes work on, loaded once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from api.feedback import Feedback, FeedbackStore
from index.documents import Document, DocumentDraft
from index.errors import CatalogueError, DocumentNotFound, FeedbackError
from index.interfaces import Progress
from index.passage_index import PassageIndex
from rag.interfaces import Reader
from rag.loading import Parts
from rag.pipeline import QuestionAnswerer
from rag.self_test import QUESTION, reads

logger = logging.getLogger("sourcespan")


class Named(Protocol):
    """A model, by the fingerprint of its weights."""

    @property
    def fingerprint(self) -> str:
        """Name and hash."""


@dataclass(frozen=True, slots=True)
class Service:
    """The open index, what answers from it, and what its users said of the answers."""

    index: PassageIndex
    answerer: QuestionAnswerer
    embedder: Named
    reader: Reader
    feedback: FeedbackStore
    self_test_question: str = QUESTION

    @classmethod
    def of(cls, parts: Parts, data: Path, most_feedback: int) -> Self:
        """The loaded parts, with the feedback beside the index, of which at most so many entries are kept."""
        feedback = FeedbackStore(data, most=most_feedback)
        return cls(parts.index, parts.answerer, parts.embedder, parts.reader, feedback)

    def replace(self, document_id: str, draft: DocumentDraft, progress: Progress | None = None) -> Document:
        """Puts another text in a document's place, and erases what feedback quotes of the old one.

        Raises DocumentNotFound, DuplicateDocument, CatalogueError.
        """
        document = self.index.replace(document_id, draft, progress)
        self._erase_quotes(document_id)
        return document

    def delete(self, document_id: str) -> None:
        """Removes a document, and what feedback quotes of it. Raises DocumentNotFound, CatalogueError."""
        try:
            self.index.delete(document_id)
        except DocumentNotFound:
            self._erase_quotes(document_id)  # a crash may have come between the two
            raise
        self._erase_quotes(document_id)

    def keep_feedback(self, given: Feedback) -> str:
        """Its id. Raises FeedbackUnavailable, QuotaExceeded, CatalogueFull."""
        feedback_id = self.feedback.add(given)
        quoted = {given.answered_from, given.about.document_id if given.about else None} - {None}
        for document_id in quoted:
            try:
                self.index.document(str(document_id))
            except DocumentNotFound:
                self._erase_quotes(str(document_id))  # it went while this was written down
        return feedback_id

    def usage(self) -> dict[str, tuple[int, int]]:
        """Of everything that has a quota, how much is stored, and how much may be; 0: no limit."""
        stored, quota = self.index.usage, self.index.quota
        return {
            "documents": (stored.documents, quota.documents),
            "text_bytes": (stored.text_bytes, quota.text_bytes),
            "feedback": (self.feedback.count(), self.feedback.most),
        }

    def _erase_quotes(self, document_id: str) -> None:
        try:
            self.feedback.erase(document_id)
        except (FeedbackError, CatalogueError) as error:
            logger.warning("What feedback quotes of document %s could not be erased: %s", document_id, error)

    def self_test(self) -> bool:
        """Whether the reader still reads."""
        return reads(self.reader, self.self_test_question)

    def close(self) -> None:
        """Lets go of the files."""
        self.feedback.close()
        self.index.close()
