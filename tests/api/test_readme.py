"""The README cannot drift from the program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from api.wire.schemas import AskResponse
from eval.suites.datasets import ARTICLE
from index.parsing import parse_file

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def check_part(model: type[BaseModel], part: dict[str, Any]) -> None:
    """Fails where a part of a response has a field that the contract has not, or a value that it does not allow."""
    for name, value in part.items():
        annotation: Any = model.model_fields[name].annotation
        of_list = get_args(annotation)[:1]
        if isinstance(value, dict):
            assert isinstance(annotation, type)
            assert issubclass(annotation, BaseModel)
            check_part(annotation, value)
        elif isinstance(value, list) and of_list and issubclass(of_list[0], BaseModel):
            for one in value:
                check_part(of_list[0], one)
        else:
            TypeAdapter(annotation).validate_python(value)


def test_the_printed_answer_is_part_of_the_contract_and_of_the_article() -> None:
    (printed,) = blocks("json")
    response = json.loads(printed)
    check_part(AskResponse, response)
    (answer,) = response["answers"]
    # as it is stored, without Markdown's marks: that is what a span counts
    article = parse_file(ARTICLE)
    stored = article.text
    assert stored[answer["span"]["start"] : answer["span"]["end"]] == answer["text"]
    assert answer["sentence"]["text"] in stored
    assert answer["document"]["source"] == ARTICLE.name
    assert answer["document"]["title"] == article.title


@pytest.mark.model
def test_the_python_example_runs_and_answers(tmp_path: Path) -> None:
    (example,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    text, confidence, *place = done.stdout.split()
    assert (text, place) == ("07:30", ["Timetable", "28", "33"])
    assert float(confidence) > 0.5


def test_it_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150
