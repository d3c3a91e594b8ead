"""The filter language against a plain reading of it, and what is no filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import translate
from re import fullmatch
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.documents import Document, DocumentDraft
from index.errors import InvalidCollection, InvalidFilter
from index.passage_index import PassageIndex
from index.store.catalogue import shelves
from index.store.catalogue.filters import MOST_CONDITIONS, MOST_DEPTH, MOST_VALUES
from index.store.catalogue.shelves import Wanted
from index.store.databases import sqlite
from tests.fakes import BagOfWordsEmbedder
from tests.stores import over_both  # noqa: F401

SOURCES = ["reports/2024/a.PDF", "reports/b.md", "notes [old].txt", "c.pdf", ""]
NAMES = ["reports", "Verträge 2024", "c"]
VALUES: list[Any] = ["", "a", "b", "É", 0, 1, 1.0, 2.5, -3, 2**60, True, False, None]
plain = st.sampled_from(VALUES)
metadata = st.dictionaries(st.sampled_from(["year", 'a"b.c', "tags"]), plain | st.lists(plain, max_size=3), max_size=3)
drafts = st.lists(st.tuples(st.sampled_from(SOURCES), metadata, st.sets(st.sampled_from(NAMES))), max_size=6)


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3)


ordered = st.sampled_from([value for value in VALUES if isinstance(value, int | float | str) and value not in ("",)])
tests = st.one_of(
    plain,
    some(plain),
    st.builds(lambda op, value: {op: value}, st.sampled_from(["$eq", "$ne"]), plain),
    st.builds(
        lambda op, value: {op: value},
        st.sampled_from(["$gt", "$gte", "$lt", "$lte"]),
        ordered.filter(lambda value: not isinstance(value, bool)),
    ),
    st.builds(lambda op, values: {op: values}, st.sampled_from(["$in", "$nin"]), some(plain)),
    st.builds(lambda there: {"$exists": there}, st.booleans()),
)
globs = st.sampled_from(["*", "reports/*", "*.md", "reports/b.md", "?.pdf", "notes [old]*", "nothing"])
leaves = st.one_of(
    some(st.sampled_from([*NAMES, "other"])).map(lambda names: {"collections": names}),
    st.sampled_from(["pdf", "md", "TXT", "text"]).map(lambda kind: {"type": kind}),
    (globs | some(globs)).map(lambda glob: {"source": glob}),
    st.dictionaries(st.sampled_from(["year", 'a"b.c', "tags"]), tests, min_size=1, max_size=2).map(
        lambda tested: {"metadata": tested}
    ),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda op, parts: {op: parts}, st.sampled_from(["$and", "$or"]), some(inner)),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=5,
)


def allows(wanted: Mapping[str, Any], document: Document) -> bool:
    return all(_holds(field, value, document) for field, value in wanted.items())


def _holds(field: str, value: Any, document: Document) -> bool:  # noqa: ANN401
    listed = value if isinstance(value, list) else [value]
    if field in ("$and", "$or"):
        return (all if field == "$and" else any)(allows(part, document) for part in value)
    if field == "$not":
        return not allows(value, document)
    if field == "collections":
        return bool(set(listed) & set(document.collections))
    if field == "type":
        return document.kind in [each.lower() for each in listed]
    if field == "source":
        patterns = [translate(glob.replace("[", "[[]")) for glob in listed]
        return any(fullmatch(pattern, source) for pattern in patterns for source in (document.sources or ("",)))
    return all(_entry(document.metadata, key, test) for key, test in value.items())


def _entry(entries: Mapping[str, Any], key: str, test: Any) -> bool:  # noqa: ANN401
    there = key in entries
    values = entries.get(key, []) if isinstance(entries.get(key, []), list) else [entries[key]]
    if isinstance(test, list):
        test = {"$in": test}
    ((operator, wanted),) = test.items() if isinstance(test, dict) else {"$eq": test}.items()
    if operator == "$exists":
        return bool(there == wanted)
    if operator in ("$ne", "$nin"):
        return not _entry(entries, key, {"$eq" if operator == "$ne" else "$in": wanted})
    if operator == "$in":
        return any(_same(value, each) for value in values for each in wanted)
    if operator == "$eq":
        return any(_same(value, wanted) for value in values)
    compared = {"$gt": "__gt__", "$gte": "__ge__", "$lt": "__lt__", "$lte": "__le__"}[operator]
    return any(_kind(v) == _kind(wanted) and bool(getattr(_number(v), compared)(_number(wanted))) for v in values)


def _kind(value: object) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else repr(type(value))


def _number(value: Any) -> Any:  # noqa: ANN401
    return value if isinstance(value, str) else float(value) if value is not None else None


def _same(one: object, other: object) -> bool:
    return _kind(one) == _kind(other) and one == other


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PassageIndex]:
    with PassageIndex(tmp_path_factory.mktemp("data"), BagOfWordsEmbedder()) as opened:
        yield opened


@settings(max_examples=60)
@given(drafts, filters)
def test_a_filter_allows_what_a_plain_reading_of_it_does(
    index: PassageIndex, put_in: list[tuple[str, dict[str, Any], set[str]]], wanted: dict[str, Any]
) -> None:
    for document in index.documents():
        index.delete(document.id)
    index.add_all(
        [
            DocumentDraft("", f"text {n}", source, entries, collections=frozenset(names))
            for n, (source, entries, names) in enumerate(put_in)
        ]
    )
    expected = [document.id for document in index.documents() if allows(wanted, document)]
    assert index.shelves.ids(Wanted(wanted)) == expected


def test_days_are_whole_and_moments_are_compared_in_utc(index: PassageIndex) -> None:
    document, _ = index.add(DocumentDraft("", "A day."))
    day = document.created_at.date().isoformat()

    def is_found(field: str, **tests: str) -> bool:
        found = {f"${operator}": value for operator, value in tests.items()}
        return document.id in index.shelves.ids(Wanted({field: found}))

    for field in ("added", "changed"):
        assert is_found(field, gte=day, lte=day)
        assert not is_found(field, gt=day)
        assert not is_found(field, lt=day)
        assert not is_found(field, lte=f"{day}_00:00"), "a moment, however it is written"
        assert is_found(field, gte=document.created_at.isoformat())
        assert not is_found(field, gt=document.created_at.isoformat())
    index.replace(document.id, DocumentDraft("", "Another day."))
    assert not is_found("changed", lte=document.created_at.isoformat())
    assert is_found("added", lte=document.created_at.isoformat())


def deep(levels: int) -> dict[str, Any]:
    return {"$not": deep(levels - 1)} if levels else {"type": "pdf"}


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ([], "filter"),
        ({}, "filter"),
        ({"colour": "red"}, "filter.colour"),
        ({"collections": []}, "filter.collections"),
        ({"collections": ["a", 3]}, "filter.collections.1"),
        ({"type": {"$in": ["pdf"]}}, "filter.type"),
        ({"$and": []}, "filter.$and"),
        ({"$or": [{"type": "pdf"}, {"x": 1}]}, "filter.$or.1.x"),
        ({"added": "2024-01-01"}, "filter.added"),
        ({"added": {"$gte": "soon"}}, "filter.added.$gte"),
        ({"changed": {"$eq": "2024-01-01"}}, "filter.changed.$eq"),
        ({"added": {"$lte": "9999-12-31"}}, "filter.added.$lte"),
        ({"metadata": {"year": {"$gte": True}}}, "filter.metadata.year.$gte"),
        ({"metadata": {"year": {"$near": 3}}}, "filter.metadata.year.$near"),
        ({"metadata": {"year": {"$in": [1, {}]}}}, "filter.metadata.year.$in"),
        ({"metadata": {"year": 2**63}}, "filter.metadata.year"),
        ({"metadata": {"\ud800": 1}}, "filter.metadata"),
        ({"source": "x" * 1_001}, "filter.source"),
        (deep(MOST_DEPTH), "filter" + ".$not" * MOST_DEPTH),
        ({"$and": [{"type": "pdf"}] * MOST_CONDITIONS}, f"filter.$and.{MOST_CONDITIONS - 1}.type"),
        ({"metadata": {"year": list(range(MOST_VALUES + 1))}}, "filter.metadata.year"),
    ],
)
def test_what_is_no_filter_is_told_with_its_place(index: PassageIndex, wanted: Any, place: str) -> None:  # noqa: ANN401
    with pytest.raises(InvalidFilter) as told:
        index.shelves.ids(Wanted(wanted))
    assert told.value.field.startswith(place)


def test_what_is_just_within_the_bounds_is_asked(index: PassageIndex) -> None:
    index.shelves.ids(Wanted(deep(MOST_DEPTH - 1)))
    index.shelves.ids(Wanted({"$or": [{"type": "pdf"}] * (MOST_CONDITIONS - 1)}))
    index.shelves.ids(Wanted({"metadata": {"year": list(range(MOST_VALUES))}}))


def test_a_filter_that_takes_too_long_is_broken_off(index: PassageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    there = index.shelves.ids(Wanted())
    with monkeypatch.context() as impatient:
        impatient.setattr(shelves, "MOST_SECONDS", 0)
        impatient.setattr(sqlite, "_STEPS_BETWEEN_LOOKS", 1)
        with pytest.raises(InvalidFilter, match="takes longer than 0 seconds"):
            index.shelves.ids(Wanted({"source": [f"*{'a' * 500}{number}" for number in range(200)]}))
    assert index.shelves.ids(Wanted()) == there, "what comes after it has its own time"


@pytest.mark.parametrize("name", ["", " a", "a ", "a/b", "a,b", "a:b", "a+b", "-a", "x" * 65, "a\nb", "\ud800"])
def test_what_is_no_name_of_a_collection(index: PassageIndex, name: str) -> None:
    with pytest.raises(InvalidCollection):
        index.shelves.add_collection(name)


def test_names_that_look_alike_are_one_collection(index: PassageIndex) -> None:
    assert index.shelves.add_collection("Äpfel.2-b")
    assert not index.shelves.add_collection("A\u0308pfel.2-b")
    document, _ = index.add(DocumentDraft("", "An apple.", collections=frozenset(["Äpfel.2-b"])))
    assert index.shelves.ids(Wanted({"collections": "A\u0308pfel.2-b"})) == [document.id]


def test_sources_that_look_alike_are_found_by_one_pattern(index: PassageIndex) -> None:
    spellings = ["Äpfel.md", "A\u0308pfel.md"]
    ids = [index.add(DocumentDraft("", f"text of {n}", spelling))[0].id for n, spelling in enumerate(spellings)]
    for spelling in spellings:
        assert index.shelves.ids(Wanted({"source": spelling.replace("pf", "*")})) == ids


def test_documents_are_listed_by_words_and_in_orders(index: PassageIndex) -> None:
    for document in index.documents():
        index.delete(document.id)
    for title, source, text in [
        ("Zürich", "b/x.md", "short"),
        ("árbol", "Größe.txt", "the longest of them"),
        ("b", "", "middling"),
    ]:
        index.add(DocumentDraft(title, text, source))

    def titles(sort: Any = "oldest", words: str = "") -> list[str]:  # noqa: ANN401
        return [document.title for document in index.shelves.page(Wanted(words=words), sort=sort)[0]]

    assert titles("title") == ["árbol", "b", "Zürich"]
    assert titles("size") == ["árbol", "b", "Zürich"]
    assert titles("newest") == ["b", "árbol", "Zürich"]
    assert titles(words="zurich MD") == ["Zürich"]
    assert titles(words="grosse") == ["árbol"]
    assert titles(words="100%") == []
    index.replace(index.documents()[0].id, DocumentDraft("Zürich", "changed"))
    assert titles("newest")[0] == "Zürich"
    page, total = index.shelves.page(Wanted(), limit=1, offset=1)
    assert ([document.title for document in page], total) == (["árbol"], 3)
