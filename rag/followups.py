"""A question after others: what its pronouns stand for, and what "and in 2019?" leaves out, by rule.

What a rule makes of it is a question of its own again, and may be one of several; which is asked, retrieval decides. A
question that stands by itself is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag import phrases
from rag.english import AUXILIARIES, BODIES, LIVES, PEOPLE, PLACES, PREPOSITIONS, TIMES, WH
from rag.phrases import Phrase, Pronoun
from rag.questions import Turn

_LONGEST_ANTECEDENT = 80
_MOST_READINGS = 4


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a question may mean after others."""

    readings: tuple[str, ...] = ()
    """Whole questions, the likeliest first; none where it stands by itself."""
    unclear: str = ""
    """A sentence that names the choice, where it takes more than the rules to choose."""


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
    if not history:
        return FollowUp()
    plain = " ".join(question.split())
    without = _LEADING.sub("", plain)
    exchanged = _exchanged(plain, without, history[-1])
    if exchanged.readings:
        return exchanged
    asked = without[:1].upper() + without[1:] if _STARTS_QUESTION.match(without) else plain
    return _with_antecedents(asked, history)


# --- pronouns

_LIVES = re.compile(rf"\b(?:{'|'.join(sorted(LIVES))})\b")
_YEAR = re.compile(r"\b1\d{3}\b|\b20\d\d\b")
_COPULA = re.compile(r"(?:who|what|which|where)(?: \w+)?(?:'s|’s| is| was| are| were) ", re.I)
_QUANTITY = re.compile(r"[\W\d]*\d[\W\d]*(?:[%°a-zA-Z/²³]+\W*){0,3}")


def _with_antecedents(question: str, history: Sequence[Turn]) -> FollowUp:
    """The question with its first open pronoun of each kind replaced."""
    open_ones = phrases.pronouns(question)
    first_of_kind = {each.kind: each for each in reversed(open_ones)}
    found = {kind: _antecedents(pronoun, history) for kind, pronoun in first_of_kind.items()}
    wanted = [first_of_kind[kind] for kind, some in found.items() if some]
    if not wanted:
        return FollowUp()
    # where two pronouns are open, only that with the most readings is asked about
    several = max(wanted, key=lambda each: len(found[each.kind]))
    choices = found[several.kind][:_MOST_READINGS]
    readings = []
    for choice in choices:
        filled = question
        for pronoun in sorted(wanted, key=lambda each: -each.start):
            antecedent = choice if pronoun is several else found[pronoun.kind][0]
            filled = _filled(filled, pronoun, antecedent)
        readings.append(filled)
    is_nested = any(one is not other and one in other for one in choices for other in choices)
    return FollowUp(
        tuple(readings), "" if is_nested else f"“{several.text}” may stand for {_any_of(choices)}: say which."
    )


def _any_of(choices: Sequence[str]) -> str:
    return " or ".join(choices)


def _filled(question: str, pronoun: Pronoun, antecedent: str) -> str:
    if pronoun.is_possessive or pronoun.text.casefold() in {"hers", "theirs"}:
        antecedent += "’" if antecedent.endswith("s") else "’s"
    elif pronoun.kind == "place" and not re.match(r"(?:in|at|on|near|under|inside|from) ", antecedent):
        before = question[: pronoun.start].split()[-1:]
        antecedent = antecedent if before and before[0].casefold() in PREPOSITIONS else f"in {antecedent}"
    elif pronoun.kind == "year":
        preposition = pronoun.text.casefold().split()[0]  # of "then" alone: in
        is_bare = preposition in {"that", "the"}
        kept = preposition if preposition in {"by", "since", "until"} else "in"
        antecedent = antecedent if is_bare else f"{kept} {antecedent}"
    text = question[: pronoun.start] + antecedent + question[pronoun.end :]
    return text[:1].upper() + text[1:]


def _antecedents(pronoun: Pronoun, history: Sequence[Turn]) -> list[str]:
    """What the pronoun may stand for, the likeliest first: from the last turn that has any."""
    for turn in reversed(history):
        fitting = [each.text for each in _candidates(turn) if pronoun.kind in each.kinds]
        if fitting:
            return list(dict.fromkeys(fitting))
    return []


def _candidates(turn: Turn) -> list[_Antecedent]:
    """What a turn speaks of: its answer, then the names and noun phrases of its question."""
    question = turn.question
    answer = _of_answer(turn)
    found = phrases.phrases(question)
    whole = [each for each in found if not any(other.start == each.start and other.end > each.end for other in found)]
    copula = _COPULA.match(question)
    # "Who is the director of Norvik?": the phrase is who the answer names
    if answer and copula and whole and (whole[0].start, whole[0].end) == (copula.end(), len(question.rstrip(" ?!."))):
        whole = whole[1:]
    named = [_of_phrase(phrase, question) for phrase in whole]
    years = [
        _Antecedent(match.group(), frozenset({"year"})) for match in _YEAR.finditer(f"{turn.answer or ''} {question}")
    ]
    return [*([answer] if answer is not None else []), *named, *years]


def _of_answer(turn: Turn) -> _Antecedent | None:
    """An answer that pronouns may stand for: a name, or a noun phrase; not a number, a reason or a clause."""
    if turn.answer is None or len(turn.answer) > _LONGEST_ANTECEDENT:
        return None
    text = " ".join(turn.answer.split()).strip(" .,;:")
    lowered, words = turn.question.casefold(), text.split()
    if not text or len(words) > 8 or _QUANTITY.fullmatch(text):
        return None
    asked = re.match(r"(?:\w+ ){0,2}?(who|whom|whose|where|when|why|how|which|what)\b(?: (\w+))?", lowered)
    word, noun = (asked[1], asked[2] or "") if asked else ("what", "")
    if word in {"when", "why", "how"} or noun in {"year", "day", "month", "date", "time", "age", "percentage"}:
        return None
    phrase = Phrase(text, 0, len(text), "")
    if word == "where" or noun in PLACES:
        return _Antecedent(text, frozenset({"place", "thing"}))
    if word in {"who", "whom", "whose"} or noun in PEOPLE:
        kinds = {"several", "thing"} if _is_body(text) else {"person", "several" if " and " in text else "person"}
        return _Antecedent(text, frozenset(kinds))
    if phrase.is_name or words[0].casefold() in {"the", "a", "an"}:
        return _Antecedent(re.sub(r"^an? ", "the ", text), _kinds(phrase, turn.question, is_answer=True))
    return None


def _of_phrase(phrase: Phrase, question: str) -> _Antecedent:
    return _Antecedent(re.sub(r"^(?:an?|this|that) ", "the ", phrase.text), _kinds(phrase, question))


def _kinds(phrase: Phrase, question: str, *, is_answer: bool = False) -> frozenset[str]:
    """Of which pronouns may stand for a phrase of a question."""
    words = phrase.text.casefold().split()
    in_place = phrase.after in {"in", "at", "from", "near", "inside", "to"} or phrase.head in PLACES
    place = {"place"} if in_place else set()
    if phrases.is_plural(phrase):
        return frozenset({"several", *place})
    if not phrase.is_name and not any(word[0].isupper() for word in phrase.text.split()):
        return frozenset({"person"} if phrase.head in PEOPLE else {"thing", *place})
    if phrase.head in PEOPLE:
        return frozenset({"person"})
    if _is_body(phrase.text) or words[0] == "the" or any(char.isdigit() for char in phrase.text):
        return frozenset({"thing", "several", *place})
    if in_place:
        return frozenset({"place", "thing"})
    if not is_answer and _LIVES.search(question.casefold()):
        return frozenset({"person"})
    if phrase.after == "of":
        return frozenset({"thing", "several"})
    return frozenset({"person"} if len(words) > 1 and not is_answer else {"person", "thing", "several"})


def _is_body(name: str) -> bool:
    return not BODIES.isdisjoint(name.casefold().replace(".", "").split())


# --- what is left out

_AUXILIARY = "|".join(sorted(AUXILIARIES))
_LEADING = re.compile(r"(?:(?:and|but|so|ok|okay|then|also|well)\b,? )+", re.I)
_STARTS_QUESTION = re.compile(
    rf"(?:{'|'.join(sorted(WH))}|{_AUXILIARY}|in which|in what|at what|for how|since when|name|list|tell)\b", re.I
)
_ABOUT = re.compile(r"(?:(?:what|how) about|what of|same for|the same for) (?P<part>[^?]{1,80}?)\W*", re.I)
_BARE_WH = re.compile(
    r"(?P<wh>(?:since |until |by |for )?"
    r"(?:why|where|when|who|how(?: (?:much|many|long|often|far|old|high|big|deep|wide))?|(?:in )?(?:which|what) \w+))"
    r"(?: (?:exactly|then|not))?\W*",
    re.I,
)
_PREPOSITIONAL = re.compile(rf"(?P<preposition>{'|'.join(sorted(PREPOSITIONS))}) \S.*", re.I)
_WH_PHRASE = re.compile(
    r"(?:(?:in|at|on|for|since|until|by|from|to) )?(?:who|whom|what|which|when|where|why|how)\b[^?]*?"
    rf"(?= (?:{_AUXILIARY})\b)",
    re.I,
)
_DATE = re.compile(
    r"\b(?:(?:in|on|by|since|until|during|at) )?(?:the )?"
    r"(?:(?:early|late|mid|last|next|this|\d{1,2}(?:st|nd|rd|th)?) )?"
    rf"(?:(?:{'|'.join(sorted(TIMES))})s?(?: (?:of )?\d{{4}})?|\d{{4}})\b",
    re.I,
)
_PASSIVE = re.compile(
    r"(?:who|what) (?P<verb>\w+ed|built|made|wrote|sold|bought|won|led|held|found) (?P<object>[^?]+?)\W*", re.I
)
_PARTICIPLE = {"wrote": "written"}


def _exchanged(plain: str, without: str, last: Turn) -> FollowUp:
    """The last question with the part exchanged that an elliptic question names."""
    about = _ABOUT.fullmatch(without)
    if about:
        return _with_part(about["part"], last.question)
    bare = _BARE_WH.fullmatch(without)
    if bare:
        return _with_wh(bare["wh"], last)
    part = without.rstrip(" ?!.")
    is_short = len(part.split()) <= 6 and not _STARTS_QUESTION.match(part) and not phrases.pronouns(part)
    if part and is_short and (without != plain or _PREPOSITIONAL.fullmatch(part)):
        return _with_part(part, last.question)
    return FollowUp()


def _with_wh(wh: str, last: Turn) -> FollowUp:
    """The last question with another question word: "Where?" after "When was she born?"."""
    body = last.question.rstrip(" ?!.")
    wh = wh[:1].upper() + wh[1:]
    passive = _PASSIVE.fullmatch(last.question)
    match = _WH_PHRASE.match(body)
    if passive:
        participle = _PARTICIPLE.get(passive["verb"].casefold(), passive["verb"])
        rest = f"was {passive['object']} {participle}"
    elif match:
        rest = body[match.end() :].strip()
        answer = _of_answer(last)
        if _COPULA.match(body) and answer is not None and wh.casefold() in {"why", "since when", "how"}:
            rest = f"{rest} {answer.text}"
    elif body.split()[0].casefold() in AUXILIARIES:
        rest = body[:1].lower() + body[1:]
    else:
        return FollowUp()
    return FollowUp((f"{wh} {rest}?",))


def _with_part(part: str, question: str) -> FollowUp:
    """The question with ``part`` in the place of what is of its kind, or behind it where nothing is."""
    body = question.rstrip(" ?!.")
    places = _places(part, body)
    if not places and (_PREPOSITIONAL.fullmatch(part) or _DATE.fullmatch(part)):
        added = part if _PREPOSITIONAL.fullmatch(part) else f"in {part}"
        return FollowUp((f"{body} {added}?",))
    places = places[:_MOST_READINGS]
    readings = [f"{body[:start]}{part}{body[end:]}?" for start, end in places]
    replaced = _any_of([f"of “{body[start:end]}”" for start, end in places])
    unclear = f"“{part}” may take the place {replaced}: ask the whole question."
    return FollowUp(tuple(reading[:1].upper() + reading[1:] for reading in readings), unclear)


def _places(part: str, body: str) -> list[tuple[int, int]]:
    """The half-open ranges of the question that ``part`` may replace, the likeliest first."""
    if _DATE.fullmatch(part):
        begins = _PREPOSITIONAL.fullmatch(part)
        return [
            (match.start() + (0 if begins else _preposition(match.group())), match.end())
            for match in _DATE.finditer(body)
        ]
    prepositional = _PREPOSITIONAL.fullmatch(part)
    found = phrases.phrases(body)
    if prepositional:
        preposition = prepositional["preposition"].casefold()
        same = [each for each in found if each.after == preposition]
        return [(each.start - len(preposition) - 1, each.end) for each in same[:1]]
    simple = [
        each for each in found if not any(o is not each and each.start <= o.start and o.end <= each.end for o in found)
    ]
    if part[0].isupper() or part[0].isdigit():
        named = [each for each in simple if each.is_name] or [each for each in simple if not each.text.islower()]
        return [(each.start, each.end) for each in named] or [(each.start, each.end) for each in simple[-1:]]
    determined = part.casefold().startswith(("the ", "a ", "an "))
    nouns = [each for each in simple if not each.is_name]
    alike = [each for each in nouns if each.text.casefold().startswith(("the ", "a ", "an ")) == determined]
    return [(each.start, each.end) for each in alike or nouns or simple[-1:]]


def _preposition(text: str) -> int:
    """How many characters the preposition has that it begins with, and the space behind it."""
    preposition = re.match(r"(?:in|on|by|since|until|during|at) ", text, re.I)
    return preposition.end() if preposition else 0
