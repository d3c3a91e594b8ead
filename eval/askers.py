"""Who answers the questions: the pipeline in this process, or a running server by the HTTP contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx

from eval.errors import ServerUnusable
from index.documents import DocumentDraft
from rag.answers import Answer, Place, Span, Timings
from rag.engine import Sourcespan

T = TypeVar("T")

MAX_DOCUMENT_IDS = 1_000
"""What the contract lets a question name."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that was given or withheld, with the sentence it stands in."""

    text: str
    confidence: float
    score: float
    place: Place
    also_at: tuple[Place, ...]
    source: str
    sentence: str
    sentence_start: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one question: answers and candidates, the best first, and the texts that were read."""

    abstained: bool
    answerable: float
    """The probability that the documents hold an answer."""
    answers: tuple[Found, ...]
    passages: tuple[str, ...]
    timings: Timings


class Asker(Protocol):
    """Takes documents, answers questions about them, and shows the stored text."""

    def add(self, drafts: Sequence[DocumentDraft]) -> Iterator[str]:
        """Each one's id, as it is put in."""

    def ask(self, question: str, *, top_k: int, document_ids: Sequence[str] | None) -> Reply:
        """Asks these documents, or the whole index."""

    def text(self, document_id: str) -> str:
        """The stored text, which spans refer to."""


class InProcess:
    """Asks the pipeline in this process."""

    def __init__(self, library: Sourcespan) -> None:
        self._library = library
        self.text = lru_cache(maxsize=64)(self._text)

    def add(self, drafts: Sequence[DocumentDraft]) -> Iterator[str]:
        """Each one's id, as it is put in."""
        return (added.document_or_error().id for added in self._library.add_many(drafts))

    def ask(self, question: str, *, top_k: int, document_ids: Sequence[str] | None) -> Reply:
        """Asks these documents, or the whole index. Raises QuestionError."""
        result = self._library.ask(question, top_k=top_k, document_ids=document_ids)
        return Reply(
            abstained=result.abstained,
            answerable=result.answerable,
            answers=tuple(_found(answer) for answer in (*result.answers, *result.candidates)),
            passages=tuple(retrieved.passage.text for retrieved in result.passages),
            timings=result.timings,
        )

    def _text(self, document_id: str) -> str:
        return self._library.text(document_id)


class Server:
    """A running server. The documents it did not hold before are removed when the block ends."""

    def __init__(self, url: str, *, timeout: float = 120.0, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        self._added: list[str] = []
        self.text = lru_cache(maxsize=64)(self._text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            for document_id in self._added:
                self._client.delete(f"/v1/documents/{document_id}")
        except httpx.HTTPError as failure:
            if error is None:
                raise ServerUnusable(self._url, f"what was added cannot be removed: {failure}") from failure
        finally:
            self._client.close()

    def add(self, drafts: Sequence[DocumentDraft]) -> Iterator[str]:
        """Each one's id, as it is put in. Raises ServerUnusable."""
        return map(self._add, drafts)

    def _add(self, draft: DocumentDraft) -> str:
        body = {"title": draft.title or draft.sha256[:12], "text": draft.text, "source": draft.source}
        response = self._send("POST", "/v1/documents", body)
        document_id = self._read(lambda: str(response.json()["id"]))
        if response.status_code == httpx.codes.CREATED:
            self._added.append(document_id)
        return document_id

    def ask(self, question: str, *, top_k: int, document_ids: Sequence[str] | None) -> Reply:
        """Asks these documents, or the whole index; the total time is the client's. Raises ServerUnusable."""
        body: dict[str, Any] = {"question": question, "top_k": top_k, "include_passages": True}
        if document_ids is not None:
            body["document_ids"] = list(document_ids)
        began = perf_counter()
        response = self._send("POST", "/v1/ask", body)
        took = (perf_counter() - began) * 1e3
        return self._read(lambda: _reply(response.json(), took))

    def _text(self, document_id: str) -> str:
        # httpx would guess the encoding of text that no header names
        return self._send("GET", f"/v1/documents/{document_id}/text").content.decode("utf-8")

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        try:
            response = self._client.request(method, path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerUnusable(self._url, str(error) or type(error).__name__) from error
        if not response.is_success:
            raise ServerUnusable(self._url, f"{method} {path} gave {response.status_code}: {response.text[:300]}")
        return response

    def _read(self, parse: Callable[[], T]) -> T:
        try:
            return parse()
        except (ValueError, KeyError, TypeError) as error:
            raise ServerUnusable(self._url, f"an answer not as the contract says: {error!r}") from error


def _found(answer: Answer) -> Found:
    return Found(
        text=answer.text,
        confidence=answer.confidence,
        score=answer.score,
        place=Place(answer.document.id, answer.span),
        also_at=answer.also_at,
        source=answer.document.source or answer.document.title,
        sentence=answer.sentence_text,
        sentence_start=answer.sentence.start,
    )


def _reply(body: dict[str, Any], took: float) -> Reply:
    timings = Timings(**{part: float(body["timings_ms"][part]) for part in ("embed", "retrieve", "read", "total")})
    return Reply(
        abstained=bool(body["abstained"]),
        answerable=float(body["answerable"]),
        answers=tuple(_found_in(answer) for answer in (*body["answers"], *body["candidates"])),
        passages=tuple(str(passage["text"]) for passage in body["passages"]),
        timings=replace(timings, total=took),
    )


def _found_in(answer: dict[str, Any]) -> Found:
    document, sentence = answer["document"], answer["sentence"]
    return Found(
        text=str(answer["text"]),
        confidence=float(answer["confidence"]),
        score=float(answer["score"]),
        place=Place(str(document["id"]), _span(answer["span"])),
        also_at=tuple(Place(str(place["document_id"]), _span(place["span"])) for place in answer["also_at"]),
        source=str(document["source"] or document["title"]),
        sentence=str(sentence["text"]),
        sentence_start=int(sentence["start"]),
    )


def _span(body: dict[str, Any]) -> Span:
    return Span(int(body["start"]), int(body["end"]))
