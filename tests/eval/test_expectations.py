"""The published figures are run again."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval import expectations
from eval.expectations import EXPECTATIONS, Expectation, Expected, check_all, read_expectations, write_expectations
from eval.metrics import MEASURES
from eval.retrieval import ARMS, SCORES
from index.errors import MalformedFile
from index.terminal import Console

KNOWN = {m.name for m in MEASURES} | {f"{arm}.{score}" for arm in ARMS for score in SCORES}


def check(wanted: list[Expectation], data: Path, *, quick: bool = False) -> tuple[list[Expectation], bool, str]:
    console = Console(file=io.StringIO(), width=200)
    found, fine = check_all(wanted, data, quick=quick, console=console)
    assert isinstance(console.file, io.StringIO)
    return found, fine, console.file.getvalue()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be run; each run measures an F1 of 0.8."""
    commands: list[list[str]] = []

    def stand_in(arguments: list[str]) -> dict[str, float | None]:
        commands.append(arguments)
        return {"f1": 0.8, "auroc": None}

    monkeypatch.setattr(expectations, "_measured", stand_in)
    return commands


def test_a_figure_within_its_tolerance_is_ok(measured: list[list[str]], tmp_path: Path) -> None:
    wanted = [Expectation("a", ("article", "--limit", "3"), {"f1": Expected(0.79, 0.02)}, quick=True)]
    found, fine, said = check(wanted, tmp_path)
    assert fine
    assert said == "sourcespan eval article --limit 3\n  OK    f1 0.8000, expected 0.7900 ± 0.02\n"
    assert found[0].figures["f1"] == Expected(0.8, 0.02)
    assert measured == [["article", "--limit", "3"]]


@pytest.mark.parametrize("figure", ["f1", "auroc"])
def test_a_figure_out_of_its_tolerance_fails(measured: list[list[str]], tmp_path: Path, figure: str) -> None:
    _, fine, said = check([Expectation("a", ("article",), {figure: Expected(0.7, 0.02)}, quick=True)], tmp_path)
    assert not fine
    assert "FAIL" in said
    assert measured


def test_a_command_whose_file_is_not_there_is_no_success(measured: list[list[str]], tmp_path: Path) -> None:
    wanted = [Expectation("a", ("dev.json.gz",), {"f1": Expected(0.8, 0.1)})]
    assert check(wanted, tmp_path)[1:] == (
        False,
        f"sourcespan eval dev.json.gz\n  FAIL  dev.json.gz is not in {tmp_path}: say with --data where it is\n",
    )
    assert check(wanted, tmp_path, quick=True)[:2] == (wanted, True)
    assert not measured
    (tmp_path / "dev.json.gz").touch()
    assert check(wanted, tmp_path)[1]
    assert measured == [[str(tmp_path / "dev.json.gz")]]


def test_ours_are_well_formed_and_survive_being_written(tmp_path: Path) -> None:
    ours = read_expectations(EXPECTATIONS)
    assert any(expectation.quick for expectation in ours)
    for expectation in ours:
        assert expectation.figures.keys() <= KNOWN
        assert all(expected.tolerance > 0 for expected in expectation.figures.values())
    write_expectations(tmp_path / "e.json", ours)
    assert (tmp_path / "e.json").read_text() == EXPECTATIONS.read_text()
    (tmp_path / "e.json").write_text(json.dumps([{"name": "x"}]))
    with pytest.raises(MalformedFile):
        read_expectations(tmp_path / "e.json")


@pytest.mark.model
def test_the_quick_ones_still_hold(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "sourcespan"), "eval", "check", "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK" in done.stdout
