"""What this project is built on: known vulnerabilities (``audit``) and a dated list (``list``)."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[1]
CONSTRAINTS, PROJECT = TOP / "constraints.txt", TOP / "pyproject.toml"
LIST, ALLOWED = TOP / "docs" / "dependencies.md", TOP / "deploy" / "audit-allowed.toml"

_AUDIT_SECONDS = 300
_LONGEST_LICENCE = 120
_COMMAND = ["--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json"]


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One that is known of a package; an advisory has several ids."""

    package: str
    ids: tuple[str, ...]
    mended_in: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.package}: {self.ids[0]}, mended in {', '.join(self.mended_in) or 'no version yet'}"


def main() -> int:
    """Runs the command and gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    audit = commands.add_parser("audit", help="look for known vulnerabilities; exit code 1: one that is not allowed")
    audit.add_argument("--report", type=Path, help="what pip-audit found, as JSON, instead of asking it")
    audit.add_argument("--allowed", type=Path, default=ALLOWED, help="those that are known not to concern us")
    commands.add_parser("list", help=f"write {LIST.relative_to(TOP)} anew")
    chosen = parser.parse_args()
    if chosen.command == "list":
        LIST.write_text(_table(), encoding="utf-8")
        return 0
    report = json.loads(chosen.report.read_text(encoding="utf-8")) if chosen.report else _asked()
    return _judged(report, tomllib.loads(chosen.allowed.read_text(encoding="utf-8")).get("allowed", []))


def _asked() -> Mapping[str, Any] | None:
    """What pip-audit says; None where it could not find out."""
    command = [sys.executable, "-m", "pip_audit", *_COMMAND, "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_AUDIT_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None
    try:
        report: Mapping[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.stderr.write(done.stderr[-1_000:])
        return None
    return report


def _judged(report: Mapping[str, Any] | None, allowed: Sequence[Mapping[str, Any]]) -> int:
    packages = report["dependencies"] if report is not None else []
    # a service that cannot be reached, or has no such data, knows no package
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        print(f"NOT AUDITED: the vulnerability data cannot be reached from here; {LIST.name} is the list to go by")
        return 0
    known = [
        Vulnerability(package["name"], (one["id"], *one.get("aliases", ())), tuple(one.get("fix_versions", ())))
        for package in packages
        for one in package.get("vulns", ())
    ]
    reasons = {str(one["id"]): f"{one['reason']} ({one['date']})" for one in allowed}
    refused = [one for one in known if not set(one.ids) & set(reasons)]
    for vulnerability in known:
        why = next((reasons[name] for name in vulnerability.ids if name in reasons), None)
        print(f"{'ALLOWED' if why else 'VULNERABLE'}  {vulnerability}{f': {why}' if why else ''}")
    for needless in set(reasons) - {name for one in known for name in one.ids}:
        print(f"NEEDLESS  {needless} is allowed, but found no more: take it out of the list")
    if skipped:
        print(f"NOT AUDITED: {', '.join(skipped)}")
    print(f"{len(packages) - len(skipped)} packages audited, {len(refused)} vulnerabilities that are not allowed")
    return 1 if refused else 0


def _table() -> str:
    pinned = _pinned()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    wanted, brought_by = _wanted(), _brought_by(pinned)
    rows = [
        f"| {name} | {version} | {_licence(name)} | {wanted.get(name) or _for(brought_by.get(name, []))} |"
        for name, version in pinned.items()
    ]
    return "\n".join(
        [
            "# Dependencies",
            "",
            f"As of {today}: every package of `constraints.txt`, and the licence that it declares.",
            "`make dependencies` makes this list anew,",
            "`make audit` looks for known vulnerabilities, and `make sbom` writes a bill of materials (CycloneDX).",
            "",
            "| package | version | licence | why |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _pinned() -> dict[str, str]:
    """Version by name, both as `constraints.txt` has them."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return dict(sorted((str(canonicalize_name(name)), version) for name, version in pairs))


def _wanted() -> dict[str, str]:
    """What `pyproject.toml` says that its own dependencies are for."""
    wanted: dict[str, str] = {}
    for group, kind in ((r"\ndependencies", ""), (r"\ndev", "development: ")):
        block = re.search(rf"{group} = \[\n(.*?)\n\]", PROJECT.read_text(encoding="utf-8"), re.DOTALL)
        for requirement, why in re.findall(r'"([^"]+)",?(?:\s*#\s*(.*))?', block[1] if block else ""):
            name = str(canonicalize_name(Requirement(requirement).name))
            wanted.setdefault(name, kind + (why or "see its name"))
    return wanted


def _brought_by(names: Mapping[str, str]) -> dict[str, list[str]]:
    """Which of the packages want each of them."""
    wanting: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                wanting[str(canonicalize_name(needed.name))].append(name)
    return {name: sorted(set(others)) for name, others in wanting.items()}


def _for(others: Sequence[str]) -> str:
    return f"for {', '.join(others)}" if others else "for an extra that another package is asked for with"


def _licence(name: str) -> str:
    told = metadata.metadata(name)
    classifiers = [one.split(" :: ")[-1] for one in told.get_all("Classifier", []) if one.startswith("License ::")]
    declared = [*told.get_all("License-Expression", []), *told.get_all("License", [])]
    candidates = [*declared, ", ".join(classifiers)]
    for licence in candidates:
        if licence and licence != "UNKNOWN" and len(licence) <= _LONGEST_LICENCE and "\n" not in licence:
            return str(licence).replace("|", "/")
    return "see the package"


if __name__ == "__main__":
    sys.exit(main())
