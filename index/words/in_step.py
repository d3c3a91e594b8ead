"""The word index, kept in step with the catalogue, while searches go on.

It lies on the disk, says itself how far it has followed, and is brought on by one process at a time: whoever finds it
behind follows what changed since, in one commit. A search waits a moment for whoever is at it, and otherwise finds what
was there before. An index of another history, of an older version, or with damaged files is made anew, and where none
can be written one in memory takes its place.
"""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from typing import IO, TypeVar

import numpy as np

from index.errors import CatalogueError, WordIndexUnusable
from index.interfaces import Keys
from index.store.catalogue.catalogue import Catalogue
from index.store.catalogue.history import Position, WordChanges
from index.words.clauses import WantedWord
from index.words.committed import META
from index.words.weights import WordWeights
from index.words.word_index import WordIndex

T = TypeVar("T")

logger = logging.getLogger("sourcespan")

WORDS_FOLDER = "words"
_LOCK = "lock"
_ADDED_IN_STEP = 5_000
# as long as a search waits for whoever is at it: for a document it is a tenth of a second, mostly of the disk's
_PATIENCE_SECONDS = 0.5
_MOST_WAITING = 1_000
_LOOKS_AGAIN_SECONDS = 0.002
_MOST_ERASED_AT_ONCE = 20_000
"""An index of more passages keeps traces of deleted words until `doctor --mend`: to make it anew takes seconds."""


class _Taken(Exception):
    """Another process is bringing the index on."""


class _Restored(Exception):
    """The catalogue has another history since a moment ago."""


class WordsInStep:
    """Finds passages by their words. Any thread may ask."""

    def __init__(self, catalogue: Catalogue, folder: Path, weights: WordWeights | None = None) -> None:
        """Goes on from what lies in the data directory ``folder``, and makes anew what cannot be gone on from."""
        self._catalogue = catalogue
        self._weights = weights or WordWeights()
        self._turn = threading.Lock()
        self._folder = None if catalogue.read_only else folder / WORDS_FOLDER
        """None where the index is kept in memory."""
        self._index: WordIndex | None = None
        self._waiting = 0
        self.catch_up()

    def close(self) -> None:
        """Follows what no search has seen to yet, so that the next start need not."""
        try:
            self.catch_up()
        except CatalogueError as error:
            logger.warning("The next start will take longer: the word index could not follow (%s)", error)

    def search(self, question: str, limit: int, documents: Sequence[str] | None = None) -> list[tuple[int, float]]:
        """Passages that share words with a question, of these ``documents`` if given, as (key, score), best first."""
        return self._asked(lambda index: index.search(question, limit, documents, self._weights))

    def coverage(self, words: str, keys: Sequence[int]) -> dict[int, float]:
        """Which share of the words, counted by how rare they are, each of these passages has, if it has any."""
        return self._asked(lambda index: index.coverage(words, keys, self._weights))

    def looks_for(self, question: str) -> list[WantedWord]:
        """What `search` looks for, each word in one form."""
        return self._asked(lambda index: index.looks_for(question, self._weights))

    def keys(self) -> Keys:
        """The keys of all passages that a search can find, in order."""
        return self._caught_up().keys()

    @property
    def behind(self) -> int:
        """How many changes of the catalogue it has not followed yet; the next search follows them."""
        index = self._index
        position, now = None if index is None else index.position, self._catalogue.generation
        if position is None:
            return now.number
        return 0 if position.complete and position.seen == now else max(1, now.number - position.seen.number)

    def catch_up(self) -> None:
        """Returns when every change that was made before the call can be found."""
        with self._turn:
            self._waiting = 0
            self._follow(patience=None)

    def expect(self, added: int) -> None:
        """Passages were added, which the next search sees to; many together are followed now, for it would take long.

        A commit is several times written to the disk, and takes longer than to add a document.
        """
        self._waiting += added
        if self._waiting >= _MOST_WAITING:
            self.catch_up()

    def _asked(self, ask: Callable[[WordIndex], T]) -> T:
        """What ``ask`` gives of the index with all changes; one that turns out to be unusable is made anew first."""
        index = self._caught_up()
        try:
            return ask(index)
        except WordIndexUnusable as error:
            with self._turn:
                self._make_anew(error)
        return ask(self._caught_up())

    def _caught_up(self) -> WordIndex:
        """The index, with all changes if they can be followed at once."""
        index = self._index
        position = None if index is None else index.position
        if index is not None and position is not None:
            if position.complete and position.seen == self._catalogue.generation:
                return index
            if self._catalogue.has_been(position.seen):
                self._follow_if_free()
                return self._index or index
        self.catch_up()  # what is of another history must not be searched
        return self._caught_up()

    def _follow_if_free(self) -> None:
        """For a search, which waits for whoever is at it no longer than a document takes."""
        if self._turn.acquire(timeout=_PATIENCE_SECONDS):
            try:
                self._follow(_PATIENCE_SECONDS)
            except _Taken:
                pass
            finally:
                self._turn.release()

    def _follow(self, patience: float | None) -> None:
        """In the caller's turn. Raises _Taken where another process is at it for longer than ``patience`` seconds."""
        try:
            with _alone(self._folder, patience):
                index = self._index
                if index is None or not index.is_current():
                    index = self._opened(examined=index is None)
                self._index = self._brought_on(index)
        except (WordIndexUnusable, OSError) as error:
            self._make_anew(error)

    def _make_anew(self, error: Exception) -> None:
        """In the caller's turn: on the disk if that can be."""
        logger.warning("The word index cannot be used and is made anew (%s)", error)
        try:
            with _alone(self._folder, patience=None):
                _remove_files(self._folder)
                self._index = self._brought_on(WordIndex.open(self._folder))
        except (WordIndexUnusable, OSError) as again:
            if self._folder is None:
                raise
            logger.warning("The word index is kept in memory: on the disk it cannot be (%s)", again)
            self._folder = None
            self._index = self._brought_on(WordIndex.open(None))

    def _opened(self, *, examined: bool) -> WordIndex:
        """As it lies there. Raises WordIndexUnusable where it does not hold as many passages as it says."""
        index = WordIndex.open(self._folder, examined=examined)
        position = index.position
        is_of_now = position is not None and position.complete and position.seen == self._catalogue.generation
        if is_of_now and len(index) != self._catalogue.count()[1]:
            raise WordIndexUnusable("it does not hold as many passages as the catalogue")
        return index

    def _brought_on(self, index: WordIndex) -> WordIndex:
        while True:
            begin = index.position
            first = None if begin is None else self._catalogue.word_changes_after(begin, _ADDED_IN_STEP)
            if first is not None and first.position == begin:
                return index
            if begin is not None and first is None:
                logger.warning("The catalogue has another history than the word index, which is made anew")
            if first is None and (passages := self._catalogue.count()[1]) > _MOST_ERASED_AT_ONCE:
                logger.info("The word index is made from %d passages, which may take minutes", passages)
            try:
                # to take words out of the files, all of these are written anew
                if first is None or (len(first.removed) and self._catalogue.count()[1] <= _MOST_ERASED_AT_ONCE):
                    return index.changed(self._steps(self._nowhere()), anew=True)
                return index.changed(chain([first], self._steps(first.position)), anew=False)
            except _Restored:
                continue

    def _nowhere(self) -> Position:
        return Position.of(self._catalogue.generation, np.empty(0, np.int64))

    def _steps(self, position: Position) -> Iterator[WordChanges]:
        """Everything that is left to follow. Raises _Restored."""
        while not position.complete:
            changes = self._catalogue.word_changes_after(position, _ADDED_IN_STEP)
            if changes is None:
                raise _Restored
            yield changes
            position = changes.position


def remove_word_index(folder: Path) -> None:
    """Removes the word index of a data directory: whoever opens that next makes it anew. Raises OSError."""
    words = folder / WORDS_FOLDER
    if words.is_dir():
        with _alone(words, patience=None):
            _remove_files(words)


def _remove_files(words: Path | None) -> None:
    # first what makes an index of them: who is killed half-way leaves none. The lock stays, for others may wait for it
    for path in sorted(words.iterdir(), key=lambda path: path.name != META) if words is not None else ():
        if path.name != _LOCK:
            path.unlink()


@contextmanager
def _alone(words: Path | None, patience: float | None) -> Iterator[None]:
    """Keeps other processes off. Raises _Taken after ``patience`` seconds, OSError where nothing may be written."""
    if words is None:
        yield
        return
    words.mkdir(exist_ok=True)
    until = None if patience is None else monotonic() + patience
    with (words / _LOCK).open("wb") as lock:
        while not _is_locked(lock, wait=until is None):
            if until is not None and monotonic() > until:
                raise _Taken
            sleep(_LOOKS_AGAIN_SECONDS)
        yield


def _is_locked(lock: IO[bytes], *, wait: bool) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
