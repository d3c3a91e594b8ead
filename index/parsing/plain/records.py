"""JSON and JSON lines: each record as lines of "key: value"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeGuard

from index.errors import MalformedFile
from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, one_line
from index.parsing.plain.text import Decoded, decoded

_DEEPEST_HEADING = 6


class _Fields(list[tuple[str, object]]):
    """An object's keys and values in their order; a key may come more than once."""


def json_document(file: File) -> Content:
    """The records of a JSON file, or of one that holds a JSON text on each line. Raises MalformedFile."""
    read = decoded(file)
    try:
        value = _loaded(read.text)
        blocks = list(_blocks(value, 1))
    except RecursionError as error:
        raise MalformedFile(
            file.name, "not JSON that can be read: too many lists and objects in one another"
        ) from error
    except ValueError as error:
        if "\n" not in read.text.strip():
            raise MalformedFile(file.name, f"not JSON: {error}") from error
        return _records(file, read)
    return from_blocks(blocks, _title(value), notes=read.notes)


def json_lines(file: File) -> Content:
    """The records of a file that holds a JSON text on each line. Raises MalformedFile where most of them are none."""
    return _records(file, decoded(file))


def _records(file: File, read: Decoded) -> Content:
    blocks: list[Block] = []
    broken: list[int] = []
    lines = [(number, line) for number, line in enumerate(read.text.split("\n"), start=1) if line.strip()]
    for number, line in lines:
        try:
            blocks += _blocks(_loaded(line), 1)
        except (ValueError, RecursionError):
            broken.append(number)
            blocks.append(Block(line.strip()))
    if len(broken) * 2 > len(lines):
        raise MalformedFile(file.name, f"not JSON, nor a JSON text on each line: line {broken[0]:,} is none")
    notes = [*read.notes]
    if broken:
        notes.append(f"lines that are no JSON are kept as they are: {len(broken):,}, the first is line {broken[0]:,}")
    return from_blocks(blocks, notes=notes)


def _loaded(text: str) -> object:
    # numbers as they are written: 1.10 stays 1.10
    return json.loads(text, object_pairs_hook=_Fields, parse_float=str, parse_int=str)


def _title(value: object) -> str | None:
    fields = dict(value) if isinstance(value, _Fields) else {}
    title = fields.get("title", fields.get("name"))
    return one_line(title) if isinstance(title, str) else None


def _blocks(value: object, level: int) -> Iterator[Block]:
    """A block for each record; lists of records under their key as heading."""
    if _is_records(value):
        for record in value:
            yield from _blocks(record, level)
        return
    lists: list[tuple[str, list[object]]] = []
    yield Block("\n".join(_lines("", value, lists)))
    for key, records in lists:
        yield heading(key, min(level, _DEEPEST_HEADING))
        yield from _blocks(records, level + 1)


def _is_records(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and not isinstance(value, _Fields) and any(isinstance(item, list) for item in value)


def _lines(key: str, value: object, lists: list[tuple[str, list[object]]]) -> Iterator[str]:
    """The lines of a value; lists of records in it are added to ``lists``."""
    if isinstance(value, _Fields):
        for name, inner in value:
            yield from _lines(f"{key}.{name}" if key else name, inner, lists)
    elif _is_records(value):
        lists.append((key, value))
    elif text := ", ".join(map(_text, value)) if isinstance(value, list) else _text(value):
        yield f"{key}: {text}" if key else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else json.dumps(value)
