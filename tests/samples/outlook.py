"""Messages as Outlook saves them: compound files (MS-CFB) that hold the properties of a message (MS-OXMSG)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_SECTOR, _SMALL, _SMALL_SECTOR = 512, 4096, 64
_FREE, _END, _TABLE, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_ROOT, _STORAGE, _STREAM = 5, 1, 2
_TEXT, _BINARY, _TIME, _NUMBER = 0x001F, 0x0102, 0x0040, 0x0003
Folder = Mapping[str, "bytes | Folder"]


def message(
    subject: str,
    *,
    sender: tuple[str, str] = ("Ada", "ada@example.org"),
    to: Sequence[tuple[str, str]] = (("Bo", "bo@example.org"),),
    sent: datetime | None = datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
    text: str | None = None,
    page: bytes | None = None,
    attached: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """The bytes of a .msg file."""
    streams = {0x0037: subject, 0x0C1A: sender[0], 0x0C1F: sender[1], 0x1000: text, 0x1013: page}
    fixed = {} if sent is None else {(0x0039, _TIME): _filetime(sent)}
    root = _properties(streams, fixed, struct.pack("<8x4I8x", len(to), len(attached), len(to), len(attached)))
    for number, (name, address) in enumerate(to):
        root[f"__recip_version1.0_#{number:08X}"] = _properties({0x3001: name, 0x39FE: address}, {}, bytes(8))
    for number, (name, data) in enumerate(attached):
        by_value = {(0x3705, _NUMBER): 1}
        root[f"__attach_version1.0_#{number:08X}"] = _properties({0x3707: name, 0x3701: data}, by_value, bytes(8))
    return _compound(root)


def _filetime(moment: datetime) -> int:
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def _properties(
    streams: Mapping[int, str | bytes | None], fixed: Mapping[tuple[int, int], int], header: bytes
) -> dict[str, bytes | Folder]:
    made: dict[str, bytes | Folder] = {}
    entries = [struct.pack("<HHIQ", kind, number, 6, value) for (number, kind), value in fixed.items()]
    for number, value in streams.items():
        if value is None:
            continue
        kind, data = (_TEXT, value.encode("utf-16-le")) if isinstance(value, str) else (_BINARY, value)
        made[f"__substg1.0_{number:04X}{kind:04X}"] = data
        entries.append(struct.pack("<HHIII", kind, number, 6, len(data) + 2 * (kind == _TEXT), 0))
    made["__properties_version1.0"] = header + b"".join(entries)
    return made


@dataclass
class _Entry:
    """A row of the directory; siblings hang together as a list, which is a tree, too."""

    name: str
    kind: int
    data: bytes = b""
    right: int = _NONE
    child: int = _NONE
    start: int = _END
    size: int = 0

    def packed(self) -> bytes:
        name = (self.name + "\0").encode("utf-16-le")
        head = struct.pack("<64sHBBIII", name, len(name), self.kind, 1, _NONE, self.right, self.child)
        return head + bytes(36) + struct.pack("<IQ", self.start, self.size)


@dataclass
class _Sectors:
    """Data cut into sectors of one size, and the table that chains them."""

    size: int
    data: bytearray = field(default_factory=bytearray)
    table: list[int] = field(default_factory=list)

    def put(self, data: bytes, last: int = _END) -> int:
        first, count = len(self.table), -(-len(data) // self.size)
        self.data += data.ljust(count * self.size, b"\0")
        self.table += [*range(first + 1, first + count), last] if count else []
        return first if count else _END


def _compound(root: Folder) -> bytes:
    entries = [_Entry("Root Entry", _ROOT)]
    _list(root, entries, 0)
    large, small = _Sectors(_SECTOR), _Sectors(_SMALL_SECTOR)
    for entry in entries[1:]:
        if entry.kind == _STREAM:
            entry.size = len(entry.data)
            entry.start = (small if entry.size < _SMALL else large).put(entry.data)
    entries[0].start, entries[0].size = large.put(bytes(small.data)), len(small.data)
    directory = large.put(b"".join(entry.packed() for entry in entries))
    small_table = large.put(_table(small.table))
    small_sectors = -(-len(small.table) * 4 // _SECTOR)
    tables = 1
    while tables * _SECTOR // 4 < len(large.table) + tables:
        tables += 1
    first_table = len(large.table)
    large.table += [_TABLE] * tables
    large.data += _table(large.table)
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0x3E, 3, 0xFFFE, 9, 6, 0, tables, directory, 0, _SMALL, small_table, small_sectors, _END, 0,
    )  # fmt: skip
    placed = [*range(first_table, first_table + tables)]
    assert len(placed) <= 109
    return header + struct.pack("<109I", *placed, *[_FREE] * (109 - len(placed))) + bytes(large.data)


def _list(folder: Folder, entries: list[_Entry], parent: int) -> None:
    before = None
    # in a directory shorter names come first
    for name in sorted(folder, key=lambda each: (len(each), each.upper())):
        value, number = folder[name], len(entries)
        entries.append(_Entry(name, _STREAM, value) if isinstance(value, bytes) else _Entry(name, _STORAGE))
        if before is None:
            entries[parent].child = number
        else:
            entries[before].right = number
        before = number
        if not isinstance(value, bytes):
            _list(value, entries, number)


def _table(table: Sequence[int]) -> bytes:
    packed = struct.pack(f"<{len(table)}I", *table)
    return packed + b"\xff" * (-len(packed) % _SECTOR)
