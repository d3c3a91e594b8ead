"""What callers change: documents, and with them what users said of their texts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.feedback import Feedback, FeedbackStore
from api.serving.view import View
from index.documents import Document, DocumentDraft
from index.errors import CatalogueError, DocumentNotFound, FeedbackError
from index.interfaces import Progress
from index.store.catalogue.arrivals import Conflict, Putting, Stored
from rag.engine import Sourcespan

logger = logging.getLogger("sourcespan")


class Changes:
    """Puts in, replaces and removes. What feedback quotes of a text goes with the text."""

    def __init__(self, library: Sourcespan, feedback: FeedbackStore) -> None:
        self._library = library
        self._feedback = feedback

    def put(self, view: View, draft: DocumentDraft, conflict: Conflict, progress: Progress | None = None) -> Stored:
        """Puts a document in, in collections of the caller's; erases what feedback quotes of a text that it replaces.

        Raises InvalidCollection, NotAllowed, NameTaken, CatalogueError.
        """
        draft = replace(draft, collections=view.collections_for(draft.collections))
        (stored,) = self._library.index.put_all([draft], Putting(conflict, view.within), progress)
        if stored.gone is not None:
            self._erase_quotes(stored.gone)
        return stored

    def replace(self, view: View, document_id: str, draft: DocumentDraft, progress: Progress | None = None) -> Document:
        """Puts another text in a document's place, and erases what feedback quotes of the old one.

        Raises DocumentNotFound, NotAllowed, DuplicateDocument, CatalogueError.
        """
        view.check_owned(document_id)
        if draft.collections:  # beside those that it is in
            draft = replace(draft, collections=view.collections_for(draft.collections))
        document = self._library.index.replace(document_id, draft, progress, within=view.within)
        self._erase_quotes(document_id)
        return document

    def rename(self, view: View, document_id: str, title: str, progress: Progress | None = None) -> Document:
        """Gives a document another title. Raises DocumentNotFound, NotAllowed."""
        view.check_owned(document_id)
        return self._library.index.rename(document_id, title, progress)

    def sort(
        self, view: View, document_id: str, collections: Sequence[str] | None, metadata: Mapping[str, Any] | None
    ) -> Document:
        """Gives a document other collections, and other metadata. Raises DocumentNotFound, NotAllowed."""
        view.check_owned(document_id)
        put_in = None if collections is None else view.collections_for(collections)
        return self._library.index.shelves.change(document_id, put_in, metadata)

    def remove(self, view: View, document_id: str, source: str | None = None) -> None:
        """Removes a document, and what feedback quotes of it; with ``source``, only where it came from nowhere else.

        Raises DocumentNotFound, NotAllowed, SourceNotFound, CatalogueError.
        """
        view.check_owned(document_id)
        if source is not None and self._library.index.leave(document_id, source):
            return
        try:
            if source is None:
                self._library.remove(document_id)
        except DocumentNotFound:
            self._erase_quotes(document_id)  # a crash may have come between the two
            raise
        self._erase_quotes(document_id)

    def keep_feedback(self, given: Feedback) -> str:
        """Keeps a verdict and gives its id. Raises FeedbackUnavailable, QuotaExceeded, CatalogueFull."""
        feedback_id = self._feedback.add(given)
        quoted = {given.answered_from, given.about.document_id if given.about else None} - {None}
        for document_id in quoted:
            try:
                self._library.document(str(document_id))
            except DocumentNotFound:
                self._erase_quotes(str(document_id))  # it went while this was written down
        return feedback_id

    def _erase_quotes(self, document_id: str) -> None:
        try:
            self._feedback.erase(document_id)
        except (FeedbackError, CatalogueError) as error:
            logger.warning("What feedback quotes of document %s could not be erased: %s", document_id, error)
