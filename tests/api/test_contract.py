"""The OpenAPI document: committed, served and kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.keys import hash_of, new_key
from tests.attacks.fuzz import contract_of_names
from tests.conftest import Server

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"

KEY = new_key()

contract = schemathesis.openapi.from_dict(contract_of_names())


@pytest.fixture
def open_server(start_server: Callable[..., Server]) -> Server:
    """A server that takes any number of calls, of one key."""
    return start_server(rate_limit=0, api_keys=f"write:{hash_of(KEY)}")


@contract.parametrize()
@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_contract_is_kept(case: Case[Any], open_server: Server) -> None:
    """No 5xx, no status, media type or body that the contract does not have; wrong data is refused."""
    case.call_and_validate(
        timeout=60,  # seconds, on a machine that does much else
        base_url=open_server.url,
        headers={"Authorization": f"Bearer {KEY}"},
        excluded_checks=[positive_data_acceptance],
    )


def test_the_served_contract_is_the_committed_one(server: Server) -> None:
    served = httpx.get(f"{server.url}/openapi.json", timeout=60).json()
    assert served == json.loads(COMMITTED.read_text(encoding="utf-8")), "run `make openapi`"


def test_the_command_prints_the_committed_file(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "sourcespan"), "openapi"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert printed.stdout == COMMITTED.read_text(encoding="utf-8")
