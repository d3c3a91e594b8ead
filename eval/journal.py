"""Answers that were given already, kept beside the output, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from eval.errors import AnswersOfAnotherRun

Row = TypeVar("Row")


class Journal(Generic[Row]):
    """A JSON-lines file: first what the run is, then one row an answer, each on disk as soon as it is known."""

    def __init__(self, path: Path, run: Mapping[str, Any], kind: type[Row]) -> None:
        """Opens it, or makes it. Raises AnswersOfAnotherRun."""
        self._path = path
        self._adapter = TypeAdapter[Row](kind)
        self._run = json.loads(json.dumps(run))
        self.rows = self._read()
        # what a kill left half written is written over
        whole = [json.dumps(self._run), *(self._line(row) for row in self.rows)]
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()

    def keep(self, row: Row) -> None:
        """Appends one more row to the file and to ``rows``."""
        self._file.write(self._line(row) + "\n")
        self._file.flush()
        self.rows.append(row)

    def _line(self, row: Row) -> str:
        return self._adapter.dump_json(row).decode()

    def _read(self) -> list[Row]:
        if not self._path.exists():
            return []
        # not splitlines: U+2028 ends no line of JSON
        first, *lines = self._path.read_text(encoding="utf-8").split("\n")
        try:
            kept = json.loads(first)
        except ValueError as error:
            raise AnswersOfAnotherRun(self._path, "kind of content") from error
        if kept != self._run:
            raise AnswersOfAnotherRun(self._path, _difference(kept, self._run))
        rows = []
        for line in lines:
            try:
                rows.append(self._adapter.validate_json(line))
            except ValidationError:
                break
        return rows


def _difference(kept: object, run: Mapping[str, Any]) -> str:
    if not isinstance(kept, dict):
        return "kind of content"
    return ", ".join(name for name in {**kept, **run} if kept.get(name) != run.get(name))
