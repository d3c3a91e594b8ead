"""The filter language: JSON conditions on documents → a condition of SQL, which the catalogue applies.

    {"collections": ["reports"], "type": "pdf", "metadata": {"year": {"$gte": 2020}}}

`docs/filters.md` describes it. All values are parameters; names of fields come from a fixed list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from unicodedata import normalize

from index.documents import unstorable
from index.errors import InvalidFilter
from index.store.databases.connection import listed
from index.store.names import Within, composed

MOST_CONDITIONS, MOST_DEPTH, MOST_VALUES = 100, 8, 1_000
"""Of one filter: fields and operators; how deep it is nested; and values, of all lists together."""

_LONGEST_TEXT = 1_000
_LARGEST_INTEGER = 2**63 - 1
_COMPARED = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
CHANGED = "coalesce(nullif(d.changed_at, ''), d.created_at)"
"""When a document of the table ``d`` was given the text that it has."""
_DATES = {
    "added": "d.created_at {compared} ?",
    # found in the index, for the column stands behind the text
    "changed": f"d.id IN (SELECT d.id FROM documents AS d WHERE {CHANGED} {{compared}} ?)",  # noqa: S608
}
_IN_COLLECTION = (
    "d.id IN (SELECT document_id FROM document_collections WHERE collection IN (SELECT value FROM json_each(?)))"
)
_NOWHERE_ELSE = (
    "NOT EXISTS (SELECT 1 FROM document_collections AS c WHERE c.document_id = d.id "
    "AND c.collection NOT IN (SELECT value FROM json_each(?)))"
)
_OF_TYPE = "d.kind IN (SELECT value FROM json_each(?))"
_FROM_SOURCE = (
    "EXISTS (SELECT 1 FROM document_sources AS s, json_each(?) AS g "
    "WHERE s.document_id = d.id AND glob(g.value, s.source))"
)
_ENTRIES = "json_each(CASE WHEN json_valid(d.metadata) THEN d.metadata ELSE '{}' END)"
_HAS_KEY = f"EXISTS (SELECT 1 FROM {_ENTRIES} AS f WHERE f.key = ?)"  # noqa: S608
# a list counts as each of its values
_METADATA = (
    "EXISTS (SELECT 1 FROM entries AS f WHERE f.key = ? AND ((f.type <> 'array' AND {scalar}) OR "
    "EXISTS (SELECT 1 FROM json_each(CASE f.type WHEN 'array' THEN f.value ELSE '[]' END) AS v WHERE {element})))"
)
# values of one kind are compared: a number is never like a text; to PostgreSQL an atom is a number
_TEXT, _NUMBER = "'text'", "'integer', 'real'"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row of the table ``documents AS d`` must be: SQL with question marks, and what stands in their places."""

    sql: str
    values: tuple[object, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"({self.sql}) AND ({other.sql})", self.values + other.values)


EVERYTHING = Condition("TRUE")


def compiled(filter: Mapping[str, Any], within: Within = None) -> Condition:  # noqa: A002
    """The condition that a filter means to somebody. Raises InvalidFilter, which says where the fault is."""
    return _Compiler(within).all_of(filter, "", 1)


class _Compiler:
    """Counts what one filter holds."""

    def __init__(self, within: Within) -> None:
        self._within = within
        self._conditions = 0
        self._values = 0
        self._fields: Mapping[str, Callable[[object, str, int], Condition]] = {
            "$and": lambda given, place, depth: _joined("AND", self._several(given, place, depth)),
            "$or": lambda given, place, depth: _joined("OR", self._several(given, place, depth)),
            "$not": lambda given, place, depth: _negated(self.all_of(given, place, depth + 1)),
            "collections": lambda given, place, _: in_collections(self._names(given, place)),
            "type": lambda given, place, _: _of_types(self._texts(given, place)),
            "source": lambda given, place, _: self._source(given, place),
            "added": lambda given, place, _: _joined("AND", self._dates("added", given, place)),
            "changed": lambda given, place, _: _joined("AND", self._dates("changed", given, place)),
            "metadata": lambda given, place, _: _joined("AND", self._metadata(given, place)),
        }

    def all_of(self, given: object, place: str, depth: int) -> Condition:
        """Every field of an object must hold."""
        if depth > MOST_DEPTH:
            raise InvalidFilter(place, f"is nested more than {MOST_DEPTH} deep")
        parts = []
        for name, wanted in _entries(given, place):
            inside = _in(place, name)
            if name not in self._fields:
                raise InvalidFilter(inside, f"is no field; there are {', '.join(self._fields)}")
            self._count(inside)
            parts.append(self._fields[name](wanted, inside, depth))
        return _joined("AND", parts)

    def _several(self, given: object, place: str, depth: int) -> list[Condition]:
        if not isinstance(given, list) or not given:
            raise InvalidFilter(place, "must be a list of conditions, not an empty one")
        return [self.all_of(each, _in(place, str(number)), depth + 1) for number, each in enumerate(given)]

    def _names(self, given: object, place: str) -> list[str]:
        names = [composed(name) for name in self._texts(given, place)]
        return names if self._within is None else [name for name in names if name in self._within]

    def _source(self, given: object, place: str) -> Condition:
        # in SQLite [ opens a set of characters; here only * and ? mean others
        patterns = [glob.replace("[", "[[]") for glob in self._texts(given, place)]
        # names of files are kept as they are: macOS has them decomposed
        spelt = {normalize(form, glob) for glob in patterns for form in ("NFC", "NFD")} | {*patterns}
        return Condition(_FROM_SOURCE, (listed(sorted(spelt)),))

    def _dates(self, field: str, given: object, place: str) -> Iterator[Condition]:
        for operator, date in _entries(given, place):
            inside = _in(place, operator)
            if operator not in _COMPARED:
                raise InvalidFilter(inside, f"is no comparison of dates; there are {', '.join(_COMPARED)}")
            self._count(inside)
            # a day is all of it: up to it and after it both mean its end
            moment = _moment(date, inside, end_of_day=operator in ("$gt", "$lte"))
            compared = {"$gt": ">=", "$lte": "<"}.get(operator) if _is_day(date) else None
            yield Condition(_DATES[field].format(compared=compared or _COMPARED[operator]), (moment,))

    def _metadata(self, given: object, place: str) -> Iterator[Condition]:
        for key, wanted in _entries(given, place):
            inside = _in(place, key)
            self._count(inside)
            tests = wanted if isinstance(wanted, dict) else {"$in" if isinstance(wanted, list) else "$eq": wanted}
            for operator, value in _entries(tests, inside):
                self._count(inside)
                yield self._entry(key, operator, value, _in(inside, operator))

    def _entry(self, key: str, operator: str, value: object, place: str) -> Condition:
        if operator == "$exists":
            if not isinstance(value, bool):
                raise InvalidFilter(place, "must be true or false")
            there = Condition(_HAS_KEY, (key,))
            return there if value else _negated(there)
        if operator in ("$in", "$nin", "$eq", "$ne"):
            values = value if operator in ("$in", "$nin") else [value]
            if not isinstance(values, list) or not values:
                raise InvalidFilter(place, "must be a list of values, not an empty one")
            self._count_values(len(values), place)
            found = _has_one_of(key, values, place)
            return _negated(found) if operator in ("$nin", "$ne") else found
        if operator not in _COMPARED:
            known = ("$eq", "$ne", *_COMPARED, "$in", "$nin", "$exists")
            raise InvalidFilter(place, f"is no comparison; there are {', '.join(known)}")
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InvalidFilter(place, "must be a number or a text")
        kinds = _TEXT if isinstance(_plain(value, place), str) else _NUMBER
        column = "value" if kinds == _TEXT else "atom"
        # by way of JSON, so that a number is read as those of the catalogue are
        given = f"(SELECT {column} FROM json_each(?))"  # noqa: S608
        test = f"{{each}}.type IN ({kinds}) AND {{each}}.{column} {_COMPARED[operator]} {given}"
        return _has(key, test, (listed([value]),))

    def _texts(self, given: object, place: str) -> list[str]:
        """One text, or a list of some."""
        texts = given if isinstance(given, list) else [given]
        if not texts:
            raise InvalidFilter(place, "must not be an empty list")
        self._count_values(len(texts), place)
        return [_text(each, place if texts is not given else _in(place, str(n))) for n, each in enumerate(texts)]

    def _count(self, place: str) -> None:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise InvalidFilter(place, f"is more than {MOST_CONDITIONS} conditions")

    def _count_values(self, more: int, place: str) -> None:
        self._values += more
        if self._values > MOST_VALUES:
            raise InvalidFilter(place, f"is more than {MOST_VALUES:,} values")


def in_collections(names: Iterable[str]) -> Condition:
    """That a document is in one of these collections."""
    return Condition(_IN_COLLECTION, (listed(sorted(names)),))


def _of_types(types: Sequence[str]) -> Condition:
    return Condition(_OF_TYPE, (listed([each.lower().removeprefix(".") for each in types]),))


def _has(key: str, test: str, values: tuple[object, ...]) -> Condition:
    """That an entry of the metadata, or what is in it, passes the test, in which it is called ``{each}``."""
    sql = _METADATA.format(scalar=test.format(each="f"), element=test.format(each="v"))
    return Condition(sql.replace("entries", _ENTRIES, 1), (key, *values, *values))


def _has_one_of(key: str, values: Sequence[object], place: str) -> Condition:
    plain = [_plain(value, place) for value in values]
    texts = [value for value in plain if isinstance(value, str)]
    numbers = [value for value in plain if isinstance(value, int | float) and not isinstance(value, bool)]
    # true, false and null are kinds of their own
    kinds = [json.dumps(value) for value in plain if value is None or isinstance(value, bool)]
    among, among_numbers = "IN (SELECT value FROM json_each(?))", "IN (SELECT atom FROM json_each(?))"
    test = (
        f"({{each}}.type = {_TEXT} AND {{each}}.value {among} "
        f"OR {{each}}.type IN ({_NUMBER}) AND {{each}}.atom {among_numbers} OR {{each}}.type {among})"
    )
    return _has(key, test, (listed(texts), listed(numbers), listed(kinds)))


def _plain(value: object, place: str) -> str | bool | int | float | None:
    if isinstance(value, str):
        return _text(value, place) if value else value
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _LARGEST_INTEGER):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise InvalidFilter(place, "must be text, a 64-bit integer, a finite number, true, false or null")


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TEXT or unstorable(value) is not None:
        raise InvalidFilter(place, f"must be a text of 1 to {_LONGEST_TEXT:,} characters")
    return value


def _entries(given: object, place: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(given, Mapping) or not given:
        raise InvalidFilter(place, "must be an object with at least one field")
    for name, value in given.items():
        yield _text(name, place), value


def _joined(word: str, conditions: Iterable[Condition]) -> Condition:
    conditions = list(conditions)
    sql = f" {word} ".join(f"({each.sql})" for each in conditions)
    return Condition(sql, tuple(value for each in conditions for value in each.values))


def _negated(condition: Condition) -> Condition:
    return Condition(f"NOT ({condition.sql})", condition.values)


def _is_day(date: object) -> bool:
    # between day and time ISO 8601 has a T, and Python takes any character
    return isinstance(date, str) and len(date) <= len("2024-05-31") and not {"T", "t", " "} & set(date)


def _moment(given: object, place: str, *, end_of_day: bool) -> str:
    """As the catalogue writes moments: in UTC, so that texts compare as moments do."""
    try:
        moment = datetime.fromisoformat(_text(given, place))
        if end_of_day and _is_day(given):
            moment += timedelta(days=1)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        raise InvalidFilter(place, "must be a date or a moment as ISO 8601 has it: 2024-05-31") from error


def _in(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def visible(within: Within) -> Condition:
    """That somebody may know of a document: it is in one of the collections."""
    return EVERYTHING if within is None else in_collections(within)


def owned(within: Within) -> Condition:
    """That a document is in these collections alone: nobody else sees what becomes of it."""
    return EVERYTHING if within is None else in_collections(within) & Condition(_NOWHERE_ELSE, (listed([*within]),))
