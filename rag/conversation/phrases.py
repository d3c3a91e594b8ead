"""Names and noun phrases of an English question, found by its function words: no parser, no model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.conversation.english import (
    ASKING,
    AUXILIARIES,
    DETERMINERS,
    FUNCTION,
    PARTICIPLES,
    PREPOSITIONS,
    VERBS,
    WH,
)

_PLURALS = {"people", "children", "men", "women", "staff", "police"}
_CLAUSE = {"when", "if", "after", "before", "because", "while", "that"}
_TOKEN = re.compile(r"\w+(?:[-.'’]\w+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """A word and where it stands: half-open characters of the question."""

    text: str
    start: int
    end: int
    low: str
    """In small letters, without a possessive ending."""

    @property
    def is_capital(self) -> bool:
        """Whether it looks like a name, or part of one."""
        return self.text[0].isupper() or (self.text[0].isdigit() and not self.text.isdigit())


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name or a noun phrase, by its half-open characters in the question."""

    text: str
    start: int
    end: int
    after: str
    """The word before it, in small letters."""

    @property
    def is_name(self) -> bool:
        """Whether it begins with a capital letter, or is one word with digits."""
        return self.text[0].isupper() or self.text[0].isdigit()

    @property
    def has_name(self) -> bool:
        """Whether a name or a model's number is in it."""
        return any(word[0].isupper() or word[0].isdigit() for word in self.text.split())

    @property
    def head(self) -> str:
        """Its last word, before any "of …", in small letters."""
        return re.split(r" of ", self.text)[0].split()[-1].casefold()


def tokens(question: str) -> list[Token]:
    """Its words."""
    found = ((match.group(), match.span()) for match in _TOKEN.finditer(question))
    return [Token(word, *span, re.sub(r"['’]s?$", "", word.casefold())) for word, span in found]


def phrases(question: str) -> list[Phrase]:
    """Its names and noun phrases in order, with what "of" hangs on them; a part with "of" is also there by itself."""
    words = tokens(question)
    simple = list(_simple(question, words))
    whole: list[Phrase] = []
    for phrase in reversed(simple):
        following = whole[-1] if whole else None
        if following is not None and question[phrase.end : following.start] == " of ":
            whole.append(_phrase(question, phrase.start, following.end, phrase.after))
        else:
            whole.append(phrase)
    joined = {(each.start, each.end): each for each in (*whole, *simple)}
    return sorted(joined.values(), key=lambda each: (each.start, -each.end))


def _phrase(question: str, start: int, end: int, after: str) -> Phrase:
    return Phrase(re.sub(r"['’]s?$", "", question[start:end]), start, end, after)


def _simple(question: str, words: list[Token]) -> Iterator[Phrase]:
    """Without what "of" hangs on them."""
    number = 0
    while number < len(words):
        last = _end_of_phrase(question, words, number)
        if last is None:
            number += 1
            continue
        after = words[number - 1].low if number else ""
        yield _phrase(question, words[number].start, words[last].end, after)
        number = last + 1


def _end_of_phrase(question: str, words: list[Token], first: int) -> int | None:
    """The position of the last word of the phrase that begins with the word ``first``, if one does."""
    word, before = words[first], words[first - 1].low if first else ""
    begins_name = word.is_capital and word.low not in FUNCTION and (first > 0 or _is_name_at_the_start(words))
    after_wh = before in WH and before not in {"when", "where", "why"}
    if begins_name and not after_wh:
        return _last_of_name(question, words, first)
    is_bare = (
        word.low not in FUNCTION
        and not word.text.isdigit()
        and (
            before in PREPOSITIONS - {"to"}
            or before in {"do", "does", "did"}
            or (before in AUXILIARIES and _is_plural(word.low))
        )
    )
    if word.low not in DETERMINERS and not is_bare:
        return None
    last = first
    while last + 1 < len(words) and words[last + 1].low not in FUNCTION and _adjoin(question, words, last):
        last += 1
    if word.low in DETERMINERS and last == first:
        return None
    if word.low in {"this", "that"} and words[first + 1].low in VERBS:
        return None
    return _without_verb(words, first, last, takes_verb=before in AUXILIARIES | WH)


def _is_name_at_the_start(words: list[Token]) -> bool:
    """Whether the first word, which is capital whatever it is, begins a name."""
    first, following = words[0], words[1:2]
    is_asking = first.low in ASKING | VERBS
    return not is_asking and (first.text.endswith(("'s", "’s")) or any(each.is_capital for each in following))


def _last_of_name(question: str, words: list[Token], last: int) -> int:
    while last + 1 < len(words) and _adjoin(question, words, last):
        following = words[last + 1]
        joins = following.low in {"of", "de", "van", "von", "der", "la", "&"} and last + 2 < len(words)
        if following.is_capital or following.text.isdigit():
            last += 1
        elif joins and words[last + 2].is_capital and words[last].low not in FUNCTION:
            last += 2
        else:
            break
        if words[last].text.endswith(("'s", "’s")):
            break
    return last


def _adjoin(question: str, words: list[Token], number: int) -> bool:
    """Whether nothing but a space is between a word and the next, and it is no possessive name."""
    between = question[words[number].end : words[number + 1].start]
    return between == " " and not (words[number].is_capital and words[number].text.endswith(("'s", "’s")))


def _without_verb(words: list[Token], first: int, last: int, *, takes_verb: bool) -> int:
    """Where the phrase ends if it is a subject, whose verb follows: "does the night ferry leave"."""
    before = words[first - 1].low if first else ""
    for number in range(first + 1, last + 1):
        verb = words[number].low
        is_participle = verb in PARTICIPLES or (verb.endswith("ed") and len(verb) > 4)
        second = number > first + 1 or words[first].low not in DETERMINERS
        is_verb = is_participle or verb in VERBS or (verb.endswith("s") and verb[:-1] in VERBS and before in WH)
        if second and takes_verb and is_verb:
            return number - 1
    has_verb = last + 1 < len(words) and words[last + 1].low in AUXILIARIES
    is_long = last > first + (words[first].low in DETERMINERS)
    return last - 1 if before in {"do", "does", "did"} and is_long and not has_verb else last


def _is_plural(word: str) -> bool:
    return (word.endswith("s") and not word.endswith(("ss", "us", "is"))) or word in _PLURALS


def is_plural(phrase: Phrase) -> bool:
    """Whether several are meant."""
    return not phrase.text.casefold().startswith(("a ", "an ", "each ", "every ")) and (
        _is_plural(phrase.head) if not phrase.is_name else " and " in phrase.text
    )
