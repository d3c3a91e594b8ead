"""Which commit is checked out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def code_commit(root: Path) -> str | None:
    """The commit checked out at ``root``, read from .git itself, as there may be no git; None outside a repository."""
    try:
        git = root / ".git"
        if git.is_file():  # a worktree
            git = root / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        common = git / "commondir"
        shared = git / common.read_text(encoding="utf-8").strip() if common.exists() else git
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (shared / name).exists():
            return (shared / name).read_text(encoding="utf-8").strip()
        return _packed(shared / "packed-refs", name)
    except (OSError, UnicodeDecodeError):
        return None


def _packed(path: Path, name: str) -> str | None:
    lines: Sequence[str] = path.read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
