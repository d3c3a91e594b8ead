"""Files on this machine → the documents that follow them.

Each file's document is the one that its path leads to: another text takes its place, what is gone from an archive goes,
and with ``sync`` also what is gone from a folder. A file whose bytes are the same as when it was put in is not read
again. Large files come last, so that they keep no small one waiting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from index.documents import DocumentDraft
from index.errors import DocumentError, DocumentNotFound, DocumentTooComplex, EmptiedFolder, NotEmbedded, ParserDied
from index.ingestion.added import Added
from index.ingestion.crew import Crew, Shares
from index.interfaces import Progress
from index.passage_index import PassageIndex
from index.store.files import sha256_unless_known
from index.writer import Embedded

if TYPE_CHECKING:
    from index.parsing import NamedFile, ParsedFile
    from index.store.originals.in_folder import Incoming

# about 500 passages: a few seconds of embedding, which is what a kill can cost
_CHARACTERS_IN_GROUP = 200_000
_DOCUMENTS_IN_GROUP = 500
_LARGE = 1_000_000
_TRIES = 2

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Item:
    """A file that was read, or one that is known: ``size`` in bytes."""

    size: int
    outcome: Added
    """What became of it where there is no draft."""
    draft: DocumentDraft | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A group that is to be put in, or whose workers were lost over it."""

    group: Sequence[_Item]
    progress: Progress
    embedded: Embedded | None
    lost: DocumentError | None = None

    def __enter__(self) -> _Ready:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the passages."""
        if self.embedded is not None:
            self.embedded.close()


class Follower:
    """Makes an index follow files, once."""

    def __init__(
        self,
        index: PassageIndex,
        crew: Crew,
        incoming: Incoming,
        collections: frozenset[str],
        progress: Progress | None,
    ) -> None:
        self._index = index
        self._crew = crew
        self._incoming = incoming
        self._collections = collections
        self._progress = progress
        self._older = frozenset(index.of_older_readings())
        self._seen: set[str] = set()
        self._unread: set[str] = set()
        """What is there and could not be read: of this the text of before stays."""

    def follow(self, paths: Sequence[Path], *, sync: bool) -> Iterator[Added]:
        """What became of each file, large ones last, and in the end of those that are gone. Raises CatalogueError."""
        from index.parsing import named_files

        known = self._index.shelves.files_in([file_of(path) for path in paths])
        files = list(named_files(paths))
        sizes = {file.path: size_of(file.path) if file.is_read else 0 for file in files}
        files.sort(key=lambda file: sizes[file.path] if sizes[file.path] > _LARGE else 0)
        shares = Shares(self._progress, sum(sizes.values()))
        items = self._crew.read(lambda file: self._read(file, sizes[file.path], known), files)
        gathered = (
            (group, shares.part(sum(item.size for item in group)))
            for group in groups(items, lambda item: len(item.draft.text) if item.draft else 0)
        )
        for ready in self._crew.embed(lambda group: self._embedded(*group), gathered):
            with ready:
                yield from self._put(ready)
            ready.progress(1, 1)
        listed = {file_of(file.path) for file in files}
        if sync:
            yield from self._emptied(paths, known, listed)
        yield from self._gone([file for file in known if self._is_gone(file, listed, sync=sync)])

    def _read(self, file: NamedFile, size: int, known: dict[str, tuple[str, str]]) -> Sequence[_Item] | Iterator[_Item]:
        """What is in the file; of an archive one by one, since they may be more than memory holds."""
        from index.parsing import CONTAINERS, suffix_of

        items = self._items(file, size, known)
        return items if suffix_of(file.name) in CONTAINERS else [*items]

    def _items(self, file: NamedFile, size: int, known: dict[str, tuple[str, str]]) -> Iterator[_Item]:
        from index.parsing import CONTAINERS, suffix_of

        name = file_of(file.path)
        sha256 = ""
        with suppress(OSError):  # what is wrong with it is told when it is read
            sha256 = sha256_unless_known(file.path) if file.is_read else ""
        document_id, before = known.get(name, ("", ""))
        is_container = suffix_of(name) in CONTAINERS
        if sha256 and sha256 == before and document_id not in self._older and not is_container:
            with suppress(DocumentNotFound):
                document = self._index.document(document_id)
                if self._collections <= set(document.collections):
                    self._seen.add(name)
                    yield _Item(size, Added(file.path, document, state="known"))
                    return
        for parsed in self._crew.parser.drafts_at(file):
            place = file_of(parsed.path)
            (self._unread if parsed.draft is None and not parsed.is_skipped else self._seen).add(place)
            outcome = Added(parsed.path, None, error=parsed.error, is_skipped=parsed.is_skipped)
            draft = taken(self._incoming, parsed).draft
            if draft is not None:
                draft = replace(draft, file=place, file_sha256=sha256, collections=self._collections)
            yield _Item(parsed.size, outcome, draft)

    def _embedded(self, group: Sequence[_Item], progress: Progress) -> _Ready:
        """The group, embedded; where its worker ends it is given to another one, once."""
        drafts = [item.draft for item in group if item.draft is not None]
        lost: DocumentError | None = None
        for _ in range(_TRIES if drafts else 0):
            try:
                embedding = self._crew.embedding
                return _Ready(group, progress, self._index.embedded(drafts, progress=progress, embedding=embedding))
            except (ParserDied, DocumentTooComplex) as error:
                lost = error
        return _Ready(group, progress, None, lost)

    def _put(self, ready: _Ready) -> Iterator[Added]:
        stored = None if ready.embedded is None else iter(self._index.put_embedded(ready.embedded))
        for item in ready.group:
            path = item.outcome.path
            if item.draft is None:
                yield item.outcome
            elif stored is None:
                yield Added(path, None, error=NotEmbedded(str(path), ready.lost))
            else:
                yield Added.of(next(stored), path, item.draft.notes)

    def _is_gone(self, file: str, listed: set[str], *, sync: bool) -> bool:
        above = {file, *map(str, Path(file).parents)}
        if file in self._seen or above & self._unread:
            return False
        if above & listed:  # what an archive that is there does not hold any more
            return True
        return sync and not _may_be_there(file)

    def _emptied(self, paths: Sequence[Path], known: Iterable[str], listed: Iterable[str]) -> Iterator[Added]:
        """Folders that hold no file any more, as where a disk is not mounted: what came from them stays."""
        for path in filter(os.path.isdir, paths):
            below = file_of(path).rstrip("/") + "/"
            if any(file.startswith(below) for file in known) and not any(file.startswith(below) for file in listed):
                self._unread.add(file_of(path))
                yield Added(path, None, error=EmptiedFolder(str(path)))

    def _gone(self, files: Sequence[str]) -> Iterator[Added]:
        for file, document_id in self._index.leave_files(files):
            yield Added(Path(file), None, state="removed", gone=document_id)


def file_of(path: Path) -> str:
    """What a file on this machine is known by: its path from the root, links in it left as they are."""
    return os.path.abspath(path).encode(errors="backslashreplace").decode()


def _may_be_there(file: str) -> bool:
    """Whether a file that no folder listed may be there all the same.

    It may be hidden, behind a link that folders do not lead through or that leads nowhere at present, in a folder that
    may not be looked into, or in an archive that is one of these.
    """
    for path in (Path(file), *Path(file).parents):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
        return not os.path.isdir(path)  # in a folder that can be looked into it would have been found
    return False


def size_of(path: Path) -> int:
    """In bytes; 0 where that cannot be known."""
    try:
        return path.stat().st_size
    except OSError:
        return 0  # what is wrong with it is told when it is read


def taken(incoming: Incoming, parsed: ParsedFile) -> ParsedFile:
    """With its bytes no longer in memory but on the disk, where they wait for the document. Raises CatalogueError."""
    if parsed.draft is None or parsed.data is None:
        return parsed
    return replace(parsed, draft=incoming.keep(parsed.draft, parsed.data), data=None)


def groups(items: Iterable[_T], characters: Callable[[_T], int]) -> Iterator[list[_T]]:
    """The items in order, in groups that end with the one that fills them."""
    group: list[_T] = []
    room = _CHARACTERS_IN_GROUP
    for item in items:
        group.append(item)
        room -= characters(item)
        if room <= 0 or len(group) == _DOCUMENTS_IN_GROUP:
            yield group
            group, room = [], _CHARACTERS_IN_GROUP
    if group:
        yield group


def part_of(progress: Progress | None, before: int, share: int, total: int) -> Progress | None:
    """Tells ``progress`` of the whole while the part of it that is ``share`` large is worked on."""
    if progress is None:
        return None
    return lambda done, size: progress(before + share * done // size, total)
