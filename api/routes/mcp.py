"""The documents for agents: Model Context Protocol over streamable HTTP, at ``/mcp``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import Annotated, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import BaseModel, Field
from starlette.routing import BaseRoute, Route

from api.middleware.rules import LARGE_BODY, RouteRules, declares
from api.routes.mcp_messages import BoundedMessages
from api.serving.backend import Backend
from api.wire.requests import DocumentIds, History
from api.wire.schemas import AskResponse, DocumentRef, PassagesFound
from index.errors import SourcespanError
from rag.config import MAX_TOP_K
from rag.interfaces import SearchMode
from rag.questions import Question

P = ParamSpec("P")
T = TypeVar("T")

MOST_CHARACTERS = 20_000
_CONVERSES = RouteRules(needs="read", body_bytes=LARGE_BODY)

_INSTRUCTIONS = (
    "Answers questions about the stored documents with exact quotes. Every span is a half-open range of Unicode code "
    "points of the document's text. Where `status` is `unsure`, read around the first candidate before you use it; "
    "where it is `not_found`, the documents do not say: do not make an answer up; `detail` explains `not_understood`."
)

SomeDocuments = Annotated[DocumentIds | None, Field(max_length=1_000, description="Only these documents.")]
TopK = Annotated[int | None, Field(ge=1, le=MAX_TOP_K, description="How many passages.")]


class DocumentText(BaseModel):
    """Characters ``start`` to ``end`` of a document that has ``characters`` of them."""

    document: DocumentRef
    text: str
    start: int
    end: int
    characters: int


def mcp_routes(backend: Backend) -> tuple[list[BaseRoute], Callable[[], AbstractAsyncContextManager[None]]]:
    """The routes to serve, and what has to run while they are. No state is kept between calls."""
    server = MCPServer("sourcespan", instructions=_INSTRUCTIONS)

    @server.tool()
    @_told
    async def ask(
        question: str, top_k: TopK = None, document_ids: SomeDocuments = None, history: History | None = None
    ) -> AskResponse:
        """Answer a question with exact quotes from the documents, or say that they don't hold the answer."""
        turns = [each.turn() for each in history or ()]
        result = await backend.ask(Question(question, top_k=top_k, document_ids=document_ids, history=turns))
        return AskResponse.of(result, include_passages=False)

    @server.tool()
    @_told
    async def search(
        query: str, top_k: TopK = None, mode: SearchMode = "hybrid", document_ids: SomeDocuments = None
    ) -> PassagesFound:
        """Find the passages that are nearest to a query, by meaning (dense), by words (lexical), or by both."""
        return PassagesFound.of((await backend.search(query, top_k, document_ids, mode)).passages)

    @server.tool()
    @_told
    async def read_document(
        document_id: str,
        start: Annotated[int, Field(ge=0, description="First character.")] = 0,
        end: Annotated[int | None, Field(ge=0, description="Past the last character.")] = None,
    ) -> DocumentText:
        """Read the stored text of a document, or a part of it: at most 20,000 characters at once."""
        document, text = await backend.look_up(lambda: backend.library.index.with_text(document_id))
        last = min(len(text), start + MOST_CHARACTERS, len(text) if end is None else end)
        part = text[start:last]
        return DocumentText(
            document=DocumentRef.of(document), text=part, start=start, end=start + len(part), characters=len(text)
        )

    app = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        # the gate has looked at the host and the origin
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    (route,) = app.routes
    assert isinstance(route, Route)  # noqa: S101
    endpoint = declares(_CONVERSES)(BoundedMessages(route.endpoint))
    return [Route(route.path, endpoint)], server.session_manager.run


def _told(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Gives our errors to the caller in words."""

    @wraps(tool)
    async def telling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await tool(*args, **kwargs)
        except SourcespanError as error:
            raise ToolError(str(error)) from error

    return telling
