"""The values of spreadsheet cells as the cells show them, by their number formats: 0.25 as "25%"."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

Value = str | int | float | bool | datetime | date | time | timedelta | None

_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no time zones
_LONGEST = timedelta(days=500_000)
_NOON = 12
_MAX_DECIMALS = 30
_MAX_DENOMINATOR = 4  # digits
_GENERAL_DIGITS = 11
# what a program shows by the language of its user; the ISO forms are read the same everywhere
_LOCAL_DATES = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd hh:mm"}
_LITERAL = r'"[^"]*"|\\.|_.|\*.|\[\$[^\]]*\]'
_SECTION_END = re.compile(rf"({_LITERAL}|\[[^\]]*\])|;", re.DOTALL)
_PART = re.compile(
    rf"(?P<literal>{_LITERAL})|\[[^\]]*\]|(?P<number>[#0?][#0?,. ]*(?:E[+-][#0?]+)?(?:/[#0?\d]+)?)|(?P<sign>.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"(?:\[[^\]<>=]*\])*\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_HOLDS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_DATE_PART = re.compile(
    rf"(?P<literal>{_LITERAL})|(?P<elapsed>\[(?:h+|m+|s+)\])|\[[^\]]*\]|(?P<half>AM/PM|A/P)|(?P<code>y+|m+|d+|h+|s+(?:\.0+)?)"
    r"|(?P<sign>.)",
    re.IGNORECASE | re.DOTALL,
)


def shown(value: Value, number_format: str) -> str:
    """What a cell with this value and format shows."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, number_format)
    return _date(value, number_format)


def _number(value: float, number_format: str) -> str:
    try:
        exact = Decimal(repr(value))
        sections = _sections(number_format)
        section, exact = _section_for(exact, sections)
        if not section or section.lower() == "general":
            return _general(exact)
        return _in_section(exact, section).strip()
    except (InvalidOperation, OverflowError, ValueError):  # infinite, or a format that is none
        return str(value)


def _general(value: Decimal) -> str:
    if value == 0:
        return "0"
    if abs(value) >= Decimal(10) ** _GENERAL_DIGITS or abs(value) < Decimal("1e-9"):
        text = f"{value:.5E}"
        mantissa, _, exponent = text.partition("E")
        return f"{mantissa.rstrip('0').rstrip('.')}E{int(exponent):+03}"
    decimals = max(_GENERAL_DIGITS - 1 - max(len(str(abs(int(value)))), 1), 0)
    text = f"{_rounded(value, decimals):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=1_000)
def _sections(number_format: str) -> tuple[str, ...]:
    sections, start = [], 0
    for end in _SECTION_END.finditer(number_format):
        if end.group(1) is None:
            sections.append(number_format[start : end.start()])
            start = end.end()
    return (*sections, number_format[start:])


def _section_for(value: Decimal, sections: tuple[str, ...]) -> tuple[str, Decimal]:
    """The part of a format that is for such a value, and the value that it writes: without a sign of its own."""
    conditions = [_CONDITION.match(section) for section in sections]
    if any(conditions):
        fits = (s for s, c in zip(sections, conditions, strict=True) if not c or _HOLDS[c[1]](value, Decimal(c[2])))
        return next(fits, sections[-1]), value
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


@dataclass(frozen=True, slots=True)
class _Places:
    """The digits of a format: "#,##0.00"."""

    pattern: str

    @property
    def decimals(self) -> int:
        """How many digits are shown after the point at most."""
        _, _, after = self.pattern.partition(".")
        return min(sum(c in "0#?" for c in after), _MAX_DECIMALS)

    @property
    def thousands(self) -> int:
        """By how many thousands the value is divided."""
        digits = self.pattern.partition(".")[0] if "." in self.pattern else self.pattern
        return len(self.pattern) - len(self.pattern.rstrip(",")) or len(digits) - len(digits.rstrip(","))

    def write(self, value: Decimal) -> str:
        """The digits of a value, which is not negative."""
        before, _, after = self.pattern.rstrip(", ").partition(".")
        text = f"{_rounded(value / 1000**self.thousands, self.decimals):f}"
        whole, _, decimals = text.partition(".")
        whole = whole.lstrip("0").rjust(before.count("0"), "0")
        if "," in before.rstrip(","):
            whole = _grouped(whole)
        least = sum(c == "0" for c in after)
        while len(decimals) > least and decimals.endswith("0"):
            decimals = decimals[:-1]
        return f"{whole}.{decimals}" if decimals or (after and "0" in after) else whole


def _grouped(whole: str) -> str:
    head = len(whole) % 3
    groups = [whole[:head]] * (head > 0) + [whole[i : i + 3] for i in range(head, len(whole), 3)]
    return ",".join(groups)


def _in_section(value: Decimal, section: str) -> str:
    sign, value = ("-", -value) if value < 0 else ("", value)
    parts = list(_PART.finditer(section))
    value *= 100 ** sum(part.group("sign") == "%" for part in parts)
    digits = iter(_in_groups(value, [pattern for part in parts if (pattern := part.group("number"))]))
    written: list[str] = []
    for part in parts:
        if part.group("number"):
            written.append(next(digits))
        elif part.group("sign") == "@":
            written.append(_general(value))
        elif literal := part.group("literal"):
            written.append(_literal(literal))
        elif part.group("sign"):
            written.append(part.group("sign"))
    text = "".join(written)
    return f"{sign}{text}" if any(c in "123456789" for c in text) or not sign else text


def _in_groups(value: Decimal, patterns: Sequence[str]) -> Iterator[str]:
    """The digits of a value for each of the patterns that literals keep apart: of a telephone number "###-####"."""
    *upper, last = patterns or [""]
    lowest, point, after = last.partition(".")
    if not upper or set("".join(upper) + lowest) - set("#0?, "):
        yield from [_digits(value, pattern) for pattern in patterns[:1]] + list(patterns[1:])
        return
    places = "".join(c for c in "".join((*upper, lowest)) if c in "#0?")
    least = "0" * (len(places) - places.index("0")) if "0" in places else "#"
    whole, _, decimals = _digits(value, least + point + after).partition(".")
    groups: list[str] = []
    for pattern in reversed((*upper[1:], lowest)):
        end = max(len(whole) - _width(pattern), 0)
        groups.append(whole[end:])
        whole = whole[:end]
    groups[0] += f".{decimals}" if decimals else ""
    yield from (whole, *reversed(groups))


def _width(pattern: str) -> int:
    return sum(c in "#0?" for c in pattern)


def _digits(value: Decimal, pattern: str) -> str:
    if "E" in pattern:
        return _scientific(value, pattern)
    if "/" in pattern:
        return _fraction(value, pattern)
    spaces = pattern[len(pattern.rstrip(" ")) :]
    return _Places(pattern.rstrip(" ")).write(value) + spaces


def _scientific(value: Decimal, pattern: str) -> str:
    mantissa, _, exponent = pattern.partition("E")
    power = value.adjusted() if value else 0
    digits = _Places(mantissa).write(value.scaleb(-power))
    sign = "-" if power < 0 else "+" if exponent.startswith("+") else ""
    return f"{digits}E{sign}{str(abs(power)).rjust(exponent.count('0'), '0')}"


def _fraction(value: Decimal, pattern: str) -> str:
    before, _, below = pattern.partition("/")
    if below.isdigit():
        denominator = int(below)
        fraction = Fraction(round(Fraction(value) * denominator), denominator)
    else:
        fraction = Fraction(value).limit_denominator(10 ** min(len(below), _MAX_DENOMINATOR) - 1)
    if " " not in before.strip() or not int(fraction):
        return f"{fraction.numerator}/{fraction.denominator}" if fraction.denominator != 1 else str(fraction.numerator)
    whole, rest = divmod(fraction, 1)
    return f"{whole} {rest.numerator}/{rest.denominator}" if rest else str(whole)


def _literal(text: str) -> str:
    if text.startswith('"'):
        return text[1:-1]
    if text.startswith("[$"):
        return text[2:-1].partition("-")[0]
    return text[1] if text[0] == "\\" else " " if text[0] == "_" else ""


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _date(value: datetime | date | time | timedelta, number_format: str) -> str:
    moment, elapsed = _moment(value)
    parts = list(_DATE_PART.finditer(_LOCAL_DATES.get(number_format, _sections(number_format)[0])))
    if not any(part.group("code") or part.group("elapsed") for part in parts):
        return str(value)
    in_halves = any(part.group("half") for part in parts)
    written: list[str] = []
    before = ""  # the last code of a date or time, which tells minutes from months
    for number, part in enumerate(parts):
        code = (part.group("code") or "").lower()
        if code:
            following = next((p.group("code") for p in parts[number + 1 :] if p.group("code")), "").lower()
            is_minute = code[0] == "m" and (before == "h" or following.startswith("s"))
            written.append(_date_code("n" * len(code) if is_minute else code, moment, in_halves))
            before = code[0]
        elif part.group("elapsed"):
            before = part.group("elapsed")[1].lower()
            seconds = int(elapsed.total_seconds() + 0.5)
            written.append(str(seconds // {"h": 3600, "m": 60, "s": 1}[before]))
        elif part.group("half"):
            written.append("AM" if moment.hour < _NOON else "PM")
        elif part.group("literal"):
            written.append(_literal(part.group("literal")))
        elif part.group("sign") and part.group("sign") != "@":
            written.append(part.group("sign"))
    return "".join(written).strip()


def _moment(value: datetime | date | time | timedelta) -> tuple[datetime, timedelta]:
    """When it is, and how long since the day that spreadsheets count from."""
    if isinstance(value, timedelta):
        in_range = abs(value) < _LONGEST
        return (_FIRST_DAY + value if in_range else _FIRST_DAY), value
    if isinstance(value, time):
        moment = datetime.combine(_FIRST_DAY, value)
    else:
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment, moment - _FIRST_DAY


def _date_code(code: str, moment: datetime, in_halves: bool) -> str:
    width = len(code)
    match code[0]:
        case "y":
            return f"{moment.year:04}" if width > 2 else f"{moment.year % 100:02}"
        case "m" if width > 2:
            name = _MONTHS[moment.month - 1]
            return name[:3] if width == 3 else name[:1] if width == 5 else name
        case "d" if width > 2:
            name = _DAYS[moment.weekday()]
            return name[:3] if width == 3 else name
        case "s" if "." in code:
            return f"{moment.second:02}.{moment.microsecond:06}"[: 2 + len(code.partition(".")[2]) + 1]
        case "h" if in_halves:
            return f"{(moment.hour - 1) % 12 + 1:0{min(width, 2)}}"
    number = {"m": moment.month, "d": moment.day, "h": moment.hour, "n": moment.minute, "s": moment.second}[code[0]]
    return f"{number:0{min(width, 2)}}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
