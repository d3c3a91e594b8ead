"""Pronouns of an English question, and which of them a phrase may stand behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.conversation.english import (
    AUXILIARIES,
    BODIES,
    EXISTS,
    FUNCTION,
    JUDGED,
    LIVES,
    PEOPLE,
    PLACES,
    POSSESSIVE,
    PREPOSITIONS,
    PRONOUNS,
    WH,
)
from rag.conversation.phrases import Phrase, Token, is_plural, phrases, tokens

_LIVES = re.compile(rf"\b(?:{'|'.join(sorted(LIVES))})\b")
LONGEST = 300
"""Characters: a longer question is taken to say what it means; nor does looking at it take any time to speak of."""
_MOST = 4
"""Pronouns of a question that are looked at, so many of which stand for nothing."""
_FAR = 3
"""So many words after the beginning another clause may have begun, in which a pronoun means what is asked for."""
_INSIDE = frozenset({"in", "at", "from", "near", "inside", "to"})
# "is it allowed to", "how long does it take to": it stands for what follows
_EXPLETIVE = re.compile(
    rf"\bit(?:self)?(?:'s|’s| is| was| be)? (?:\w+ )?(?:{'|'.join(sorted(JUDGED))})\b|\bwhat time (?:is|was) it\b"
    r"|\bit (?:\w+ed|known|said|thought)\b.* (?:that|whether|how|when|if|what)\b"
    r"|\bit (?:takes?|took|costs?|means?|matters?)\b.* (?:to|for|before|until|that|if)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:in |at |by |since |until )?(?:that|the same) (?:year|day|month|date|time)\b|\bthen(?=\W*$)", re.I
)
_BARE_THIS = re.compile(r"\b(?:this|that)(?=\W*$| (?:mean|happen|happened|work|cost|apply|applies)\b)", re.I)


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A pronoun that nothing before it in its question explains."""

    text: str
    start: int
    end: int
    kind: str
    """What it may stand for: a person, several, a thing, a place, a year."""
    is_possessive: bool = False


def kinds(phrase: Phrase, question: str) -> frozenset[str]:
    """Of which pronouns may stand for a phrase of a question: a person, several, a thing, a place.

    With "maybe" before it, only where nothing else does.
    """
    place = {"place"} if phrase.after in _INSIDE or phrase.head in PLACES else set()
    if is_plural(phrase):
        return frozenset({"several", *place})
    if phrase.head in PEOPLE:
        return frozenset({"person"})
    if not phrase.has_name:
        return frozenset({"thing", *place})
    if is_body(phrase.text) or phrase.text.startswith("the ") or any(char.isdigit() for char in phrase.text):
        return frozenset({"thing", "maybe several", "maybe place", *place})
    if place:
        return frozenset({"place", "thing"})
    if _LIVES.search(question.casefold()):
        return frozenset({"person"})
    if " " in phrase.text:
        return frozenset({"person"})
    return frozenset({"thing", "maybe several", "maybe place", *([] if phrase.after == "of" else ["person"])})


def is_body(name: str) -> bool:
    """Whether it names a company, an institution, a building: no person."""
    return not BODIES.isdisjoint(name.casefold().replace(".", "").split())


def pronouns(question: str) -> list[Pronoun]:
    """Its pronouns that stand for nothing in it: nothing that they may stand for comes before, and no "it" is empty."""
    if len(question) > LONGEST:
        return []
    words, named = tokens(question), phrases(question)
    expletive = [match.span() for match in _EXPLETIVE.finditer(question)]
    open_ones = list(_pointing(question, named))
    for number, word in enumerate(words):
        if len(open_ones) >= _MOST:
            break
        kind = PRONOUNS.get(word.low)
        if kind is None or any(start <= word.start < end for start, end in expletive):
            continue
        follows = words[number + 1].low if number + 1 < len(words) else ""
        before = words[number - 1].low if number else ""
        possessive = word.low in POSSESSIVE and (word.low != "her" or follows not in {*FUNCTION, ""})
        pronoun = Pronoun(word.text, word.start, word.end, kind, possessive)
        exists = kind == "place" and (word.low != word.text.casefold() or not EXISTS.isdisjoint({before, follows}))
        if not exists and not _is_explained(pronoun, words[:number], named):
            open_ones.append(pronoun)
    return sorted(open_ones, key=lambda each: each.start)


def _is_explained(pronoun: Pronoun, before: list[Token], named: list[Phrase]) -> bool:
    """Whether something in the question itself may be what the pronoun stands for; rather once too often."""
    if not before:
        return False
    last = before[-1]
    # "the director before her" is another one than she
    is_object = pronoun.text.casefold() in {"her", "him", "them"} and not pronoun.is_possessive
    nearest = last.start if is_object and last.low in PREPOSITIONS else pronoun.start
    if any(phrase.end < nearest - 1 and _may_be(phrase, pronoun.kind) for phrase in named):
        return True
    if pronoun.kind == "place" or last.low in AUXILIARIES:
        return False
    has_subject = all(word.low not in AUXILIARIES for word in before)
    # "what share of its capacity did the cell hold": what it stands for follows
    if pronoun.is_possessive and has_subject and any(phrase.start > pronoun.end for phrase in named):
        return True
    # "who sold their house", "which plants keep water in them"
    asked_for = before[0].low in {"who", "whose"} or (before[0].low in {"what", "which"} and len(before) > 1)
    asks_noun = asked_for and before[min(1, len(before) - 1)].low not in FUNCTION - WH
    return asks_noun and (pronoun.is_possessive or len(before) > _FAR) and not is_object


def _may_be(phrase: Phrase, kind: str) -> bool:
    """Whether a pronoun of this kind may stand for a phrase before it in the same question."""
    is_no_person = is_body(phrase.text) or phrase.head in PLACES
    if kind == "place":
        return phrase.head in PLACES or phrase.after in _INSIDE
    return not is_no_person if kind == "person" else phrase.head not in PEOPLE or kind == "several"


def _pointing(question: str, named: list[Phrase]) -> Iterator[Pronoun]:
    for match in _POINTING.finditer(question):
        yield Pronoun(match.group(), *match.span(), "year")
    for match in _BARE_THIS.finditer(question):
        if not any(phrase.start < match.start() for phrase in named):
            yield Pronoun(match.group(), *match.span(), "thing")
