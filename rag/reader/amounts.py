"""Answers that are a part of what the text says: of a date the year, of an amount the number alone.

All ranges are half-open characters of the text that is given.
"""

from __future__ import annotations

import re

from rag.answers import Span

_AROUND = 40
"""Characters before and after an answer in which the other parts of its date stand."""
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"\b(?:{_DAY}\s(?:of\s)?{_MONTH}|{_MONTH}(?:\s{_DAY}(?!\d))?)(?:,?\s(?:of\s)?\d{{4}})?\b", re.IGNORECASE
)
_ASKS_WHEN = re.compile(r"\W*(?:and\s|so\s|but\s)?when\b", re.IGNORECASE)
_ASKED_IN = re.compile(
    r"\bhow\s+many\s+(?:more\s|full\s|whole\s)?"
    r"(seconds?|minutes?|hours?|days?|weeks?|months?|years?|km|kilomet(?:er|re)s?|met(?:er|re)s?|miles?|feet|inches|"
    r"acres?|hectares?|grams?|kg|kilograms?|kilos?|tons?|tonnes?|pounds?|lit(?:er|re)s?|gallons?|degrees?)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:\d[\d.,]*|(?:[a-z]+-)?(?:two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty))", re.I)


def whole_amount(question: str, text: str, answer: Span) -> Span:
    """The date that ``answer`` is a part of, if ``question`` asks when; its number with the unit, if that is asked for.

    Any other answer is returned as it is.
    """
    if _ASKS_WHEN.match(question):
        return _whole_date(text, answer)
    asked_in = _ASKED_IN.search(question)
    if asked_in is not None and _NUMBER.fullmatch(answer.of(text)):
        unit = re.escape(asked_in[1].rstrip("sS"))
        if follows := re.compile(rf"\s{unit}s?\b", re.IGNORECASE).match(text, answer.end):
            return Span(answer.start, follows.end())
    return answer


def _whole_date(text: str, answer: Span) -> Span:
    for date in _DATE.finditer(text, max(0, answer.start - _AROUND), answer.end + _AROUND):
        if date.start() <= answer.start and answer.end <= date.end():
            return Span(*date.span())
    return answer
