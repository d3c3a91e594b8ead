"""What users say of the answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field, model_validator

from api.feedback import Excerpt, Feedback, Verdict, excerpt
from api.middleware.rules import READ, RouteRules, declares
from api.serving.backend import Backend
from api.serving.dependencies import SHOWS_KEY, CurrentBackend
from api.serving.view import View
from api.wire.json_route import JsonRoute
from api.wire.requests import Request, Sent, Text, not_blank
from index.errors import InvalidFeedback
from rag.answers import Span
from rag.config import MAX_QUESTION_CHARACTERS
from rag.squad import squad_json

router = APIRouter(route_class=JsonRoute, prefix="/v1/feedback", tags=["feedback"], dependencies=[SHOWS_KEY])

_MOST_CHARACTERS = 10_000
_Offset = Annotated[int, Field(ge=0, le=2**53)]


class SpanIn(Request):
    """A half-open range of the document's text, in Unicode code points."""

    start: _Offset
    end: _Offset

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.start < self.end <= self.start + _MOST_CHARACTERS:
            raise ValueError(f"end must be 1 to {_MOST_CHARACTERS:,} past start")
        return self


class QuotedSpan(Request):
    """A span of a stored document. ``text``, if given, must be exactly what stands there."""

    document_id: Text
    span: SpanIn
    text: Text | None = None


class FeedbackIn(Request):
    """A verdict on an answer.

    `right`: the answer is right, or, with `answer` null, the documents don't say. `wrong`: it is not. `missing`: it is
    in the documents and was not found. With the last two, `corrected` says where the answer stands.
    """

    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS), AfterValidator(not_blank)]
    answer: QuotedSpan | None = Field(description="What was shown; null where the service abstained.")
    verdict: Verdict
    corrected: QuotedSpan | None = None


class WithdrawQuery(Sent):
    """Which verdict to take back."""

    id: Annotated[Text, Field(max_length=100)]


class FeedbackOut(BaseModel):
    """What is kept."""

    id: str


class SquadOut(BaseModel):
    """A SQuAD 2.0 data set."""

    version: str
    data: list[dict[str, Any]]


@router.post("", status_code=HTTPStatus.CREATED)
@declares(READ)
async def give(body: FeedbackIn, backend: CurrentBackend) -> FeedbackOut:
    """Keeps a verdict, with the paragraph that it is about as it is now.

    Of a document that is replaced or removed later, the question and the verdict stay, and what was quoted goes.
    """
    view = backend.view
    return FeedbackOut(id=await backend.look_up(lambda: _keep(body, backend, view)))


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
@declares(READ)
async def withdraw(backend: CurrentBackend, given: Annotated[WithdrawQuery, Query()]) -> None:
    """Takes a verdict back. Whoever has its id, which only the one that gave it was told, may do so."""
    await backend.look_up(lambda: backend.feedback.withdraw(given.id))


@router.get("/export")
@declares(RouteRules(needs="write"))
async def export(backend: CurrentBackend) -> SquadOut:
    """What users know for sure, as SQuAD 2.0: answers that are right, corrections, and questions without an answer.

    With a key that is bound to collections, of what is in no others: what others asked is theirs.
    """
    view = backend.view
    paragraphs = await backend.look_up(lambda: list(backend.feedback.paragraphs(view.owned())))
    return SquadOut.model_validate(squad_json(paragraphs))


def _keep(body: FeedbackIn, backend: Backend, view: View) -> str:
    if body.verdict == "right" and body.corrected is not None:
        raise InvalidFeedback("corrected", "goes with the verdicts wrong and missing")
    shown = _excerpt(body.answer, view)
    truth = shown if body.verdict == "right" else _excerpt(body.corrected, view)
    about = _nearest(body.question, view) if body.verdict == "right" and truth is None else truth
    given = Feedback(
        body.question,
        body.verdict,
        answer=shown.text if shown else None,
        answered_from=shown.document_id if shown else None,
        about=about,
        has_truth=truth is not None,
    )
    return backend.changes.keep_feedback(given)


def _excerpt(quoted: QuotedSpan | None, view: View) -> Excerpt | None:
    if quoted is None:
        return None
    span = Span(quoted.span.start, quoted.span.end)
    view.check(quoted.document_id)
    return excerpt(view.library.index, quoted.document_id, span, quoted.text)


def _nearest(question: str, view: View) -> Excerpt | None:
    """The passage that comes nearest to a question that has no answer."""
    for retrieved in view.library.search(question, top_k=1, document_ids=view.among(None, None)).passages:
        document = view.library.document(retrieved.passage.document_id)
        return Excerpt(document.id, document.sha256, document.title, retrieved.passage.text, "", 0)
    return None
