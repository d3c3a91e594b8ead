"""The published figures, each with the suite that it is measured with: measured again and compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError
from rich.text import Text

from eval.measures.bootstrap import Figure
from eval.session import Session, measured
from eval.suites.choosing import Choice, open_suite
from index.errors import MalformedFile
from index.upkeep.terminal import Console

EXPECTATIONS = Path(__file__).with_name("expectations.json")


@dataclass(frozen=True, slots=True)
class Expected:
    """A figure's value, and how far from it is still fine: the machine's arithmetic may differ, the model may not."""

    value: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is measured, and the figures that have to come of it."""

    name: str
    target: str
    """A suite's name, or a file or folder of questions, below the folder of data."""
    figures: dict[str, Expected]
    choice: Choice = field(default_factory=Choice)
    ahead: bool = False
    """Whether the reader's lower layers are computed beforehand."""
    quick: bool = False
    """Needs no file that is not in the project, and a minute at most."""

    @property
    def command(self) -> str:
        """The command that prints the same figures."""
        options = {
            "--open": self.choice.whole,
            "--absent": self.choice.absent,
            "--retrieval": self.choice.retrieval,
            "--limit": self.choice.limit,
            "--seed": self.choice.seed,
            "--ahead": self.ahead,
        }
        words = (name if value is True else f"{name} {value}" for name, value in options.items() if value)
        return " ".join(("sourcespan eval", self.target, *words))


_FILE = TypeAdapter(list[Expectation], config=ConfigDict(extra="forbid"))


def read_expectations(path: Path) -> list[Expectation]:
    """The expectations in a JSON file, in order. Raises MalformedFile."""
    try:
        return _FILE.validate_json(path.read_bytes())
    except ValidationError as error:
        raise MalformedFile(path.name, str(error)) from error


def write_expectations(path: Path, expectations: Sequence[Expectation]) -> None:
    """Writes them as they are read, but for what is as it is by default."""
    path.write_bytes(_FILE.dump_json(list(expectations), indent=2, exclude_defaults=True) + b"\n")


def check_all(
    expectations: Sequence[Expectation], data: Path, session: Session, *, quick: bool, console: Console
) -> tuple[list[Expectation], bool]:
    """The expectations with the values that were measured, and whether each is within its tolerance.

    Prints OK or FAIL for each figure. What is not in ``data`` is not measured, and that is no success.
    """
    checked, fine = [], True
    for expectation in expectations:
        if quick and not expectation.quick:
            checked.append(expectation)
            continue
        target = data / expectation.target
        console.print(Text(expectation.command, style="bold"), soft_wrap=True)
        if not expectation.quick and not target.exists():
            console.print(Text(f"  FAIL  {expectation.target} is not in {data}: say with --data where it is"))
            checked.append(expectation)
            fine = False
            continue
        figures = _figures(expectation, str(target) if target.exists() else expectation.target, session)
        fine &= _compared(expectation, figures, console)
        checked.append(replace(expectation, figures=_updated(expectation.figures, figures)))
    return checked, fine


def _figures(expectation: Expectation, target: str, session: Session) -> Mapping[str, Figure]:
    models = replace(session.models, ahead=session.models.ahead or expectation.ahead)
    return measured(open_suite(target, expectation.choice, served=False), replace(session, models=models)).figures


def _compared(expectation: Expectation, figures: Mapping[str, Figure], console: Console) -> bool:
    """Whether all are within their tolerance; prints each."""
    fine = True
    for name, expected in expectation.figures.items():
        value = figures[name].value
        within = abs(value - expected.value) <= expected.tolerance  # never of nan
        fine &= within
        shown = "nothing" if math.isnan(value) else f"{value:.4f}"
        wanted = f"expected {expected.value:.4f} ± {expected.tolerance:g}"
        console.print(f"  {'OK  ' if within else 'FAIL'}  {name} {shown}, {wanted}")
    return fine


def _updated(expected: Mapping[str, Expected], figures: Mapping[str, Figure]) -> dict[str, Expected]:
    """With the values that were measured, where there are any."""
    return {
        name: old if math.isnan(value := figures[name].value) else replace(old, value=round(value, 4))
        for name, old in expected.items()
    }
