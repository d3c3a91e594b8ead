"""Answers in words: they read well alone, and nothing of a document is obeyed as Markdown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from api.wire.page_links import Links
from api.wire.wording import ABSTAINED, Worded, quote_in, source_of, worded, worded_answer
from index.documents import DocumentDraft, Location
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.answers import Answer, Span

LINKS = Links("https://ask.example/")
HOSTILE = (
    "![x](http://evil/?q=1) <img src=x onerror=alert(1)> [click](javascript:alert(1)) `code` **bold** __init__ "
    "&copy; AT&T ~~gone~~ ~5 to ~6"
)


@pytest.fixture
def answer(index: PassageIndex, answerer: QuestionAnswerer) -> Answer:
    index.add(DocumentDraft(HOSTILE, f"It leaves at noon, {HOSTILE}."))
    return answerer.ask("When? «noon»").answers[0]


def tokens_of(text: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("strikethrough").parse(text)
    return [each for token in parsed for each in (token, *(token.children or ()))]


def test_of_what_it_is_not_sure_it_says_so_first(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("Ferries", "The ferry leaves at noon."))
    words = worded(answerer.ask("When? «noon»", min_confidence=1), LINKS)
    assert words.text.startswith("Not sure. Closest: **noon**\n\n> “The ferry leaves at noon.”\n\n[Ferries](https://")
    assert words.quoted is not None
    assert words.quoted.of(words.text) == "noon"
    assert quote_in(words.text) is None


def test_that_nothing_is_there_is_a_sentence(answerer: QuestionAnswerer) -> None:
    assert worded(answerer.ask("When?"), LINKS) == Worded(ABSTAINED)
    assert quote_in(ABSTAINED) is None


def test_page_heading_and_file_are_named(answer: Answer) -> None:
    document = replace(answer.document, title="Ferries", source="ferries.pdf")
    assert source_of(document, Location(6, "Summer", "iv")) == "Ferries (ferries.pdf), p. iv (page 6), “Summer”"
    assert source_of(replace(document, source=""), Location(6, "Ferries")) == "Ferries, page 6"


def test_nothing_of_a_document_is_a_picture_a_link_or_html(answer: Answer) -> None:
    for one in (answer, replace(answer, text=HOSTILE, span=Span(0, len(HOSTILE)))):
        words = worded_answer(one, LINKS)
        kinds = {token.type for token in tokens_of(words.text)}
        assert kinds.isdisjoint({"image", "html_inline", "html_block", "code_inline", "s_open"})
        assert [token.attrs["href"] for token in tokens_of(words.text) if token.type == "link_open"] == [
            LINKS.to_quote(one)
        ]
        shown = "".join(token.content for token in tokens_of(words.text) if token.type in ("text", "fence"))
        assert HOSTILE in shown


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quoted=st.text(st.characters(codec="utf-8"), min_size=1, max_size=80), sure=st.booleans())
def test_the_quote_is_in_the_text_as_it_is_in_the_document(answer: Answer, quoted: str, sure: bool) -> None:
    length = len(quoted)
    all_of_it = replace(answer, text=quoted, sentence_text=quoted, span=Span(0, length), sentence=Span(0, length))
    words = worded_answer(all_of_it, LINKS, sure=sure)
    assert words.quoted is not None
    assert words.quoted.of(words.text) == quoted
    assert quote_in(words.text) == (quoted if sure else None)
