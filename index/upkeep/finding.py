"""What the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fine", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in plain words."""

    check: str
    severity: Severity
    says: str
    mend: str = ""
    """What to do about it; empty where all is well."""
