"""For Haystack: a retriever of passages, and a reader in the place of ``TransformersExtractiveReader``.

Needs ``pip install sourcespan[haystack]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from haystack import Document, ExtractedAnswer, component, default_to_dict

from rag.interfaces import SearchMode
from sourcespan import Answer, DocumentDraft, DocumentNotFound, Sourcespan
from sourcespan.adapters.metadata import found, of_answer

__all__ = ["SourcespanReader", "SourcespanRetriever"]


class _Library:
    """A library that was given open, or the folder of one that is opened when it is first used."""

    def __init__(self, given: Sourcespan | str | PathLike[str]) -> None:
        self._opened = given if isinstance(given, Sourcespan) else None
        self._is_ours = self._opened is None
        self.folder = str(given.folder if isinstance(given, Sourcespan) else given)

    def get(self) -> Sourcespan:
        self._opened = self._opened or Sourcespan.open(self.folder)
        return self._opened

    def close(self) -> None:
        if self._is_ours and self._opened:
            self._opened.close()
            self._opened = None


@component
class SourcespanRetriever:
    """Finds passages as documents, best first; ``meta`` has their ``start`` and ``end`` in the stored text.

    ``library`` is an open one or its folder, which is what a serialised pipeline keeps.
    """

    def __init__(self, library: Sourcespan | str | PathLike[str], top_k: int = 5, mode: SearchMode = "hybrid") -> None:
        self._library = _Library(library)
        self.top_k = top_k
        self.mode: SearchMode = mode

    def warm_up(self) -> None:
        """Opens the folder. Raises like `Sourcespan.open`."""
        self._library.get()

    def close(self) -> None:
        """Closes the folder, where this component opened it."""
        self._library.close()

    def to_dict(self) -> dict[str, Any]:
        """What a pipeline is written down with."""
        return default_to_dict(self, library=self._library.folder, top_k=self.top_k, mode=self.mode)

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, top_k: int | None = None, document_ids: list[str] | None = None
    ) -> dict[str, list[Document]]:
        """The best passages, of these documents if any are named. Raises InvalidQuestion."""
        hits = found(self._library.get(), query, top_k or self.top_k, self.mode, document_ids)
        return {"documents": [_document(hit.passage.id, hit.passage.text, metadata) for hit, metadata in hits]}


@component
class SourcespanReader:
    """Answers with exact quotes as `ExtractedAnswer`, from the library or from the documents that it is given.

    Given documents that are not in the library are put into it first (the same text is stored once), and only they are
    read; without any, the whole library is asked. ``score`` is the confidence: the probability that the answer is
    right. ``document_offset`` counts characters of ``document.content``, ``meta`` has ``start`` and ``end`` in the
    stored text. With ``no_answer`` there is one answer more, without data, as probable as that the documents say
    nothing: it comes first exactly where nothing is answered.
    """

    def __init__(self, library: Sourcespan | str | PathLike[str], top_k: int = 3, no_answer: bool = True) -> None:
        self._library = _Library(library)
        self.top_k = top_k
        self.no_answer = no_answer

    def warm_up(self) -> None:
        """Opens the folder. Raises like `Sourcespan.open`."""
        self._library.get()

    def close(self) -> None:
        """Closes the folder, where this component opened it."""
        self._library.close()

    def to_dict(self) -> dict[str, Any]:
        """What a pipeline is written down with."""
        return default_to_dict(self, library=self._library.folder, top_k=self.top_k, no_answer=self.no_answer)

    @component.output_types(answers=list[ExtractedAnswer])
    def run(
        self,
        query: str,
        documents: list[Document] | None = None,
        top_k: int | None = None,
        no_answer: bool | None = None,
    ) -> dict[str, list[ExtractedAnswer]]:
        """The answers, best first. Raises InvalidQuestion, QuestionTooLong, CatalogueError."""
        library = self._library.get()
        given = (
            None if documents is None else _stored(library, [one for one in documents if (one.content or "").strip()])
        )
        if given == {}:
            return {"answers": []}
        result = library.ask(query, n_best=top_k or self.top_k, document_ids=None if given is None else list(given))
        answers = [_extracted(query, one, given or {}) for one in result.answers]
        if self.no_answer if no_answer is None else no_answer:
            # where an answer is given, its confidence and `answerable` come to 1 or more
            answers.append(ExtractedAnswer(query=query, score=1 - result.answerable))
        return {"answers": sorted(answers, key=lambda one: one.score, reverse=True)}


def _stored(library: Sourcespan, documents: Sequence[Document]) -> dict[str, Document | None]:
    """The documents by their ids in the library; None for those of which a passage was found there."""
    ours = {one.meta["document_id"]: None for one in documents if _is_of(library, one)}
    others = [one for one in documents if one.meta.get("document_id") not in ours]
    added = library.add_many([_draft(one) for one in others])
    return ours | {one.document_or_error().id: document for one, document in zip(added, others, strict=True)}


def _is_of(library: Sourcespan, document: Document) -> bool:
    try:
        stored = library.document(str(document.meta.get("document_id", "")))
    except DocumentNotFound:
        return False
    return stored.sha256 == document.meta.get("sha256")


def _draft(document: Document) -> DocumentDraft:
    meta, text = document.meta, document.content or ""
    source = str(meta.get("source") or meta.get("file_path") or "")
    return DocumentDraft(str(meta.get("title") or meta.get("name") or ""), text, source)


def _extracted(query: str, answer: Answer, given: Mapping[str, Document | None]) -> ExtractedAnswer:
    passage, metadata = answer.passage, of_answer(answer)
    document, offset = given.get(answer.document.id), 0
    if document is None:
        place = {"start": passage.start, "end": passage.end}
        document, offset = _document(passage.id, passage.text, metadata | place), passage.start
    page = metadata.get("page") or _page(document, answer.span.start)
    return ExtractedAnswer(
        query=query,
        score=answer.confidence,
        data=answer.text,
        document=document,
        context=answer.sentence_text,
        document_offset=_within(answer, offset),
        context_offset=_within(answer, answer.sentence.start),
        meta=metadata | ({"answer_page_number": page} if page else {}),
    )


def _page(document: Document, offset: int) -> int | None:
    """As Haystack's own components count them: from the page on which the document begins, by form feeds."""
    first = document.meta.get("page_number")
    return first + (document.content or "")[:offset].count("\f") if isinstance(first, int) else None


def _within(answer: Answer, begin: int) -> ExtractedAnswer.Span:
    return ExtractedAnswer.Span(answer.span.start - begin, answer.span.end - begin)


def _document(passage_id: str, text: str, metadata: dict[str, Any]) -> Document:
    return Document(id=passage_id, content=text, meta=metadata, score=metadata.get("score"))
