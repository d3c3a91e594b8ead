"""The published figures are run again."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from eval import expectations
from eval.expectations import EXPECTATIONS, Expectation, Expected, check_all, read_expectations, write_expectations
from eval.measures.answers import MEASURES
from eval.measures.bootstrap import Figure
from eval.measures.retrieval import ARMS, SCORES
from eval.reports.results import Result
from eval.session import Session
from eval.suites.choosing import Choice
from index.errors import MalformedFile
from index.upkeep.terminal import Console
from rag.config import ModelConfig

KNOWN = {m.name for m in MEASURES} | {f"{arm}.{score}" for arm in ARMS for score in SCORES}


def check(wanted: list[Expectation], data: Path, *, quick: bool = False) -> tuple[list[Expectation], bool, str]:
    console = Console(file=io.StringIO(), width=200)
    checked, fine = check_all(wanted, data, Session(ModelConfig()), quick=quick, console=console)
    assert isinstance(console.file, io.StringIO)
    return checked, fine, console.file.getvalue()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int | None, bool]]:
    """The target, limit and layers ahead of what would be measured; each time an F1 of 0.8 comes of it."""
    asked: list[tuple[str, int | None, bool]] = []

    def opened(target: str, choice: Choice, *, served: bool) -> tuple[str, int | None]:
        assert not served
        return target, choice.limit

    def stand_in(suite: tuple[str, int | None], session: Session) -> Result:
        asked.append((*suite, session.models.ahead))
        return Result("s", {}, {"f1": Figure(0.8, 0.7, 0.9, 10), "auroc": Figure(math.nan, math.nan, math.nan, 0)})

    monkeypatch.setattr(expectations, "open_suite", opened)
    monkeypatch.setattr(expectations, "measured", stand_in)
    return asked


def test_a_figure_within_its_tolerance_is_ok(measured: list[tuple[str, int | None, bool]], tmp_path: Path) -> None:
    expected = {"f1": Expected(0.79, 0.02)}
    wanted = [Expectation("a", "article", expected, Choice(limit=3), ahead=True, quick=True)]
    checked, fine, printed = check(wanted, tmp_path)
    assert fine
    assert printed == "sourcespan eval article --limit 3 --ahead\n  OK    f1 0.8000, expected 0.7900 ± 0.02\n"
    assert checked[0].figures["f1"] == Expected(0.8, 0.02)
    assert measured == [("article", 3, True)]


@pytest.mark.parametrize(("figure", "shown"), [("f1", "f1 0.8000"), ("auroc", "auroc nothing")])
def test_a_figure_out_of_its_tolerance_fails(
    measured: list[tuple[str, int | None, bool]], tmp_path: Path, figure: str, shown: str
) -> None:
    wanted = [Expectation("a", "article", {figure: Expected(0.7, 0.02)}, quick=True)]
    _, fine, printed = check(wanted, tmp_path)
    assert not fine
    assert f"  FAIL  {shown}, expected 0.7000 ± 0.02" in printed
    assert measured


def test_a_file_that_is_not_there_is_no_success(measured: list[tuple[str, int | None, bool]], tmp_path: Path) -> None:
    wanted = [Expectation("a", "dev.json.gz", {"f1": Expected(0.8, 0.1)})]
    assert check(wanted, tmp_path)[1:] == (
        False,
        f"sourcespan eval dev.json.gz\n  FAIL  dev.json.gz is not in {tmp_path}: say with --data where it is\n",
    )
    assert check(wanted, tmp_path, quick=True)[:2] == (wanted, True)
    assert not measured
    (tmp_path / "dev.json.gz").touch()
    assert check(wanted, tmp_path)[1]
    assert measured == [(str(tmp_path / "dev.json.gz"), None, False)]


def test_ours_are_well_formed_and_survive_being_written(tmp_path: Path) -> None:
    ours = read_expectations(EXPECTATIONS)
    assert any(expectation.quick for expectation in ours)
    for expectation in ours:
        assert expectation.figures.keys() <= KNOWN
        assert all(expected.tolerance > 0 for expected in expectation.figures.values())
    write_expectations(tmp_path / "e.json", ours)
    assert (tmp_path / "e.json").read_text() == EXPECTATIONS.read_text()
    commands = [expectation.command for expectation in ours]
    assert "sourcespan eval eval/squad11_dev.json.gz --open --absent 0.2 --limit 3000 --ahead" in commands
    assert "sourcespan eval eval/squad11_dev.json.gz --retrieval --limit 1000" in commands


@pytest.mark.parametrize(
    "wrong", [{}, {"arguments": []}, {"choice": {"hole": True}}, {"figures": {"f1": {"value": 1}}}]
)
def test_what_is_no_expectation_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    fine = {"name": "x", "target": "article", "figures": {}} if wrong else {}
    (tmp_path / "e.json").write_text(json.dumps([fine | wrong]))
    with pytest.raises(MalformedFile, match=r"e\.json"):
        read_expectations(tmp_path / "e.json")


@pytest.mark.model
def test_the_quick_ones_still_hold(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "sourcespan"), "eval", "check", "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK" in done.stdout
