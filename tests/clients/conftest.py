"""Programs of others run in an environment of their own, as their users run them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-clients" / "bin"

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program of `.venv-clients` in an empty folder, and gives what it prints. It must end well."""
    if not BIN.exists() and "CI" not in os.environ:
        pytest.skip("make .venv-clients/installed")

    def program(name: str, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HAYSTACK_TELEMETRY_ENABLED": "False"}
        done = subprocess.run(
            [BIN / name, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return program
