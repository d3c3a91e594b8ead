"""Searches written otherwise than what they look for; `python -m tests.index.words.test_searches` prints each kind."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from tests.fakes import BagOfWordsEmbedder

SEARCHES = Path(__file__).with_name("searches.json")
WANTED = 0.95


def outcomes(folder: Path) -> list[tuple[str, str, bool]]:
    """Kind and words of each search, and whether its passage is among the first five."""
    rows = json.loads(SEARCHES.read_text(encoding="utf-8"))
    with PassageIndex(folder, BagOfWordsEmbedder()) as index:
        ids = [document.id for document, _ in index.add_all([DocumentDraft("", row["text"]) for row in rows])]

        def found(query: str) -> Sequence[str]:
            hits = index.search_lexical(query, 5)
            passages = index.passages([hit.key for hit in hits])
            return [passages[hit.key].document_id for hit in hits]

        return [
            (kind, query, id_ in found(query))
            for id_, row in zip(ids, rows, strict=True)
            for kind, query in row["searches"]
        ]


def test_searches_written_otherwise_find_their_passages(tmp_path: Path) -> None:
    searched = outcomes(tmp_path)
    assert len(searched) >= 200
    missed = [(kind, query) for kind, query, is_found in searched if not is_found]
    assert 1 - len(missed) / len(searched) >= WANTED, missed


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        searched = outcomes(Path(name))
    total, found = Counter(kind for kind, *_ in searched), Counter(kind for kind, _, is_found in searched if is_found)
    for kind in total:
        print(f"{kind:12} {found[kind]:4} of {total[kind]}")
    print(f"recall@5     {found.total() / total.total():.1%}")
    print(*(f"missed: {kind}: {query}" for kind, query, is_found in searched if not is_found), sep="\n")
