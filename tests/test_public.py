"""The package `sourcespan`: what it promises, and that importing it costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import sourcespan

ROOT = Path(__file__).parents[1]

# a library that is only needed to answer, or only to serve
HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "openvino",
    "faiss",
    "fastapi",
    "pydantic",
    "numpy",
    "haystack",
)


def run(program: str, *arguments: str) -> str:
    """What a program prints in a process of its own. It must end well."""
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert run(f"import sys, sourcespan; print([name for name in {HEAVY!r} if name in sys.modules])") == "[]"


def test_every_name_can_be_imported_by_its_star() -> None:
    assert run("from sourcespan import *; print(Sourcespan.__name__, Span(1, 2).end)") == "Sourcespan 2"


def test_the_names_are_sorted_and_are_what_is_listed() -> None:
    assert sourcespan.__all__ == sorted(set(sourcespan.__all__))
    assert dir(sourcespan) == sourcespan.__all__
    assert set(sourcespan._MODULE_OF) == set(sourcespan.__all__)


def test_a_name_that_is_not_public_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'PassageIndex'"):
        _ = sourcespan.PassageIndex


@pytest.mark.parametrize("name", sourcespan.__all__)
def test_every_name_is_documented_with_what_it_offers(name: str) -> None:
    thing = getattr(sourcespan, name)
    assert thing.__name__ == name
    offered = [member for key, member in vars(thing).items() if not key.startswith("_") and _is_written(member)]
    for written in (thing, *offered):
        words = inspect.getdoc(written) or ""
        # dataclasses write one themselves, which only repeats the names of the fields
        assert words, f"{name}: {written} has no docstring"
        assert not words.startswith(f"{name}("), f"{name} has no docstring"


@pytest.mark.parametrize("name", sourcespan.__all__)
def test_every_error_that_is_public_can_be_caught_by_its_root(name: str) -> None:
    thing = getattr(sourcespan, name)
    if issubclass(thing, Exception):
        assert issubclass(thing, sourcespan.SourcespanError)


@pytest.mark.parametrize("package", ["sourcespan", "rag", "index"])
def test_what_users_import_says_that_it_has_types(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def _is_written(member: object) -> bool:
    """Whether it is a function or a property that stands in a class."""
    return inspect.isfunction(member) or isinstance(member, (property, classmethod))
