"""What OpenAI clients send of a conversation, and the question that is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field
from starlette.exceptions import HTTPException

from api.settings import Settings
from api.wire.requests import Lenient, Text
from api.wire.wording import quote_in
from index.errors import InvalidQuestion
from index.errors.shown import shown
from rag.config import MAX_QUESTION_CHARACTERS, MAX_TURNS
from rag.questions import Turn

MODEL = "sourcespan"

_TEXT_PARTS = {"text", "input_text", "output_text"}


class ContentPart(Lenient):
    """A piece of a message; only pieces of text are read."""

    type: Text
    text: Text = ""


class MessageIn(Lenient):
    """A message of the conversation so far. Of its roles, `user` and `assistant` are read."""

    role: Text = ""
    content: Text | Annotated[list[ContentPart], Field(fail_fast=True)] | None = None

    @property
    def text(self) -> str:
        """Its pieces of text, a line each."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type in _TEXT_PARTS)
        return self.content or ""


Messages = Annotated[list[MessageIn], Field(min_length=1, max_length=1_000, fail_fast=True)]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The last question, and the turns before it that it may refer to."""

    question: str
    history: tuple[Turn, ...] = ()

    @classmethod
    def of(cls, messages: Iterable[MessageIn]) -> Conversation:
        """What the user said last, and before. Raises InvalidQuestion where the user said nothing."""
        turns: list[Turn] = []
        for message in messages:
            if message.role == "user":
                turns.append(Turn(_asked(message.text)))
            elif message.role == "assistant" and turns:
                turns[-1] = Turn(turns[-1].question, quote_in(message.text))
        if not turns:
            raise InvalidQuestion("messages", "hold no user message")
        before = [turn for turn in turns[:-1] if 0 < len(turn.question) <= MAX_QUESTION_CHARACTERS]
        return cls(turns[-1].question, tuple(before[-MAX_TURNS:]))


def check_model(name: str, settings: Settings) -> str:
    """``name``, where the service goes by it. Raises HTTPException, which lists the names that it goes by."""
    if name not in settings.models_served:
        there_are = ", ".join(map(repr, settings.models_served))
        detail = (
            f"there is no model '{shown(name)}'; there is {there_are}. SOURCESPAN_MODEL_ALIASES gives it other names"
        )
        raise HTTPException(HTTPStatus.NOT_FOUND, detail)
    return name


def check_tools(choice: Any) -> None:  # noqa: ANN401
    """Raises HTTPException where a client wants a tool called, which never happens here."""
    if choice == "required" or (isinstance(choice, dict) and choice.get("mode") != "auto"):
        detail = "this service answers from its documents and calls no tools; it takes a response_format of json_schema"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def tool_named(choice: Any) -> str | None:  # noqa: ANN401
    """The function that a client wants called, and none but it."""
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def _asked(text: str) -> str:
    """What a person asked, without what Open WebUI puts around it, where it found something in files of its own."""
    if not text.startswith("### Task:") or "</context>" not in text:
        return text
    question = text.rpartition("</context>")[2].strip()
    return question.removeprefix("<user_query>").removesuffix("</user_query>").strip() or text
