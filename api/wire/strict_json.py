"""JSON bodies, read strictly: UTF-8, each key once, no numbers that JSON does not have."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from index.errors.shown import shown


class MalformedJson(ValueError):
    """A body that is not JSON, or not JSON with one meaning. Its message says why."""


def parse_json(data: bytes) -> Any:  # noqa: ANN401
    """The value that ``data`` holds. Raises MalformedJson."""
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except MalformedJson:
        raise
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at character {error.pos:,}") from error
    except UnicodeDecodeError as error:
        raise MalformedJson(f"not UTF-8 at byte {error.start:,}") from error
    except RecursionError as error:
        raise MalformedJson("nested too deeply") from error
    except ValueError as error:
        raise MalformedJson("an integer has too many digits") from error


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        seen: set[str] = set()
        twice = next(key for key, _ in members if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedJson(f"the key '{shown(twice)}' stands more than once in an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is no number")
