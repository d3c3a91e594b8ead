"""The index of words: BM25 over titles, contexts and texts, as Tantivy keeps it on the disk or in memory.

What is looked up are our own terms (`index.words.normalise`), given to Tantivy with blanks between; it adds their
English stems. A committed index says itself how far it has followed the catalogue (`index.words.committed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.errors import WordIndexUnusable
from index.interfaces import Keys
from index.store.catalogue.history import Position, WordChanges
from index.words.clauses import EXACT, STEMS, Clauses, WantedWord, stemmer
from index.words.committed import commit_number, examine, keep_only_position, read_position, write_position
from index.words.normalise import joined_terms
from index.words.weights import WordWeights

if TYPE_CHECKING:
    import tantivy

_NO_KEY = -1
_SMALL, _LARGE = (15_000_000, 1), (200_000_000, 2)
"""The bytes that are gathered before they are written, and by how many threads: for a change, and for many passages."""


class WordIndex:
    """One state of the index, which stays as it is. Threads may share it."""

    def __init__(self, index: tantivy.Index, folder: Path | None, position: Position | None) -> None:
        self._index, self._folder = index, folder
        self.schema, self.searcher = index.schema, index.searcher()
        self.position = position
        """How far it has followed the catalogue; None where it has not begun."""

    def __len__(self) -> int:
        return int(self.searcher.num_docs)

    @classmethod
    def open(cls, folder: Path | None, *, examined: bool = False) -> WordIndex:
        """What is committed in ``folder``, or an empty index; one in memory without a folder.

        With ``examined`` its files are held to their checksums. Raises WordIndexUnusable.
        """
        with _as_unusable():
            if folder is not None and examined:
                examine(folder)
            return cls(_opened(folder), folder, None if folder is None else read_position(folder))

    def is_current(self) -> bool:
        """Whether nothing was committed since, by any process. Raises WordIndexUnusable."""
        with _as_unusable():
            return self._folder is None or read_position(self._folder) == self.position

    def changed(self, steps: Iterable[WordChanges], *, anew: bool) -> WordIndex:
        """Takes over the changes in one commit, beginning from nothing if ``anew``; gives the state after them.

        The caller sees to it that nobody else writes. Raises WordIndexUnusable; this state can be searched then.
        """
        memory, threads = _LARGE if anew else _SMALL
        operations, position = 0, self.position
        with _as_unusable():
            # one of its own, which knows what other processes have written, and of which no search holds on to files
            index = self._index if self._folder is None else _opened(self._folder)
            writer = index.writer(memory, threads)
            try:
                if anew:
                    writer.delete_all_documents()
                    writer.delete_documents_by_term("key", _NO_KEY)  # without any, a commit has no number of its own
                    operations = 1
                for step in steps:
                    for key in step.removed.tolist():
                        writer.delete_documents_by_term("key", key)
                    for row in step.added:
                        writer.add_document(_document(*row))
                    operations += len(step.removed) + len(step.added)
                    position = step.position
                if position is None:
                    raise WordIndexUnusable("nothing was given to it")
                self._commit(writer, position, operations, threads)
            finally:
                del writer  # which keeps all others off as long as it lives
        if self._folder is not None:
            return WordIndex.open(self._folder)
        self._index.reload()
        return WordIndex(self._index, None, position)

    def _commit(self, writer: tantivy.IndexWriter, position: Position, operations: int, threads: int) -> None:
        number = 0
        if self._folder is not None:
            number = commit_number(self._folder) + (operations + threads if operations else 0)
            write_position(self._folder, number, position)
        if not operations:
            return
        committed = writer.commit()
        writer.wait_merging_threads()
        if self._folder is not None:
            if committed != number:  # another release of Tantivy counts otherwise
                write_position(self._folder, committed, position)
            keep_only_position(self._folder, committed)

    def search(
        self, question: str, limit: int, documents: Sequence[str] | None, weights: WordWeights
    ) -> list[tuple[int, float]]:
        """The up to ``limit`` best passages, of these ``documents`` if given, as (key, score), best first.

        Raises WordIndexUnusable.
        """
        import tantivy

        if limit < 1:
            return []
        with _as_unusable():
            clauses = Clauses(self.schema, self.searcher, weights).of(question)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Should, clause.query) for clause in clauses])
            if documents is not None:
                among = tantivy.Query.term_set_query(self.schema, "document", [_encodable(each) for each in documents])
                both = (tantivy.Query.const_score_query(among, 0.0), query)
                query = tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in both])
            found = self._found(query, limit)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def coverage(self, words: str, keys: Sequence[int], weights: WordWeights) -> dict[int, float]:
        """Which share of the words, counted by how rare they are, each of these passages has: above 0, up to 1.

        Raises WordIndexUnusable.
        """
        import tantivy

        with _as_unusable():
            each = list(Clauses(self.schema, self.searcher, weights).each(words))
            every = sum(rarity for _, rarity in each)
            there = [
                (tantivy.Occur.Should, tantivy.Query.const_score_query(query, rarity / every))
                for query, rarity in each
                if query is not None
            ]
            if not keys or not there:
                return {}
            among = tantivy.Query.term_set_query(self.schema, "key", list(keys))
            both = (tantivy.Query.const_score_query(among, 0.0), tantivy.Query.boolean_query(there))
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in both])
            return dict(self._found(query, len(keys)))

    def _found(self, query: tantivy.Query, limit: int) -> list[tuple[int, float]]:
        hits = self.searcher.search(query, limit, count=False).hits
        keys = self.searcher.fast_field_values("key", [address for _, address in hits])
        return [(int(key), float(score)) for key, (score, _) in zip(keys, hits, strict=True) if key is not None]

    def looks_for(self, question: str, weights: WordWeights) -> list[WantedWord]:
        """What `search` looks for, each in one form. Raises WordIndexUnusable."""
        with _as_unusable():
            wanted = (clause.wanted for clause in Clauses(self.schema, self.searcher, weights).of(question))
            return list(dict.fromkeys(wanted))

    def keys(self) -> Keys:
        """The keys of all passages that are in it, in order. Raises WordIndexUnusable."""
        import tantivy

        with _as_unusable():
            hits = self.searcher.search(tantivy.Query.all_query(), max(1, len(self)), count=False).hits
            keys = self.searcher.fast_field_values("key", [address for _, address in hits])
        return np.sort(np.array(keys, dtype=np.int64))

    def lacks(self, key: int, title: str, context: str, text: str) -> bool:
        """Whether a passage is not in it with all of its words. Raises WordIndexUnusable."""
        import tantivy

        wanted: list[tuple[str, int | str]] = [("key", key)]
        for field, words in zip(EXACT, (title, context, text), strict=True):
            wanted += [(field, word) for word in dict.fromkeys(joined_terms(words).split())]
        with _as_unusable():
            terms = (tantivy.Query.term_query(self.schema, *each, index_option="freq") for each in wanted)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in terms])
            return not self.searcher.search(query, 1, count=False).hits


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _document(key: int, document: str, title: str, context: str, text: str) -> tantivy.Document:
    import tantivy

    title, context, text = joined_terms(title), joined_terms(context), joined_terms(text)
    return tantivy.Document(
        key=key,
        document=document,
        title=title,
        title_stems=title,
        context=context,
        context_stems=context,
        text=text,
        text_stems=text,
    )


def _schema() -> tantivy.Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", indexed=True, fast=True)
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    for fields, tokenizer in ((EXACT, "whitespace"), (STEMS, "stems")):
        for field in fields:
            builder.add_text_field(field, tokenizer_name=tokenizer, index_option="freq")
    return builder.build()


def _opened(folder: Path | None) -> tantivy.Index:
    import tantivy

    index = tantivy.Index(_schema(), None if folder is None else str(folder))
    index.register_tokenizer("stems", stemmer())
    index.config_reader("manual")
    index.reload()
    return index


@contextmanager
def _as_unusable() -> Iterator[None]:
    """Tantivy's errors, and its panics, which are no Exception, as ours."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        raise WordIndexUnusable(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WordIndexUnusable(f"Tantivy broke off: {error}") from error
