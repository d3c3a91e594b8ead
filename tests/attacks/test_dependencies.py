"""Known vulnerabilities of what we build on fail the check, unless somebody wrote down why they do not concern us."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FOUND = {
    "name": "left-pad",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1", "GHSA-1"], "fix_versions": ["1.1"], "description": "bad"}],
}
FINE = {"name": "fine", "version": "2", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1)"}


def audit(tmp_path: Path, dependencies: list[object], allowed: str = "") -> tuple[int, str]:
    report, exceptions = tmp_path / "report.json", tmp_path / "allowed.toml"
    report.write_text(json.dumps({"dependencies": dependencies, "fixes": []}))
    exceptions.write_text(allowed)
    command = [sys.executable, "deploy/dependencies.py", "audit", "--report", str(report), "--allowed", str(exceptions)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def entry(name: str) -> str:
    return f'[[allowed]]\nid = "{name}"\ndate = 2026-11-29\nreason = "never called"\n'


def test_a_known_vulnerability_fails(tmp_path: Path) -> None:
    code, told = audit(tmp_path, [FINE, FOUND, UNKNOWN])
    assert code == 1
    assert "VULNERABLE  left-pad: PYSEC-1, mended in 1.1" in told
    assert "NOT AUDITED: unknown" in told


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-2026-1", "GHSA-1"])
def test_one_that_is_allowed_passes_with_date_and_reason(tmp_path: Path, name: str) -> None:
    code, told = audit(tmp_path, [FINE, FOUND], entry(name))
    assert code == 0
    assert "never called (2026-11-29)" in told
    code, told = audit(tmp_path, [FINE], entry(name))
    assert code == 0
    assert f"NEEDLESS  {name}" in told


def test_where_the_data_cannot_be_reached_that_is_said(tmp_path: Path) -> None:
    for dependencies in ([], [UNKNOWN]):
        code, told = audit(tmp_path, [*dependencies])
        assert code == 0
        assert told.startswith("NOT AUDITED: the vulnerability data cannot be reached")


def test_the_list_names_every_package_at_its_version() -> None:
    text = (TOP / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert re.search(r"^As of \d{4}-\d\d-\d\d:", text, re.MULTILINE)
    listed = {(name, version) for name, version in re.findall(r"^\| ([\w-]+) \| (\S+) \|", text, re.MULTILINE)}
    lines = (TOP / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {tuple(line.split("==")) for line in lines if "==" in line}
    expected = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in pinned}
    assert listed - {("package", "version")} == expected, "make dependencies"


def test_the_bill_of_materials_is_one_command(tmp_path: Path) -> None:
    makefile = (TOP / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    command = re.search(r"^sbom:.*\n\t\$\(BIN\)/(\S+)\s+(.*)", makefile, re.MULTILINE)
    assert command is not None
    out = tmp_path / "bill.json"
    # validating takes most of a minute
    other = {"sourcespan.cdx.json": str(out), "--validate": "--no-validate", ".venv": sys.prefix}
    assert set(other) <= set(command[2].split())
    arguments = [other.get(word, word) for word in command[2].split()]
    program = Path(sys.executable).with_name(command[1])
    done = subprocess.run([program, *arguments], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    bill = json.loads(out.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert {"fastapi", "lxml", "numpy"} <= {component["name"] for component in bill["components"]}
