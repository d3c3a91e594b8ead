"""Why a passage was found: the words that are named are those that the word index counts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.answers import MatchedWord, RetrievedPassage, Span
from rag.interfaces import Query
from rag.retrieval.explaining import differs_by
from rag.retrieval.retriever import HybridRetriever
from tests.fakes import BagOfWordsEmbedder

WORDS = ("ferry", "ferries", "harbour", "harbours", "harborm", "noon", "permit", "CO₂", "1,351.50", "e-mail", "Müller")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
letters = st.text("abc", max_size=6)


def explained(index: PassageIndex, query: str) -> tuple[RetrievedPassage, ...]:
    retriever = HybridRetriever(index, BagOfWordsEmbedder())
    (retrieval,) = retriever.retrieve([Query(query, 20, explain=True)])
    return retrieval.passages


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), texts.map(str.upper) | texts)
def test_what_is_found_by_words_names_a_word_and_what_is_not_names_none(
    contents: list[tuple[str, str]], query: str
) -> None:
    with TemporaryDirectory() as folder, PassageIndex(Path(folder), BagOfWordsEmbedder()) as index:
        for number, (title, text) in enumerate(contents):
            index.add(DocumentDraft(title=title, text=f"{number}. {text}"))
        for passage in explained(index, query):
            assert (passage.bm25 is not None) == bool(passage.matched)
            text = index.with_text(passage.passage.document_id)[1]
            for matched in passage.matched or ():
                assert matched.spans or matched.in_context
                for span in matched.spans:
                    assert passage.passage.start <= span.start < span.end <= passage.passage.end
                    assert span.of(text).strip() == span.of(text)


def test_each_word_is_named_once_in_the_form_that_it_was_found_in(index: PassageIndex) -> None:
    index.add(DocumentDraft(title="Harbour rules", text="The ferries leave at noon. Perrmits are sold aboard."))
    (passage,) = explained(index, "Which ferry leaves the harbour at noon, and permits?")
    text = passage.passage.text
    assert {word.word: [span.of(text) for span in word.spans] for word in passage.matched or ()} == {
        "at": ["at"],
        "the": ["The"],
        "noon": ["noon"],
        "ferri": ["ferries"],
        "leav": ["leave"],
        "harbour": [],
        "permits": ["Perrmits"],
    }
    assert MatchedWord("harbour", "exact", (), in_context=True) in (passage.matched or ())
    assert MatchedWord("noon", "exact", (Span(21, 25),), in_context=False) in (passage.matched or ())


@given(letters, letters, st.integers(0, 2))
def test_letters_that_differ_are_counted_as_tantivy_counts_them(one: str, other: str, most: int) -> None:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("word", tokenizer_name="raw")
    index = tantivy.Index(builder.build())
    writer = index.writer()
    writer.add_document(tantivy.Document(word=one))
    writer.commit()
    index.reload()
    query = tantivy.Query.fuzzy_term_query(index.schema, "word", other, most)
    assert bool(index.searcher().search(query, 1).hits) == differs_by(one, other, most)
