"""Numbers as lists write them: iv, c, 2nd."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x")),
    *((9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_MAX_ROMAN = 4_999
_MAX_LETTERS = 26 * 30
_CARDINALS = (
    *("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"),
    *("Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen", "Twenty"),
)
_ORDINALS = (
    *("Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth"),
    *("Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth"),
    *("Nineteenth", "Twentieth"),
)


def roman(number: int) -> str:
    """In small letters; in Arabic digits where Romans had none."""
    if not 0 < number <= _MAX_ROMAN:
        return str(number)
    letters_so_far = ""
    for value, sign in _ROMAN:
        times, number = divmod(number, value)
        letters_so_far += sign * times
    return letters_so_far


def letters(number: int) -> str:
    """a to z, then aa, bb and so on, as word processors count; in digits where that would be a very long row."""
    if not 0 < number <= _MAX_LETTERS:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def ordinal(number: int) -> str:
    """In English: 1st, 22nd, 13th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def cardinal_word(number: int) -> str:
    """In English words as far as lists commonly go, then in digits."""
    return _CARDINALS[number] if 0 <= number < len(_CARDINALS) else str(number)


def ordinal_word(number: int) -> str:
    """In English words as far as lists commonly go, then 21st and so on."""
    return _ORDINALS[number] if 0 <= number < len(_ORDINALS) else ordinal(number)


def decimal_zero(number: int) -> str:
    """In two digits at least."""
    return f"{number:02}"


# by the names that Word's files have for them
OF_WORD: Mapping[str, Callable[[int], str]] = {
    "decimalZero": decimal_zero,
    "lowerLetter": letters,
    "upperLetter": lambda number: letters(number).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "ordinal": ordinal,
    "cardinalText": cardinal_word,
    "ordinalText": ordinal_word,
}
# by the names that pandoc has for them
OF_PANDOC: Mapping[str, Callable[[int], str]] = {
    "LowerAlpha": letters,
    "UpperAlpha": OF_WORD["upperLetter"],
    "LowerRoman": roman,
    "UpperRoman": OF_WORD["upperRoman"],
}
# by the names that OpenDocument has for them
OF_OPENDOCUMENT: Mapping[str, Callable[[int], str]] = {
    "a": letters,
    "A": OF_WORD["upperLetter"],
    "i": roman,
    "I": OF_WORD["upperRoman"],
}
