"""What a page asks before it shows itself: what the caller may do, and questions to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice, zip_longest

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.keys import Scope
from api.middleware.rules import READ, allowed_to, declares
from api.serving.backend import Backend
from api.serving.dependencies import SHOWS_KEY, CurrentBackend
from index.documents import Document
from index.errors import DocumentNotFound
from rag.examples import Example, likely_questions
from rag.questions import Question

router = APIRouter(prefix="/v1", tags=["page"], dependencies=[SHOWS_KEY])

_GIVEN, _TRIED = 4, 16
_KEPT = 100
_DOCUMENTS, _CHARACTERS, _OF_EACH = 8, 50_000, 4


class AccessOut(BaseModel):
    """What the key that was shown allows."""

    scope: Scope = Field(description="`write` may do everything; so may everybody where the service asks for no key.")


class ExamplesOut(BaseModel):
    """Questions to begin with."""

    questions: list[str]


@router.get("/access")
@declares(READ)
async def access(request: Request) -> AccessOut:
    """What the caller may do: `read` asks, searches and reads, `write` also puts in and removes."""
    return AccessOut(scope=allowed_to(request.scope))


@router.get("/examples")
@declares(READ)
async def examples(request: Request, backend: CurrentBackend) -> ExamplesOut:
    """Questions, made of sentences of the newest documents, that are answered as these sentences say.

    There may be none, which does not mean that the documents answer nothing.
    """
    view = backend.view
    documents = await backend.look_up(lambda: view.page(None, "", "newest", _DOCUMENTS, 0)[0])
    about = tuple((document.id, document.sha256) for document in documents)
    kept: dict[tuple[tuple[str, str], ...], list[str]] = request.app.state.examples
    if about not in kept:
        questions = await _answered(backend, documents)
        if len(kept) >= _KEPT:  # documents have changed, or many see some each
            kept.clear()
        kept[about] = questions
    return ExamplesOut(questions=kept[about])


async def _answered(backend: Backend, documents: Sequence[Document]) -> list[str]:
    """Those of the likely questions about some documents that are answered as they should be, the first few of them."""
    answered: list[str] = []
    for example in await backend.look_up(lambda: list(_likely(backend, documents))):
        result = await backend.ask(Question(example.question, document_ids=[document.id for document in documents]))
        if not result.abstained and example.expected in result.answers[0].text:
            answered.append(example.question)
        if len(answered) == _GIVEN:
            break
    return answered


def _likely(backend: Backend, documents: Sequence[Document]) -> Iterator[Example]:
    """In turns from each document: none that is only long may ask all of them."""
    index = backend.library.index
    of_each = []
    for document in documents:
        with suppress(DocumentNotFound):
            text = index.with_text(document.id)[1][:_CHARACTERS]
            of_each.append(islice(likely_questions(text, index.outline(document.id).headings), _OF_EACH))
    in_turns = chain.from_iterable(zip_longest(*of_each))
    return islice(filter(None, in_turns), _TRIED)
