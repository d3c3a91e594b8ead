"""Which commit is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path


def code_commit(root: Path) -> str:
    """The commit checked out at ``root``; ``unknown`` where there is no git, or ``root`` is not the top of its tree."""
    command = ["git", "-C", str(root), "rev-parse", "--show-prefix", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (ours)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    below, commit = done.stdout.splitlines()
    return "unknown" if below else commit
