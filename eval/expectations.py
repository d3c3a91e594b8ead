"""The published figures, each with the command that prints it: run again and compared."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.text import Text

from index.errors import MalformedFile
from index.terminal import Console

EXPECTATIONS = Path(__file__).with_name("expectations.json")


@dataclass(frozen=True, slots=True)
class Expected:
    """A figure's value, and how far from it is still fine: the machine's arithmetic may differ, the model may not."""

    value: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """A command's arguments, and what it has to print."""

    name: str
    arguments: tuple[str, ...]
    figures: dict[str, Expected]
    quick: bool = False
    """Needs no file that is not in the project, and a minute at most."""


_FILE = TypeAdapter(list[Expectation])


def read_expectations(path: Path) -> list[Expectation]:
    """Raises MalformedFile."""
    try:
        return _FILE.validate_json(path.read_bytes())
    except ValidationError as error:
        raise MalformedFile(path.name, str(error)) from error


def write_expectations(path: Path, expectations: Sequence[Expectation]) -> None:
    """Writes them as they are read."""
    plain = json.dumps([asdict(e) for e in expectations], indent=2, ensure_ascii=False)
    path.write_text(plain + "\n", encoding="utf-8")


def check_all(
    expectations: Sequence[Expectation], data: Path, *, quick: bool, console: Console
) -> tuple[list[Expectation], bool]:
    """The expectations with the values that were found, and whether each is within its tolerance.

    Prints OK or FAIL for each figure. A command whose file is not in ``data`` is not run, and that is no success.
    """
    found, fine = [], True
    for expectation in expectations:
        if quick and not expectation.quick:
            found.append(expectation)
            continue
        arguments = _with_paths(expectation.arguments, data)
        console.print(Text(f"sourcespan eval {' '.join(expectation.arguments)}", style="bold"), soft_wrap=True)
        if not expectation.quick and not Path(arguments[0]).exists():
            console.print(Text(f"  FAIL  {expectation.arguments[0]} is not in {data}: say with --data where it is"))
            found.append(expectation)
            fine = False
            continue
        measured = _measured(arguments)
        for name, expected in expectation.figures.items():
            value = measured[name]
            within = value is not None and abs(value - expected.value) <= expected.tolerance
            fine &= within
            shown = "nothing" if value is None else f"{value:.4f}"
            said = f"{name} {shown}, expected {expected.value:.4f} ± {expected.tolerance:g}"
            console.print(f"  {'OK  ' if within else 'FAIL'}  {said}")
        found.append(replace(expectation, figures=_updated(expectation.figures, measured)))
    return found, fine


def _with_paths(arguments: Sequence[str], data: Path) -> list[str]:
    """The first argument names what is measured: a file or folder of ``data``, if there is one."""
    first, *others = arguments
    return [str(data / first) if (data / first).exists() else first, *others]


def _measured(arguments: Sequence[str]) -> dict[str, float | None]:
    from eval.commands import app

    with tempfile.TemporaryDirectory(prefix="sourcespan-check-") as folder:
        out = Path(folder) / "result.json"
        app(["run", *arguments, "--json", str(out), "--quiet"], standalone_mode=False)
        figures = json.loads(out.read_text(encoding="utf-8"))["measures"]
    return {name: figure["value"] for name, figure in figures.items()}


def _updated(figures: dict[str, Expected], measured: dict[str, float | None]) -> dict[str, Expected]:
    values = {name: measured[name] for name in figures}
    return {
        name: expected if (value := values[name]) is None else replace(expected, value=round(value, 4))
        for name, expected in figures.items()
    }
