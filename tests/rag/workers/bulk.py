"""What the tests of workers share: a folder of many kinds of files, what is stored of it, the command that indexes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rag.engine import Sourcespan
from tests.crash.folder import ALL

PROGRAM = """
import sys
from index.ingestion import following
following._DOCUMENTS_IN_GROUP = 3
sys.argv[0] = "sourcespan"
from api.start import main
main()
"""
"""The command, with several groups of a few files."""
FILES = 25


def make_files(folder: Path) -> None:
    """Texts, one of them twice, an archive, a broken file and one that is not read."""
    folder.mkdir()
    for n in range(20):
        story = " ".join(f"The ferry {n} leaves the harbour of island {m} at {m} past {n}." for m in range(3 * n + 1))
        (folder / f"{n:02}.txt").write_text(f"# Story {n}\n\n{story}")
    (folder / "20.txt").write_bytes((folder / "06.txt").read_bytes())
    (folder / "21.txt").write_bytes(b"\x00\x01\x02")
    (folder / "22.xyz").write_text("of no kind that is read")
    with zipfile.ZipFile(folder / "23.zip", "w") as archive:
        archive.writestr("a.txt", "The archive holds a story about a lighthouse.")
        archive.writestr("b.md", "# Another\n\nThe keeper of the lighthouse sleeps.")


def stored(library: Sourcespan) -> tuple[list[dict[str, Any]], np.ndarray[Any, Any]]:
    """Everything that is stored but for ids and times, in order, and the vectors of all passages."""
    index, rows = library.index, []
    for document in index.documents(limit=ALL):
        passages = index.passages(index.keys_of([document.id]).tolist()).values()
        original = index.original(document.id)[1].read_bytes() if document.original else None
        rows.append({
            "title": document.title,
            "sources": document.sources,
            "collections": document.collections,
            "text": index.with_text(document.id)[1],
            "outline": index.outline(document.id),
            "original": original,
            "passages": [(passage.start, passage.end, passage.reading.text) for passage in passages],
        })  # fmt: skip
    return rows, index._catalogue.vectors(index._catalogue.keys())


def assert_same(left: Sourcespan, right: Sourcespan) -> None:
    """Both hold the same documents, passages and vectors, in the same order."""
    (documents, vectors), (others, other_vectors) = stored(left), stored(right)
    for one, other in zip(documents, others, strict=True):
        assert one == other
    assert np.einsum("ij,ij->i", vectors, other_vectors).min() >= 0.9999


@contextmanager
def indexing(
    files: Path, data: Path, *more: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], Iterator[Mapping[str, Any]]]]:
    """The command in a process of its own, and its outcomes as it tells them; it is killed in the end."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "index", str(files), "--data", str(data), "--json", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "COLUMNS": "200"} | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        try:
            yield process, map(json.loads, process.stdout)
        finally:
            process.kill()


def assert_as_alone(files: Path, folder: Path, database: str = "") -> None:
    """What the command stored in ``data`` there, or in a database, is what it stores in a folder without workers."""
    with indexing(files, folder / "alone") as (_, outcomes):
        assert len(list(outcomes)) == FILES
    with (
        Sourcespan.open(folder / "data", answers=False, database=database) as library,
        Sourcespan.open(folder / "alone", answers=False) as alone,
    ):
        assert_same(library, alone)


def children(pid: int) -> list[int]:
    """The processes that a process started, and these in turn."""
    below = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return below + [further for child in below for further in children(child)]
