"""What clients send. Counts are checked before items, so that no request makes more than a few faults."""

from __future__ import annotations

from itertools import islice
from math import isfinite
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)

from api.problems.types import MOST_FAULTS
from index.documents import DocumentDraft, unstorable
from index.passages.headings import outlined
from rag.config import MAX_N_BEST, MAX_QUESTION_CHARACTERS, MAX_TOP_K, MAX_TURNS
from rag.interfaces import SearchMode
from rag.questions import Question, Turn

_LONGEST_ANSWER = 10_000
_MOST_METADATA = 100
_LARGEST_INTEGER = 2**63 - 1


def _encodable(text: str) -> str:
    if (position := unstorable(text)) is not None:
        what = "U+0000" if text[position] == "\0" else "a lone surrogate"
        raise ValueError(f"holds {what} at character {position}")
    return text


def not_blank(text: str) -> str:
    """``text``, where it is more than white space. Raises ValueError."""
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _few_entries(given: object) -> object:
    # before any of them is looked at: each could be an error
    if isinstance(given, dict) and len(given) > _MOST_METADATA:
        raise ValueError(f"must have at most {_MOST_METADATA} entries")
    return given


def _entry(value: object) -> MetadataValue:
    if not isinstance(value, list):
        return _plain_value(value)
    if len(value) > _MOST_METADATA:
        raise ValueError(f"must have at most {_MOST_METADATA} values")
    return [_plain_value(each) for each in value]


def _plain_value(value: object) -> PlainValue:
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, bool | None) or (isinstance(value, int) and abs(value) <= _LARGEST_INTEGER):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise ValueError("must be text, a 64-bit integer, a finite number, true, false or null")


PlainValue = str | bool | int | float | None
MetadataValue = PlainValue | list[PlainValue]
"""A list counts as each of its values: tags, say."""
Text = Annotated[str, AfterValidator(_encodable)]
DocumentIds = Annotated[list[Text], Field(fail_fast=True)]
Metadata = Annotated[
    dict[
        Annotated[Text, Field(min_length=1, max_length=100)],
        # one error for a value of another kind, where a union has one for each of its members
        Annotated[MetadataValue, PlainValidator(_entry, json_schema_input_type=MetadataValue)],
    ],
    Field(max_length=_MOST_METADATA),
    BeforeValidator(_few_entries),
]
CollectionNames = Annotated[list[Text], Field(fail_fast=True, max_length=100)]
FilterIn = Annotated[
    dict[str, Any],
    Field(
        description="Only documents that this is true of, as `docs/filters.md` has it: "
        '`{"collections": ["reports"], "type": "pdf", "metadata": {"year": {"$gte": 2020}}}`.',
    ),
]
"""Looked at where it is used: what is wrong with it is InvalidFilter, which says where."""


class Sent(BaseModel):
    """What a client sends, in a query or a body: a misspelt option is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_unknown_keys(cls, given: object) -> object:
        """Leaves out unknown keys after the first few, each of which would be an error of its own."""
        if not isinstance(given, dict) or len(given) <= len(cls.model_fields) + MOST_FAULTS:
            return given
        unknown = islice((key for key in given if key not in cls.model_fields), MOST_FAULTS)
        return {key: given[key] for key in (*unknown, *(name for name in cls.model_fields if name in given))}


class Request(Sent):
    """The JSON that a client sends."""

    # 0 is not false
    model_config = ConfigDict(strict=True)


class Lenient(BaseModel):
    """What programs send in a protocol of others: much of it has no meaning here, and is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)


class TurnIn(Request):
    """A question that was asked before, and what was answered."""

    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)]
    answer: Annotated[Text | None, Field(max_length=_LONGEST_ANSWER, description="Null where there was none.")] = None

    def turn(self) -> Turn:
        """As the pipeline takes it."""
        return Turn(self.question, self.answer)


History = Annotated[
    list[TurnIn],
    Field(
        max_length=MAX_TURNS,
        fail_fast=True,
        description='What was asked before, the oldest first: "And where is he held?" is resolved by it.',
    ),
]


class AskRequest(Request):
    """A question."""

    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS), AfterValidator(not_blank)]
    top_k: Annotated[int | None, Field(ge=1, le=MAX_TOP_K, description="Passages to read, at most.")] = None
    n_best: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_N_BEST,
            description="Answers to give. Above 1, all passages are read; else reading stops at a sure answer.",
        ),
    ] = None
    document_ids: Annotated[DocumentIds | None, Field(max_length=1_000, description="Only these documents.")] = None
    filter: FilterIn | None = None
    min_confidence: Annotated[
        float | None,
        Field(ge=0, le=1, description="Give what has this confidence; by default as the fitted decision says."),
    ] = None
    history: History = []
    include_passages: bool = False

    def asked(self) -> Question:
        """The question as the pipeline takes it."""
        history = [each.turn() for each in self.history]
        return Question(self.question, self.top_k, self.n_best, self.document_ids, self.min_confidence, history)


class SearchRequest(Request):
    """What to look for."""

    query: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS), AfterValidator(not_blank)]
    top_k: Annotated[int | None, Field(ge=1, le=MAX_TOP_K, description="Passages to give.")] = None
    mode: Annotated[SearchMode, Field(description="By meaning (dense), by words (lexical), or by both.")] = "hybrid"
    explain: Annotated[bool, Field(description="Whether to say which words of the query each passage has.")] = False
    document_ids: Annotated[DocumentIds | None, Field(max_length=1_000, description="Only these documents.")] = None
    filter: FilterIn | None = None


class DocumentIn(Request):
    """A document to store, its text exactly as given."""

    title: Annotated[Text, Field(min_length=1, max_length=500), AfterValidator(not_blank)]
    text: Text
    source: Annotated[Text, Field(max_length=500, description="Where it comes from: a file name, say.")] = ""
    metadata: Metadata = {}
    collections: Annotated[CollectionNames, Field(description="That it is put in; they are made if need be.")] = []

    def draft(self) -> DocumentDraft:
        """The document that the request describes. Raises EmptyDocument, MalformedFile."""
        outline, collections = outlined(self.text), frozenset(self.collections)
        return DocumentDraft(self.title, self.text, self.source, self.metadata, outline, collections=collections)


class DocumentChange(Request):
    """What is to be another way of a document; what is not named stays as it is."""

    title: Annotated[
        Annotated[Text, Field(min_length=1, max_length=500), AfterValidator(not_blank)] | None,
        Field(description="Found by it are all its passages, so they are embedded anew."),
    ] = None
    collections: Annotated[CollectionNames | None, Field(description="In place of those that it is in.")] = None
    metadata: Annotated[Metadata | None, Field(description="In place of what there is.")] = None
