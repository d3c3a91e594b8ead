"""The vector index kept on disk, so that a start need not make it anew from the catalogue.

A snapshot is two files: the index, and a manifest with how it is searched, which generation it was made from and the
sha256 of the index. The manifest is written last: without it, or with a file that is not the one it tells of, there is
no snapshot, and nothing is lost. The names of both hold the generation with its token, so snapshots of two histories
never share one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import CatalogueUnusable
from index.interfaces import VectorIndex
from index.store.catalogue.history import Generation
from index.store.databases.sqlite import storage_error
from index.store.files import put, seal
from index.vectors.vector_rule import VectorPlan

_PREFIX = "vectors-"
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest of a snapshot says: which file, of which generation of the catalogue, searched how."""

    path: Path
    """Of the vector index."""
    generation: Generation
    vectors: int
    sha256: str
    plan: VectorPlan

    def is_whole(self) -> bool:
        """Whether the file is the one that was written."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


class Snapshots:
    """The snapshots of vector indexes in a folder, of whatever history of the catalogue."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest_first(self) -> list[Manifest]:
        """Every manifest that can be read."""
        manifests = []
        for path in self._folder.glob(f"{_PREFIX}*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, CatalogueUnusable):
                manifests.append(_read(path))
        return sorted(manifests, key=lambda manifest: manifest.generation.number, reverse=True)

    def save(self, vectors: VectorIndex, generation: Generation) -> None:
        """Keeps the index as of ``generation`` and lets go of older ones.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueUnusable; the snapshot before is kept then.
        """
        path = self._folder / f"{_PREFIX}{generation.number}-{generation.token}.faiss"
        unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
        try:
            sha256 = vectors.save(unfinished)
            fields = {
                "generation": generation.number,
                "token": generation.token,
                "vectors": len(vectors),
                "sha256": sha256,
                **asdict(vectors.plan),
            }
            fields["seal"] = seal(fields)
            # the manifest comes last: a crash before it leaves an index that nobody reads
            put(unfinished, path)
            unfinished.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
            put(unfinished, path.with_suffix(".json"))
            self._remove(lambda other: other.number < generation.number)
        except FileNotFoundError:
            return  # another process has kept a newer one meanwhile, and cleared this one away
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise storage_error(error) from error

    def keep_only(self, is_ours: Callable[[Generation], bool]) -> None:
        """Throws away what was made from another history, whole or broken off, where the folder may be written."""
        with suppress(OSError):
            self._remove(lambda generation: not is_ours(generation))

    def _remove(self, is_gone: Callable[[Generation], bool]) -> None:
        # manifests first: an index without one is no snapshot
        for path in sorted(self._folder.glob(f"{_PREFIX}*"), key=lambda path: path.suffix != ".json"):
            if is_gone(_generation_in(path.name)):
                path.unlink(missing_ok=True)


def _generation_in(name: str) -> Generation:
    """What the name of a file says; for one that is named otherwise, as they were once, one that never was."""
    number, _, token = name.removeprefix(_PREFIX).split(".")[0].partition("-")
    return Generation(int(number), token) if _NUMBER.fullmatch(number) else Generation(-1, name)


def _read(path: Path) -> Manifest:
    fields = json.loads(path.read_text(encoding="utf-8"))
    if fields.pop("seal") != seal(fields):
        raise ValueError(f"{path.name} is not what was written")
    return Manifest(
        path.with_suffix(".faiss"),
        Generation(int(fields["generation"]), str(fields["token"])),
        int(fields["vectors"]),
        str(fields["sha256"]),
        VectorPlan.read(fields),
    )
