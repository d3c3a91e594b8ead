"""What the clients of a load test do, and what they see: questions, documents that come and go, the server's memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import secrets
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx

REFUSED = 503

_MEMORY = "process_resident_memory_bytes"
_SECONDS_BETWEEN_LOOKS = 1.0
# after a refusal that does not say when to come back, as of a proxy before the server
_SECONDS_AFTER_REFUSAL = 1.0
_DOCUMENTS_TO_FILL = 60

Parts = list[tuple[str, tuple[str, bytes]]]


@dataclass(slots=True)
class Seen:
    """What all clients of a round saw: latencies, statuses, inexact answers, the server's memory."""

    latencies: list[float] = field(default_factory=list)
    """Of the questions that were answered, in seconds."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Of all requests; 0 where there was no response."""
    answers_checked: int = 0
    not_checked: int = 0
    """Answers whose text could not be had any more."""
    not_exact: int = 0
    memory: list[float] = field(default_factory=list)
    """Of the server, in bytes, looked at every second."""


class Texts:
    """The stored texts by their hash, fetched once."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def expect(self, text: str) -> str:
        """Keeps a text that is about to be stored, and gives it."""
        self.known[hashlib.sha256(text.encode()).hexdigest()] = text
        return text

    async def holds(self, http: httpx.AsyncClient, answer: dict[str, Any]) -> bool | None:
        """Whether the answer is exactly its span; None where its text cannot be had any more."""
        sha256 = answer["document"]["sha256"]
        if sha256 not in self.known:
            try:
                response = await http.get(f"/v1/documents/{answer['document']['id']}/text")
            except httpx.HTTPError:
                return None
            if response.headers.get("etag") != f'"{sha256}"':
                return None
            self.known[sha256] = response.content.decode()
        text: str = answer["text"]
        return self.known[sha256][answer["span"]["start"] : answer["span"]["end"]] == text


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of one round, which share connections and end together."""

    http: httpx.AsyncClient
    until: float
    """By the performance counter."""
    seen: Seen
    texts: Texts = field(default_factory=Texts)

    async def ask(self, questions: Sequence[str], **wanted: int) -> None:
        """Asks one question after the other, with what is ``wanted`` beside the defaults; every answer checked."""
        for question in itertools.cycle(questions):
            if perf_counter() >= self.until:
                return
            began = perf_counter()
            response = await self._send("POST", "/v1/ask", json={"question": question, **wanted})
            if response is None:
                continue
            if response.status_code == REFUSED:
                await asyncio.sleep(min(seconds_to_wait(response), max(0.0, self.until - perf_counter())))
            elif response.is_success:
                self.seen.latencies.append(perf_counter() - began)
                await self._check(response.json())

    async def change(self) -> None:
        """Documents come, as JSON, as files and in an archive; one is replaced; all go."""
        for n in itertools.count():
            if perf_counter() >= self.until:
                return
            ids = await self._stored(json={"title": f"Bulletin {n}", "text": self._bulletin(n)})
            ids += await self._stored(files=self._files(n))
            for document_id in ids[:1]:
                body = {"title": f"Bulletin {n}, mended", "text": self._bulletin(n)}
                await self._send("PUT", f"/v1/documents/{document_id}", json=body)
            for document_id in ids:
                await self._send("DELETE", f"/v1/documents/{document_id}")

    async def fill(self) -> None:
        """Stores more passages than anybody may ask for."""
        for n in range(_DOCUMENTS_TO_FILL):
            await self._stored(json={"title": f"Bulletin {n}", "text": self._bulletin(n)})

    async def look_at_memory(self) -> None:
        """Looks every second at how much memory the server holds, until the round ends."""
        while perf_counter() < self.until:
            try:
                self.seen.memory.append(_memory((await self.http.get("/metrics")).text))
            except httpx.HTTPError:
                self.seen.statuses[0] += 1
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def _check(self, body: dict[str, Any]) -> None:
        for answer in (*body["answers"], *body["candidates"]):
            exact = await self.texts.holds(self.http, answer)
            self.seen.answers_checked += exact is not None
            self.seen.not_checked += exact is None
            self.seen.not_exact += exact is False

    def _bulletin(self, n: int) -> str:
        """A text that no other document has."""
        number = secrets.token_hex(4)
        line = f"The ferry number {number} leaves Pier {n % 9} at noon. It takes an hour. 👩‍👧\n\n"
        return self.texts.expect(f"Bulletin {number}.\n\n" + line * (n % 20 + 1))

    def _files(self, n: int) -> Parts:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("a.txt", "b.txt"):  # of which the text is stored as it is, so that it is known beforehand
                archive.writestr(name, self._bulletin(n))
        loose = self._bulletin(n).encode()
        return [("files", ("loose.txt", loose)), ("files", ("packed.zip", packed.getvalue()))]

    async def _stored(self, **sent: Any) -> list[str]:  # noqa: ANN401
        """The ids of what was stored."""
        response = await self._send("POST", "/v1/documents", **sent)
        if response is None or not response.is_success:
            return []
        body = response.json()
        if "files" not in body:
            return [body["id"]]
        return [file["document"]["id"] for file in body["files"] if file["document"] is not None]

    async def _send(self, method: str, path: str, **sent: Any) -> httpx.Response | None:  # noqa: ANN401
        try:
            response = await self.http.request(method, path, **sent)
        except httpx.HTTPError:
            self.seen.statuses[0] += 1
            return None
        self.seen.statuses[response.status_code] += 1
        return response


def seconds_to_wait(response: httpx.Response) -> float:
    """What a refusal says in ``Retry-After``, in seconds; one second where it says nothing, or a date."""
    header = response.headers.get("retry-after", "")
    return float(header) if header.isascii() and header.isdigit() else _SECONDS_AFTER_REFUSAL


def _memory(metrics: str) -> float:
    values = (line.rsplit(" ", 1)[1] for line in metrics.splitlines() if line.startswith(f"{_MEMORY} "))
    return float(next(values, "nan"))
