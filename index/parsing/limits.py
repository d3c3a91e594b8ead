"""How much may come out of an archive: a small file can unpack to more than a disk holds."""

from __future__ import annotations

import zipfile

from index.errors import UnsafeArchive

MAX_MEMBERS = 20_000
MAX_NESTING = 3
"""Archives in archives."""
MAX_RATIO = 200
"""Unpacked over packed, of anything that unpacks to more than `_SMALL`; documents stay far below it, bombs do not."""
_SMALL = 1_000_000


class Budget:
    """The bytes that may still be unpacked, from an archive and those inside it together."""

    def __init__(self, total: int) -> None:
        self.total = self.left = total

    def take(self, name: str, archive: zipfile.ZipFile) -> None:
        """Allows for all of ``archive``, before anything is unpacked. Raises UnsafeArchive.

        What it declares is what counts: no more than the declared size of a member is ever unpacked.
        """
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise UnsafeArchive(name, f"it holds {len(members):,} files; the limit is {MAX_MEMBERS:,}")
        self.left -= sum(member.file_size for member in members)
        if self.left < 0:
            raise UnsafeArchive(name, f"it would unpack to more than {self.total:,} bytes")
        for member in members:
            if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
                reason = f"{member.filename!r} in it would unpack to over {MAX_RATIO} times its size"
                raise UnsafeArchive(name, reason)
