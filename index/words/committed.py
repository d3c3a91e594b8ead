"""What a committed word index says of itself: which files are of it, their checksums, and how far it has followed.

The position lies in a file beside Tantivy's, named by the number of the commit that it belongs to, and is written
before that commit is made. So both change at once, and a position whose commit was never made belongs to nothing.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from index.errors import WordIndexUnusable
from index.store.catalogue.history import Position
from index.store.files import put, seal

_FORMAT = 2
"""Of the fields and of how texts are normalised: with another, what an older version left is made anew."""
META = "meta.json"
"""Names the files of the last commit: without it, the others are no index."""
_FILES = re.compile(r"([0-9a-f]{32})\.(?:(\d+)\.)?([a-z]+)")
_FOOTER_END = 8


def examine(folder: Path) -> None:
    """Holds the files of a committed index to the checksums that stand at their ends. Raises WordIndexUnusable."""
    try:
        if (folder / META).exists():
            _examine(folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WordIndexUnusable(f"its files are not what was written: {error!r}") from error


def _examine(folder: Path) -> None:
    meta = json.loads((folder / META).read_bytes())
    committed = {each["segment_id"].replace("-", ""): each["deletes"] for each in meta["segments"]}
    for path in folder.iterdir():
        name = _FILES.fullmatch(path.name)
        if name is None or name[1] not in committed:
            continue  # of none, or left over
        deletes = committed[name[1]]
        if name[2] is not None and (deletes is None or deletes["opstamp"] != int(name[2])):
            continue
        content = memoryview(path.read_bytes())
        length = int.from_bytes(content[-_FOOTER_END:][:4], "little")
        footer = json.loads(bytes(content[-_FOOTER_END - length : -_FOOTER_END]))
        if zlib.crc32(content[: -_FOOTER_END - length]) != footer["crc"]:
            raise WordIndexUnusable(f"{path.name} is not what was written")


def commit_number(folder: Path) -> int:
    """The number of the last commit."""
    return int(json.loads((folder / META).read_bytes())["opstamp"])


def _position_file(folder: Path, number: int) -> Path:
    return folder / f"position-{number}.json"


def read_position(folder: Path) -> Position | None:
    """Of the last commit; None where it has none that can be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        fields = json.loads(_position_file(folder, commit_number(folder)).read_bytes())
        if fields["format"] == _FORMAT and fields["seal"] == seal(fields["position"]):
            return Position.read(fields["position"])
    return None


def write_position(folder: Path, number: int, position: Position) -> None:
    """For the commit of that number, which is made next. Raises OSError."""
    fields = asdict(position)
    unfinished = folder / f"position-{os.getpid()}.unfinished"
    unfinished.write_text(json.dumps({"format": _FORMAT, "position": fields, "seal": seal(fields)}), encoding="utf-8")
    put(unfinished, _position_file(folder, number))


def keep_only_position(folder: Path, number: int) -> None:
    """Removes what other commits, and such as were never made, have left. Raises OSError."""
    for path in folder.glob("position-*"):
        if path != _position_file(folder, number):
            path.unlink()
