"""The README cannot drift from the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from api.schemas import AskResponse
from api.settings import Settings
from eval.datasets import ARTICLE

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    default = str(field.default) or "(empty)"
    assert f"| `SOURCESPAN_{name.upper()}` | `{default}` | {field.description} |" in README


def test_the_printed_answer_is_one_of_the_contract_and_of_the_article() -> None:
    (printed,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    response = AskResponse.model_validate(json.loads(printed))
    (answer,) = response.answers
    assert ARTICLE.read_text(encoding="utf-8")[answer.span.start : answer.span.end] == answer.text


def test_the_files_that_are_linked_are_there() -> None:
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (Path(__file__).parents[2] / path).exists(), path
