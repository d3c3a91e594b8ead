"""The vector index kept on disk, so that a start need not make it anew from the catalogue.

A snapshot is two files: the index, and a manifest with how it is searched, which generation it was made from and the
sha256 of the index. The manifest is written last: without it, or with a file that is not the one it tells of, there is
no snapshot, and nothing is lost.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from index.database import storage_error
from index.errors import CatalogueUnusable
from index.interfaces import VectorIndex
from index.vector_rule import VectorPlan


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest of a snapshot says."""

    path: Path
    """Of the vector index."""
    generation: int
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
    """Those of one catalogue. The snapshot of a catalogue that was thrown away fits no other."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._stem = f"vectors-{identity}"

    def newest_first(self) -> list[Manifest]:
        """Every manifest that can be read."""
        manifests = []
        for path in self._folder.glob(f"{self._stem}-*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError, CatalogueUnusable):
                manifests.append(_read(path))
        return sorted(manifests, key=lambda manifest: manifest.generation, reverse=True)

    def save(self, vectors: VectorIndex, generation: int) -> None:
        """Keeps the index as of ``generation`` and lets go of older ones.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueUnusable; the snapshot before is kept then.
        """
        path = self._folder / f"{self._stem}-{generation}.faiss"
        unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
        try:
            sha256 = vectors.save(unfinished)
            fields = {"generation": generation, "vectors": len(vectors), "sha256": sha256, **asdict(vectors.plan)}
            _put(unfinished, path)
            unfinished.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
            _put(unfinished, path.with_suffix(".json"))
            self._remove_before(generation)
        except FileNotFoundError:
            return  # another process has kept a newer one meanwhile, and cleared this one away
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise storage_error(error) from error

    def _remove_before(self, generation: int) -> None:
        """What earlier snapshots, whole or broken off, have left."""
        # manifests first: an index without one is no snapshot
        for path in sorted(self._folder.glob(f"{self._stem}-*"), key=lambda path: path.suffix != ".json"):
            number = path.name.removeprefix(f"{self._stem}-").split(".")[0]
            if number.isdigit() and int(number) < generation:
                path.unlink(missing_ok=True)


def _put(written: Path, name: Path) -> None:
    """Under its name whole, and on the disk, or not at all."""
    with written.open("rb+") as file:
        os.fsync(file.fileno())
    written.replace(name)
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> Manifest:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Manifest(
        path.with_suffix(".faiss"),
        int(fields["generation"]),
        int(fields["vectors"]),
        str(fields["sha256"]),
        VectorPlan.read(fields),
    )
