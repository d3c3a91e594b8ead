"""Addresses of the chat page, which shows a document and marks a span in it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from api.middleware.forwarded import FORWARDED_TO
from api.settings import Settings
from index.documents import Document
from rag.answers import Answer, Span


@dataclass(frozen=True, slots=True)
class Links:
    """Links to the page at ``base``, which ends with a slash. Their form is that of ``web/frame/links.js``."""

    base: str

    @classmethod
    def of(cls, settings: Settings, request: Request | None = None) -> Links:
        """To where the operator says; else to where ``request`` came to, by way of a trusted proxy or straight."""
        if settings.public_url or request is None:
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            return cls(f"{settings.public_url or f'http://{host}:{settings.port}'}/")
        host, prefix = request.scope.get(FORWARDED_TO, ("", ""))
        base = request.base_url
        return cls(f"{base.scheme}://{host or base.netloc}{prefix}{base.path}")

    def to(self, document: Document, span: Span | None = None) -> str:
        """The address that shows ``document``, marks ``span`` and tells when the text has changed since."""
        place = {} if span is None else {"span": f"{span.start}-{span.end}"}
        return f"{self.base}#{urlencode({'document': document.id, **place, 'sha256': document.sha256[:12]})}"

    def to_quote(self, answer: Answer) -> str:
        """The address that shows an answer where it stands."""
        return self.to(answer.document, answer.span)
