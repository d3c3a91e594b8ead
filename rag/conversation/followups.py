"""A question after others: what its pronouns stand for, and what "and in 2019?" leaves out, by rule.

What a rule makes of it is a whole question again, and may be one of several; which is asked, retrieval decides. A
question that stands by itself is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.conversation.ellipsis import completed, starts_question, without_and
from rag.conversation.english import FUNCTION, PEOPLE, PLACES, PREPOSITIONS
from rag.conversation.meaning import MOST_READINGS, FollowUp, any_of
from rag.conversation.phrases import Phrase, phrases
from rag.conversation.pronouns import LONGEST, Pronoun, is_body, kinds, pronouns
from rag.questions import Turn

_LONGEST_ANTECEDENT = 80
_MOST_WORDS, _FEW_WORDS = 8, 3
_TURNS_BACK = 5
"""So many turns ago is as far as pronouns reach."""

_YEAR = re.compile(r"\b1\d{3}\b|\b20\d\d\b")
_COPULA = re.compile(r"(?:who|what|which)(?: \w+)?(?:'s|’s| is| was| are| were) ", re.I)
_QUANTITY = re.compile(r"[\W\d]*\d[\W\d]*(?:[%°a-zA-Z/²³]+\W*){0,3}")
_ASKED = re.compile(
    r"(?:\w+ ){0,2}?(?P<wh>who|whom|whose|where|when|why|how|which|what)\b"
    r"(?: (?P<be>is |was |are |were )?(?P<next>\w+))?",
    re.I,
)
_NO_THINGS = frozenset({"year", "day", "month", "date", "time", "age", "percentage", "share"})


@dataclass(frozen=True, slots=True)
class _Antecedent:
    text: str
    kinds: frozenset[str]
    """Of pronouns that may stand for it."""


def follow_up(question: str, history: Sequence[Turn]) -> FollowUp:
    """What ``question`` means after ``history``, the oldest turn first."""
    settled: list[Turn] = []
    for turn in history:
        readings = _resolved(turn.question, settled).readings
        settled.append(replace(turn, question=readings[0] if readings else turn.question))
    return _resolved(question, settled)


def _resolved(question: str, history: Sequence[Turn]) -> FollowUp:
    plain = " ".join(question.split())
    if not history or not plain or len(plain) > LONGEST:
        return FollowUp()
    asked = without_and(plain)
    whole = completed(plain, history[-1])
    if whole.readings:
        return whole
    return _with_antecedents(asked[:1].upper() + asked[1:] if starts_question(asked) else plain, history)


def _with_antecedents(question: str, history: Sequence[Turn]) -> FollowUp:
    """The question with its first open pronoun of each kind replaced."""
    first_of_kind = {each.kind: each for each in reversed(pronouns(question))}
    found = {kind: _antecedents(kind, history) for kind in first_of_kind}
    wanted = sorted((first_of_kind[kind] for kind, some in found.items() if some), key=lambda each: -each.start)
    if not wanted:
        return FollowUp()
    # where two pronouns are open, only what the one stands for that may be most is left to choose
    several = max(wanted, key=lambda each: len(found[each.kind]))
    choices = found[several.kind][:MOST_READINGS]
    readings = []
    for choice in choices:
        filled = question
        for pronoun in wanted:
            filled = _filled(filled, pronoun, choice if pronoun is several else found[pronoun.kind][0])
        readings.append(filled)
    is_nested = any(one is not other and one in other for one in choices for other in choices)
    unclear = "" if is_nested else f"“{several.text}” may stand for {any_of(choices)}: say which."
    return FollowUp(tuple(readings), unclear)


def _filled(question: str, pronoun: Pronoun, antecedent: str) -> str:
    before = question[: pronoun.start].casefold().split()[-1:]
    if pronoun.is_possessive:
        antecedent += "’" if antecedent.endswith("s") else "’s"
    elif pronoun.kind == "place" and not PREPOSITIONS.intersection([antecedent.split()[0], *before]):
        antecedent = f"in {antecedent}"
    elif pronoun.kind == "year":
        first = pronoun.text.casefold().split()[0]
        kept = first if first in {"by", "since", "until"} else "in"
        antecedent = antecedent if first in {"that", "the"} else f"{kept} {antecedent}"
    text = question[: pronoun.start] + antecedent + question[pronoun.end :]
    return text[:1].upper() + text[1:]


def _antecedents(kind: str, history: Sequence[Turn]) -> list[str]:
    """What a pronoun may stand for, the likeliest first: from the last turn that has any."""
    for turn in reversed(history[-_TURNS_BACK:]):
        answer, named = _of_answer(turn), _of_question(turn)
        # who is asked for is gone on about; of things the one in the question may be, too, if that is another
        first = phrases(turn.question)[:1]
        is_same = bool(first) and _identifies(turn.question, first[0])
        if answer and kind in answer.kinds and (kind != "thing" or is_same):
            return [answer.text]
        every = [answer, *named] if answer else named
        fitting = [each.text for each in every if kind in each.kinds]
        if not fitting:
            fitting = [each.text for each in every if f"maybe {kind}" in each.kinds][:1]
        if fitting:
            return list(dict.fromkeys(fitting))
    return []


def _of_question(turn: Turn) -> list[_Antecedent]:
    """The names and noun phrases of a question, and the years that it or its answer names."""
    question = turn.question
    found = phrases(question)
    if found and _identifies(question, found[0]):
        # "What is the price of the X200?": the price is no thing that one goes on about
        inner = [each for each in found[1:] if each.end == found[0].end and each.has_name]
        if inner or _of_answer(turn):
            found = [each for each in found if each.start > found[0].start]
    # a phrase is there with what "of" hangs on it
    whole = [each for each in found if not any(other.start == each.start and other.end > each.end for other in found)]
    years = _YEAR.findall(f"{turn.answer or ''} {question}"[: 2 * _LONGEST_ANTECEDENT + len(question)])
    return [
        *(_Antecedent(re.sub(r"^(?:an?|this|that) ", "the ", each.text), kinds(each, question)) for each in whole),
        *(_Antecedent(year, frozenset({"year"})) for year in years),
    ]


def _identifies(question: str, first: Phrase) -> bool:
    """Whether the question asks who or what its first phrase is: the answer is another name for it."""
    copula = _COPULA.match(question)
    rest = question[first.end :].strip(" ?!.").casefold().split()
    return copula is not None and first.start == copula.end() and (not rest or rest[0] in PREPOSITIONS)


def _of_answer(turn: Turn) -> _Antecedent | None:
    """An answer that pronouns may stand for: a name, or a noun phrase; not a number, a reason or a clause."""
    if turn.answer is None or len(turn.answer) > _LONGEST_ANTECEDENT:
        return None
    text = " ".join(turn.answer.split()).strip(" .,;:")
    words = text.split()
    lowered = [word.casefold() for word in words]
    if not words or len(words) > _MOST_WORDS or _QUANTITY.fullmatch(text):
        return None
    asked = _ASKED.match(turn.question)
    wh = asked["wh"].casefold() if asked else "what"
    first = phrases(turn.question)[:1]
    noun = (asked["next"] or "").casefold() if asked else ""
    nouns = {noun, noun.removesuffix("s"), first[0].head if first else ""}
    if wh in {"when", "why", "how"} or nouns & _NO_THINGS:
        return None
    if wh == "where" or nouns & PLACES:
        # who asks where a thing is goes on about the thing
        return _Antecedent(text, frozenset({"place", "maybe thing" if wh == "where" else "thing"}))
    if wh in {"who", "whom", "whose"} or nouns & PEOPLE:
        person = {"several", "thing"} if is_body(text) else {"person"}
        return _Antecedent(text, frozenset({"several"} if " and " in text else person))
    is_named = text[0].isupper() or lowered[0] in {"the", "a", "an"}
    # "which chemical …": "citric acid"
    is_one_of = asked is not None and not asked["be"] and wh in {"what", "which"} and noun not in FUNCTION
    if not is_named and not (is_one_of and len(words) <= _FEW_WORDS and FUNCTION.isdisjoint(lowered)):
        return None
    phrase = Phrase(re.sub(r"^[Aa]n? ", "the ", text), 0, len(text), "")
    return _Antecedent(phrase.text, kinds(phrase, "") | ({"thing"} if phrase.is_name else set()))
