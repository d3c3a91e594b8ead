"""Documents that are zip archives of parts: opened within limits, and packed anew."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from index.parsing.content import File
from index.parsing.limits import Budget

_UNPACKED = 4


def opened(file: File, times: int = _UNPACKED) -> zipfile.ZipFile:
    """The archive that a file is, which unpacks to at most so many ``times`` the size of the largest file.

    This bounds memory too. Raises UnsafeArchive of more; whatever `zipfile` raises of no archive.
    """
    archive = zipfile.ZipFile(io.BytesIO(file.data))
    Budget(times * file.max_bytes).take(file.name, archive)
    return archive


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive of parts by their names, which is packed fast rather than small."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return data.getvalue()
