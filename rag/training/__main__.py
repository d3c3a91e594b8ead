"""``python -m rag.training``."""

from __future__ import annotations

from index.upkeep.terminal import escape_streams
from rag.training.commands import app

if __name__ == "__main__":
    escape_streams()
    app(prog_name="python -m rag.training")
