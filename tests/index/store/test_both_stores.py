"""The same changes, made to a folder and to a PostgreSQL, give the same lists, the same filters, the same finds."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.errors import DocumentError
from index.passage_index import PassageIndex
from index.store.catalogue.arrivals import Putting
from index.store.catalogue.shelves import Sort, Wanted
from index.store.names import alike
from tests.fakes import BagOfWordsEmbedder
from tests.postgres.server import PostgresServer

WORDS = ("ferry", "Straße", "train", "ÉCLAIR", "pier%_", "a'b\\")
SOURCES = ("", "a.pdf", "b/C.Md", "b_%[1].txt", "Größe.pdf", "no suffix")
COLLECTIONS = ("one", "zwei", "Z")
SORTS: tuple[Sort, ...] = ("oldest", "newest", "title", "size")

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
numbers = st.integers(-3, 3) | st.sampled_from([0.1, 1.5, 2**53 + 1, 1 - 2**63, 1e22])
values = st.none() | st.booleans() | numbers | st.sampled_from(["", "a", "B", "é", "1", "true"])
metadata = st.dictionaries(st.sampled_from(["k", "é", "n.m"]), values | st.lists(values, max_size=3), max_size=3)
drafts = st.builds(
    DocumentDraft,
    title=st.sampled_from(["", "Zug", "éclair", "Eclair", "zug 2", "ß"]),
    text=texts,
    source=st.sampled_from(SOURCES),
    metadata=metadata,
    collections=st.frozensets(st.sampled_from(COLLECTIONS), max_size=2),
)
numbered = st.integers(0, 9)
changes = st.one_of(
    st.tuples(st.just("add"), drafts, st.sampled_from(["keep_both", "replace", "refuse"])),
    st.tuples(st.just("replace"), numbered, drafts),
    st.tuples(st.just("rename"), numbered, st.sampled_from(["Zug", "ferry", "É"])),
    st.tuples(st.just("delete"), numbered),
    st.tuples(st.just("leave"), numbered, st.sampled_from(SOURCES[1:])),
    st.tuples(st.just("sort"), numbered, st.frozensets(st.sampled_from(COLLECTIONS), max_size=2), metadata),
)
tests = st.one_of(
    values.map(lambda value: {"$eq": value}),
    st.lists(values, min_size=1, max_size=3).map(lambda several: {"$nin": several}),
    st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), numbers | st.sampled_from(["A", "a", "z"])).map(
        lambda pair: {pair[0]: pair[1]}
    ),
    st.booleans().map(lambda there: {"$exists": there}),
)
conditions = st.one_of(
    st.tuples(st.sampled_from(["k", "é", "n.m"]), tests).map(lambda pair: {"metadata": {pair[0]: pair[1]}}),
    st.lists(st.sampled_from(COLLECTIONS), min_size=1).map(lambda names: {"collections": names}),
    st.sampled_from(["pdf", "md", "text", "txt"]).map(lambda kind: {"type": kind}),
    st.sampled_from(["*", "?.pdf", "b*", "*_%*", "*[1]*", "*ö*", ""]).filter(bool).map(lambda glob: {"source": glob}),
)
filters = conditions | st.tuples(conditions, conditions).map(lambda pair: {"$or": [pair[0], {"$not": pair[1]}]})


def apply(index: PassageIndex, ids: list[str], change: tuple[Any, ...]) -> str:
    """What became of a change; ``ids`` are those of the documents in the order that they came in."""
    what, *given = change
    if what == "add":
        (stored,) = index.put_all([given[0]], Putting(given[1]))
        if stored.document.id not in ids:
            ids.append(stored.document.id)
        return stored.state
    if not ids:
        return "none"
    document_id = ids[given[0] % len(ids)]
    if what == "replace":
        return index.replace(document_id, given[1]).title
    if what == "rename":
        return index.rename(document_id, given[1]).title
    if what == "delete":
        index.delete(document_id)
        return "deleted"
    if what == "leave":
        return str(index.leave(document_id, given[1]))
    return index.shelves.change(document_id, given[1], given[2]).title


def seen(index: PassageIndex, ids: list[str], filter: Mapping[str, Any], words: str) -> list[object]:  # noqa: A002
    """What is seen of an index, with documents by when they came in."""
    number = {document_id: place for place, document_id in enumerate(ids)}
    listed: list[object] = [
        [number[each] for each in index.shelves.ids(Wanted(given, words=looked_for))]
        for given, looked_for in ((None, ""), (filter, ""), (None, words), (filter, words))
    ]
    for sort in SORTS:
        documents, count = index.shelves.page(Wanted(), sort=sort)
        # of titles that are sorted alike, and of equal sizes, the id decides, which is drawn
        keys = [alike(document.title) if sort == "title" else document.characters for document in documents]
        listed += [count, keys if sort in ("title", "size") else [number[document.id] for document in documents]]
    listed += [
        (number[d.id], d.title, d.source, d.sources, d.collections, dict(d.metadata), d.kind, d.passages, d.sha256)
        for d in index.shelves.page(Wanted())[0]
    ]
    listed += [index.shelves.collections(), index.shelves.kinds(), index.usage, index.count()]
    (query,) = BagOfWordsEmbedder().embed_queries([words])
    for among in (None, index.shelves.ids(Wanted(filter))):
        for hits in (index.search_dense(query, 999, among), index.search_lexical(words, 999, among)):
            passages = index.passages([hit.key for hit in hits])
            found = ((round(hit.score, 4), number[passages[hit.key].document_id]) for hit in hits)
            listed.append(sorted(found))
    return listed


@settings(max_examples=12)
@given(series=st.lists(changes, min_size=3, max_size=10), filter=filters, words=texts)
def test_both_stores_show_the_same(
    postgres: PostgresServer,
    series: list[tuple[Any, ...]],
    filter: dict[str, Any],  # noqa: A002
    words: str,
) -> None:
    shown, outcomes = [], []
    for database in ("", postgres.new_database()):
        with (
            tempfile.TemporaryDirectory() as folder,
            PassageIndex(Path(folder), BagOfWordsEmbedder(), database=database) as index,
        ):
            ids: list[str] = []
            became = []
            for change in series:
                with suppress(DocumentError):
                    became.append(apply(index, ids, change))
            outcomes.append(became)
            shown.append(seen(index, ids, filter, words))
    assert outcomes[0] == outcomes[1]
    assert shown[0] == shown[1]
