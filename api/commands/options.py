"""What several commands take and how they end, and the settings that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Folder of the index.", show_default="SOURCESPAN_DATA, else data")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

NOT_FOUND, TO_MEND, FAILED, INTERRUPTED = 1, 1, 2, 130
"""Exit codes."""


def settings_with(**given: object) -> Settings:
    """The settings, with what the command line says on top."""
    return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
