"""The documents for agents: the tools and resources of a server that speaks the Model Context Protocol."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any, ParamSpec

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp_types import CallToolResult, InputRequiredResult, Resource, TextContent, Tool, ToolAnnotations
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from api.mcp.schemas import (
    DocumentText,
    Fetched,
    FetchedMetadata,
    FoundOut,
    Listed,
    ListedDocument,
    SearchResults,
    dumped,
    schema_of,
    without_null,
)
from api.serving.backend import Backend
from api.serving.lookup import documents_of
from api.settings import Settings
from api.wire.documents.incoming import faults
from api.wire.page_links import Links
from api.wire.requests import DocumentIds, FilterIn, History
from api.wire.schemas import AskResponse, DocumentRef
from api.wire.wording import source_of, worded
from index.documents import Document
from index.errors import SourcespanError
from index.errors.shown import shown
from rag.answers import Span
from rag.config import MAX_TOP_K
from rag.interfaces import SearchMode
from rag.questions import Question

P = ParamSpec("P")

MOST_CHARACTERS = 20_000
_MOST_LISTED = 200
_LARGEST_RESOURCE = 1_000_000

_INSTRUCTIONS = (
    "Answers questions about the stored documents with exact quotes. Every span is a half-open range of Unicode code "
    "points of the document's text. Where `status` is `unsure`, read around the first candidate before you use it; "
    "where it is `not_found`, the documents do not say: do not make an answer up; `detail` explains `not_understood`. "
    "Cite quotes with their links."
)
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_GIVES: dict[str, type[BaseModel]] = {
    "ask": AskResponse,
    "search": SearchResults,
    "fetch": Fetched,
    "list_documents": Listed,
    "read_document": DocumentText,
}

SomeDocuments = Annotated[DocumentIds, Field(max_length=1_000, description="Only these documents; none named: all.")]
TopK = Annotated[int, Field(ge=1, le=MAX_TOP_K, description="How many passages.")]
Offset = Annotated[int, Field(ge=0, le=1_000_000_000)]


class DocumentServer(MCPServer[Any]):
    """The SDK's server, with the schemas of what the tools give, and with the documents as its resources."""

    def __init__(self, backend: Backend) -> None:
        super().__init__("sourcespan", title="Sourcespan", version=version("sourcespan"), instructions=_INSTRUCTIONS)
        self._backend = backend

    async def list_tools(self) -> list[Tool]:
        """What there is to call."""
        schemas = {name: schema_of(gives) for name, gives in _GIVES.items()}
        return [
            tool.model_copy(
                update={
                    "input_schema": without_null(tool.input_schema) | {"additionalProperties": False},
                    "output_schema": schemas[tool.name],
                }
            )
            for tool in await super().list_tools()
        ]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Calls a tool; there are clients that send null for what they leave out. Raises ToolError."""
        given = {each: value for each, value in arguments.items() if value is not None}
        taken = next(
            (tool.input_schema["properties"] for tool in await super().list_tools() if tool.name == name), given
        )
        if unknown := sorted(set(given) - set(taken)):
            # what is mistyped would be passed over, and the answer be to another question
            raise ToolError(f"{name} takes no {shown(', '.join(unknown))}; it takes {', '.join(taken)}")
        try:
            return await super().call_tool(name, given, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            raise ToolError("; ".join(map(": ".join, faults(error.__cause__)))) from error.__cause__

    async def list_resources(self) -> list[Resource]:
        """The documents that came last; `list_documents` has all."""
        view = self._backend.view

        def look() -> list[Document]:
            return view.page(None, "", "newest", _MOST_LISTED, 0)[0][::-1]

        return [
            Resource(uri=f"sourcespan://documents/{each.id}", name=each.title, title=each.title, mime_type="text/plain")
            for each in await self._backend.look_up(look)
        ]


def server_of(backend: Backend, settings: Settings) -> MCPServer[Any]:
    """The server for a backend, to be run over HTTP or over stdio."""
    server = DocumentServer(backend)

    def links(context: Context[Any, Any]) -> Links:
        request = context.request_context.request
        return Links.of(settings, request if isinstance(request, Request) else None)

    @server.tool(title="Ask the documents", annotations=_READS)
    @_telling
    async def ask(
        question: str,
        context: Context[Any, Any],
        top_k: TopK = settings.top_k,
        document_ids: SomeDocuments = [],  # noqa: B006
        filter: FilterIn = {},  # noqa: A002, B006
        history: History = [],  # noqa: B006
    ) -> CallToolResult:
        """Answer a question with exact quotes from the documents, or say that they don't hold the answer."""
        turns = [each.turn() for each in history]
        asked = Question(question, top_k=top_k, document_ids=document_ids or None, history=turns)
        result = await backend.ask(asked, filter or None)
        return _result(AskResponse.of(result, include_passages=False), worded(result, links(context)).text)

    @server.tool(title="Search the documents", annotations=_READS)
    @_telling
    async def search(
        query: str,
        context: Context[Any, Any],
        top_k: TopK = settings.top_k,
        mode: SearchMode = "hybrid",
        document_ids: SomeDocuments = [],  # noqa: B006
        filter: FilterIn = {},  # noqa: A002, B006
    ) -> CallToolResult:
        """Find the passages that are nearest to a query, by meaning (dense), by words (lexical), or by both."""
        found = await backend.search(query, top_k, document_ids or None, mode, filter=filter or None)
        passages = found.passages
        documents = await documents_of(backend, passages)
        results = [
            FoundOut(
                id=each.passage.id,
                title=source_of(document, each.passage.location),
                url=links(context).to(document, Span(each.passage.start, each.passage.end)),
                text=each.passage.text,
                score=each.score,
                document_id=document.id,
                start=each.passage.start,
                end=each.passage.end,
                page=each.passage.location.page,
                heading=each.passage.location.heading,
            )
            for each in passages
            if (document := documents.get(each.passage.document_id)) is not None
        ]
        return _result(SearchResults(results=results))

    @server.tool(title="Fetch a search result", annotations=_READS)
    @_telling
    async def fetch(
        id: Annotated[str, Field(description="Of a result of `search`, or of a document.")],  # noqa: A002
        context: Context[Any, Any],
    ) -> CallToolResult:
        """Fetch the document of a search result: all of a short one, else 20,000 characters around the result."""
        document_id, passage = _parts_of(id)
        view = backend.view
        document, text = await backend.look_up(lambda: view.with_text(document_id))
        middle = (passage.start + passage.end) // 2 if passage else 0
        start = max(0, min(middle - MOST_CHARACTERS // 2, len(text) - MOST_CHARACTERS))
        part = text[start : start + MOST_CHARACTERS]
        where = FetchedMetadata(
            source=document.source,
            sha256=document.sha256,
            document_id=document.id,
            start=start,
            end=start + len(part),
            characters=len(text),
        )
        url = links(context).to(document, passage)
        return _result(Fetched(id=id, title=document.title, text=part, url=url, metadata=where))

    @server.tool(title="List the documents", annotations=_READS)
    @_telling
    async def list_documents(
        context: Context[Any, Any],
        limit: Annotated[int, Field(ge=1, le=_MOST_LISTED)] = 50,
        offset: Offset = 0,
        filter: FilterIn = {},  # noqa: A002, B006
    ) -> CallToolResult:
        """List the stored documents, the oldest first."""
        view = backend.view
        documents, total, _ = await backend.look_up(lambda: view.page(filter or None, "", "oldest", limit, offset))
        listed = [
            ListedDocument(**DocumentRef.of(each).model_dump(), characters=each.characters, url=links(context).to(each))
            for each in documents
        ]
        return _result(Listed(documents=listed, total=total))

    @server.tool(title="Read a document", annotations=_READS)
    @_telling
    async def read_document(
        document_id: str,
        context: Context[Any, Any],
        start: Annotated[Offset, Field(description="First character.")] = 0,
        end: Annotated[Offset, Field(description="Past the last character; 0: as far as one answer goes.")] = 0,
    ) -> CallToolResult:
        """Read the stored text of a document, or a part of it: at most 20,000 characters at once."""
        view = backend.view
        document, text = await backend.look_up(lambda: view.with_text(document_id))
        part = text[start : min(start + MOST_CHARACTERS, end or len(text))]
        whole = DocumentText(
            document=DocumentRef.of(document),
            text=part,
            start=start,
            end=start + len(part),
            characters=len(text),
            url=links(context).to(document, Span(start, start + len(part))),
        )
        return _result(whole, part)

    @server.resource("sourcespan://documents/{document_id}", name="document", mime_type="text/plain")
    async def document(document_id: str) -> str:
        """The stored text of a document, which all spans refer to."""
        try:
            view = backend.view
            _, text = await backend.look_up(lambda: view.with_text(document_id))
        except SourcespanError as error:
            raise ResourceError(str(error)) from error
        if len(text) > _LARGEST_RESOURCE:
            raise ResourceError(f"it has {len(text):,} characters: read it in parts, with read_document")
        return text

    return server


def _result(content: BaseModel, text: str | None = None) -> CallToolResult:
    """Structured, and as text for clients that show nothing else; by default as JSON, which ChatGPT wants to find."""
    structured = dumped(content)
    words = json.dumps(structured, ensure_ascii=False) if text is None else text
    return CallToolResult(content=[TextContent(type="text", text=words)], structured_content=structured)


def _parts_of(given: str) -> tuple[str, Span | None]:
    """The document and the passage that an id names, as `Passage.id` writes them."""
    document_id, _, span = given.partition(":")
    start, dash, end = span.partition("-")
    numbers = dash and all(each.isascii() and each.isdigit() and len(each) < 16 for each in (start, end))
    return document_id, Span(int(start), int(end)) if numbers else None


def _telling(tool: Callable[P, Awaitable[CallToolResult]]) -> Callable[P, Awaitable[CallToolResult]]:
    """Gives our errors to the caller in words."""

    @wraps(tool)
    async def telling(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
        try:
            return await tool(*args, **kwargs)
        except SourcespanError as error:
            raise ToolError(str(error)) from error

    return telling
