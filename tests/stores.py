"""For suites that hold over both stores: whatever is asked of a folder is asked of a PostgreSQL too."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "postgres"], name="database")
def over_both(request: pytest.FixtureRequest) -> str:
    """Where documents are kept: nothing for the folder, else the address of an empty database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres").new_database())
