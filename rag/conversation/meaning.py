"""What a question comes to after others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_READINGS = 4


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a question may mean after others."""

    readings: tuple[str, ...] = ()
    """Whole questions, the likeliest first; none where it stands by itself."""
    unclear: str = ""
    """A sentence that names the choice, where it takes more than the rules to choose."""


def any_of(choices: Sequence[str]) -> str:
    """The choices, in words."""
    return " or ".join(choices)
