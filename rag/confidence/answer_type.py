"""Which kind of answer a question wants, and whether a text looks like one: a name, a time, a number, a clause.

Rules over a few words of English. A question that they know nothing of wants no kind, and every text fits it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Kind = Literal["name", "time", "number", "clause"]

_COUNTED = (
    "number|amount|total|price|cost|fee|rate|percentage|percent|share|size|weight|height|length|depth|width|age|population"
    "|temperature|speed|distance|salary|rent|premium|fine|limit|maximum|minimum|average|sum|balance"
)
_MEASURES = "many|much|long|old|tall|high|deep|far|fast|large|big|wide|heavy|often|hot|cold|thick|likely"
_OF_TIME = "year|date|day|month|century|decade|weekday|time"
_NAMED = "person|company|firm|city|town|country|place"
# in this order: "how long ago" wants a time, "how long" a number, "how" a clause
_RULES: tuple[tuple[Kind, str], ...] = (
    ("time", rf"^(?:\w+ )?when\b|\b(?:how long ago|(?:what|which) (?:{_OF_TIME})\b)"),
    ("time", r"\b(?:since|until|till) (?:when|what|which)\b"),
    ("time", r"\b(?:deadline|due date|date of|year of|born on|opening hours)\b"),
    ("number", rf"\bhow (?:{_MEASURES})\b"),
    (
        "number",
        rf"\b(?:what|which) (?:(?:is|was|are|were) )?(?:(?:the|its|their|his|her) )?(?:\w+ ){{0,2}}(?:{_COUNTED})\b",
    ),
    ("name", r"\b(?:who(?! can| may| must| pays)|whom|whose|name (?:the|of)|what (?:is|was) the name)\b"),
    ("name", rf"\b(?:what|which) (?:{_NAMED})\b|^(?:\w+ )?where (?:is|was|are|were|did|does|do)\b"),
    ("clause", r"\b(?:why|what happens|what (?:do|must|should) (?:i|you|we)|for what reason)\b"),
    ("clause", r"\bhow (?:do|does|did|can|could|should|must|is|are|was|were|to)\b"),
    ("clause", r"\bwhat (?:does .* mean|is meant by|(?:is|was) the (?:reason|purpose))\b"),
)
_WANTED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _RULES)
_MONTH_OR_DAY = (
    r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:[a-z]*)|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|today|yesterday|tomorrow|noon|midnight|morning|evening|night|week|month|year|day|hour|winter|spring|summer|autumn|daily"
)
_TIME = re.compile(rf"\d|\b(?:{_MONTH_OR_DAY})s?\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|half|third|quarter|twice|once|"
    r"(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|"
    r"millions?|billions?|none|no|every|several|few|many)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:^|[\s(\"'“])[^\W\d_a-zß-öø-ÿ]")
_CLAUSE_WORDS = 3


@lru_cache(maxsize=256)
def wanted_kind(question: str) -> Kind | None:
    """The kind of answer that ``question`` wants; None where the rules don't say."""
    return next((kind for kind, pattern in _WANTED if pattern.search(question)), None)


def fits(text: str, kind: Kind | None) -> float:
    """1 where ``text`` looks like an answer of this kind, -1 where it doesn't, 0 where no kind is wanted."""
    if kind is None:
        return 0.0
    if kind == "clause":
        return 1.0 if len(text.split()) >= _CLAUSE_WORDS else -1.0
    pattern = {"time": _TIME, "number": _NUMBER, "name": _NAME}[kind]
    return 1.0 if pattern.search(text) else -1.0
