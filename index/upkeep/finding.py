"""What the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TOLD_AT_MOST = 3

Severity = Literal["fine", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in plain words."""

    check: str
    severity: Severity
    says: str
    mend: str = ""
    """What to do about it; empty where all is well."""


def some(problems: list[str]) -> str:
    """The first of the problems, and how many more there are."""
    more = len(problems) - TOLD_AT_MOST
    return "; ".join(problems[:TOLD_AT_MOST]) + (f"; and {more:,} more" if more > 0 else "")
