"""What a question leaves out that goes on from another: "and in 2019?", "what about the director?", "why?"."""

from __future__ import annotations

import re

from rag.conversation.english import AUXILIARIES, PREPOSITIONS, TIMES, VERBS, WH, words
from rag.conversation.meaning import MOST_READINGS, FollowUp, any_of
from rag.conversation.phrases import Phrase, phrases
from rag.conversation.pronouns import pronouns
from rag.questions import Turn

_LONGEST_PART = 6

_AUXILIARY = "|".join(sorted(AUXILIARIES))
_LEADING = re.compile(r"\A(?:(?:and|but|so|ok|okay|then|also|well)\b,? )+", re.I)
_STARTS_QUESTION = re.compile(
    rf"(?:(?:in|at|for|since|until|by|to|from|on|with) )?(?:{'|'.join(sorted(WH))}|{_AUXILIARY}|name|list|tell)\b", re.I
)
_ABOUT = re.compile(r"(?:(?:what|how) about|what of|same for|the same for) (?P<part>[^?]{1,80}?)\W*", re.I)
_BARE_WH = re.compile(
    r"(?P<wh>(?:since |until |by |for |to |with |from )?"
    r"(?:why|where|when|whom?|how(?: (?:much|many|long|often|far|old|high|big|deep|wide))?|(?:in )?(?:which|what) \w+))"
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
    rf"(?P<date>(?:{'|'.join(sorted(TIMES))})s?(?: (?:of )?\d{{4}})?|\d{{4}})\b",
    re.I,
)
# with "who" or "what" as the subject no auxiliary is there to begin with
_PAST = re.compile(
    r"(?:who|what) (?P<verb>\w+ed|built|made|wrote|sold|bought|won|led|held|found) (?P<object>[^?]+?)\W*", re.I
)
_PRESENT = re.compile(r"(?:who|what) (?P<verb>\w+)s (?P<object>[^?]+?)\W*", re.I)
_PARTICIPLE = {"wrote": "written"}
_PLACING = words("in on at near inside outside under behind")


_CLAUSE = re.compile(r"(?:if|when|because|while|unless)\b", re.I)


def without_and(question: str) -> str:
    """The question without the "and", "but" or "so" that it begins with."""
    return _LEADING.sub("", question)


def starts_question(text: str) -> bool:
    """Whether it begins as whole questions do."""
    return _STARTS_QUESTION.match(text) is not None


def completed(question: str, last: Turn) -> FollowUp:
    """The last question with the part exchanged that an elliptic ``question`` names; none where it names no part."""
    asked = without_and(question)
    about = _ABOUT.fullmatch(asked)
    if about and not pronouns(about["part"]):
        return _with_part(about["part"], last.question)
    if bare := _BARE_WH.fullmatch(asked):
        return _with_wh(bare["wh"], last)
    part = asked.rstrip(" ?!.")
    is_part = part and len(part.split()) <= _LONGEST_PART and not starts_question(part) and not pronouns(part)
    if is_part and (asked != question or _PREPOSITIONAL.fullmatch(part)) and not _CLAUSE.match(part):
        return _with_part(part[0].lower() + part[1:] if _PREPOSITIONAL.fullmatch(part) else part, last.question)
    return FollowUp()


def _with_wh(wh: str, last: Turn) -> FollowUp:
    """The last question with another question word: "Where?" after "When was she born?"."""
    body = last.question.rstrip(" ?!.")
    wh = wh[:1].upper() + wh[1:].lower()
    if past := _PAST.fullmatch(body):
        rest = f"was {past['object']} {_PARTICIPLE.get(past['verb'].casefold(), past['verb'])}"
    elif (present := _PRESENT.fullmatch(body)) and present["verb"].casefold() in VERBS and last.answer:
        rest = f"does {last.answer} {present['verb']} {present['object']}"
    elif match := _WH_PHRASE.match(body):
        rest = body[match.end() :].strip()
    elif starts_question(body) and body.split()[0].casefold() in AUXILIARIES:
        rest = body[:1].lower() + body[1:]
    else:
        return FollowUp()
    return FollowUp((f"{wh} {rest}?",))


def _with_part(part: str, question: str) -> FollowUp:
    """The question with ``part`` in the place of what is of its kind, or behind it where nothing is."""
    body = question.rstrip(" ?!.")
    places = _places(part, body)[:MOST_READINGS]
    if not places and (_PREPOSITIONAL.fullmatch(part) or _DATE.fullmatch(part)):
        added = part if _PREPOSITIONAL.fullmatch(part) else f"in {part}"
        return FollowUp((f"{body} {added}?",))
    readings = [f"{body[:start]}{part}{body[end:]}?" for start, end in places]
    replaced = any_of([f"of “{body[start:end]}”" for start, end in places])
    unclear = f"“{part}” may take the place {replaced}: ask the whole question."
    return FollowUp(tuple(reading[:1].upper() + reading[1:] for reading in readings), unclear)


def _places(part: str, body: str) -> list[tuple[int, int]]:
    """The half-open ranges of the question that ``part`` may replace, the likeliest first."""
    prepositional = _PREPOSITIONAL.fullmatch(part)
    if _DATE.fullmatch(part):
        dates = _DATE.finditer(body)
        return [(each.start() if prepositional else each.start("date"), each.end()) for each in dates]
    found = phrases(body)
    if prepositional:
        return _with_preposition(found, prepositional["preposition"].casefold())
    simple = [
        each for each in found if not any(each is not o and each.start <= o.start and o.end <= each.end for o in found)
    ]
    nouns = [each for each in simple if not each.has_name]
    determined = part.casefold().startswith(("the ", "a ", "an "))
    alike = [each for each in nouns if each.text.casefold().startswith(("the ", "a ", "an ")) == determined]
    is_name = any(word[0].isupper() or word[0].isdigit() for word in part.split())
    chosen = [each for each in simple if each.has_name] if is_name else alike or nouns
    return [(each.start, each.end) for each in chosen or simple[-1:]]


def _with_preposition(found: list[Phrase], preposition: str) -> list[tuple[int, int]]:
    """The phrase that stands after the same preposition, or after another for places, with it."""
    same = [each for each in found if each.after == preposition]
    placed = [each for each in found if preposition in _PLACING and each.after in _PLACING]
    return [(each.start - len(each.after) - 1, each.end) for each in (same or placed)[:1]]
