"""Yes/no questions: which questions are, and the words of a text that decide one.

All ranges are half-open characters of the text that is given. Nothing says yes or no but the text itself.
"""

from __future__ import annotations

import re

from rag.answers import Span
from rag.conversation.english import AUXILIARIES, FUNCTION, JUDGED, PREPOSITIONS, WH, words
from rag.reader.listing import without_marker

_LONGEST = 600
"""Characters of a sentence; what is longer is none, but a table or a page whose stops were lost."""
_FEWEST_WORDS = 4
_STEM = 5
_ASKS_WHETHER = re.compile(
    rf"(?:and|so|but|then|please|sorry|excuse me|hello|hi|also)?[ ,]*"
    rf"(?:(?:(?:tell me|say|check) )?whether|(?:tell me|say|check) if|(?:{'|'.join(sorted(AUXILIARIES))})(?:n['’]t)?)\b"
    # months, and what asks for something else in the form of a yes/no question
    r"(?! \d)(?! (?:you|we|i|anyone|anybody|somebody|someone) (?:please |also |kindly |just )?"
    r"(?:tell|name|list|give|show|explain|describe|find|say|state|summari[sz]e)\b)"
    r"(?!.*\b(?:knows?|says?|said|tells?|told|states?|shows?|explains?|mentions?|find out|remembers?|see) "
    r"(?:me |us |you )?(?:exactly |just )?(?:who|whom|whose|what|when|where|which|why|how)\b)",
    re.IGNORECASE,
)
_OR = re.compile(r"(?!can|may|could|might|am ).*\bor\b(?! not\b)", re.IGNORECASE)
_FINITE = AUXILIARIES | words(
    "never not cannot isn aren wasn weren don doesn didn can couldn won mustn needn shan shouldn"
)
# a condition may follow a comma: "dogs are allowed, but only on a lead"
_ENDS = re.compile(
    r"[.!?;]|\s*$|,(?!\s+(?:but|only|unless|except|if|provided|as|so|when|where|until|after|before|not|with|without)\b)"
)
_WORD = re.compile(r"\w+")
_PARTS_CLAUSES = re.compile(r"(?:[;:–—]|, (?:and|but|so|then|yet|or))\s+$")
_LEADS_IN = re.compile(r",\s+$")
_NUMBERED = re.compile(r"\d[.)]?\s+$")
_FULL_STOP = re.compile(r"(?<=[^\s.])(?<!\.\w)\.$")
"""But not the stop of an abbreviation, as "p.m.", nor three of them."""
_SUBORDINATE = (WH - {"what"}) | words(
    "that if unless because although though while whereas as since until till after before once except than"
)
_DECIDING = JUDGED | words(
    """authority authorisation authorization authorised authorized duty obligation obliged permission right entitled
    exempt exempted excluded included covered prohibited banned liable eligible responsible free able unable"""
)
"""What answers such a question, and is said of what follows it."""
_COMPLETES = words("to from of for")
"""What joins to these words what they are said of; other prepositions say where or when that is so."""


def asks_whether(question: str) -> bool:
    """Whether ``question`` can be answered with yes or no: "is smoking allowed", but not "is it red or blue"."""
    question = " ".join(question.split())
    return _ASKS_WHETHER.match(question) is not None and not _OR.match(question)


def deciding(question: str, text: str, sentence: Span, answer: Span) -> Span | None:
    """The clause that ``answer`` is or stands in, without its full stop; None where none can be quoted.

    That is what of its sentence stands between semicolons, or the whole of it where a part would say too little: what
    stands between commas may be the condition that decides, and what is asked about may stand in the other part. What
    the question has already, word for word, is left away behind the words that decide: "has no authority".
    """
    clause = _clause(question, text, sentence, answer)
    return None if clause is None else _without_question(question, text, clause)


def _clause(question: str, text: str, sentence: Span, answer: Span) -> Span | None:
    wanted, quote = _asked_words(question, sentence.of(text)), answer.of(text)
    begins = _begins_clause(text[sentence.start : answer.start], quote)
    if begins and _is_clause(quote) and _ENDS.match(text, answer.end) and "; " not in sentence.of(text):
        # before it may stand what all of the sentence is about
        behind = _asked_words(question, text[answer.end : sentence.end])
        if behind <= _asked_words(question, quote):
            return answer
    whole = without_marker(text, sentence)
    if answer.start < whole.start:
        whole = sentence
    if whole.end - whole.start > _LONGEST:
        return None
    start = text.rfind("; ", whole.start, answer.start)
    end = text.find("; ", answer.end, whole.end)
    part = Span(whole.start if start < 0 else start + 2, whole.end if end < 0 else end)
    stands_alone = _stands_alone(part.of(text), text[whole.start : part.start])
    return part if stands_alone and _asked_words(question, part.of(text)) == wanted else whole


def _is_clause(quote: str) -> bool:
    """Whether something is said of something: "latecomers are not admitted", but not "not admitted"."""
    first, *others = _WORD.findall(quote.casefold()) or [""]
    return first not in _FINITE and not _FINITE.isdisjoint(others) and others[-1] not in FUNCTION


def _begins_clause(before: str, quote: str) -> bool:
    """Whether a clause begins with ``quote``, behind ``before`` of its sentence: "In the hut, smoking is forbidden".

    Behind a comma may stand what is said of the words before it: "The hut, a small one, was closed".
    """
    if not before.strip() or _PARTS_CLAUSES.search(before):
        return True
    if quote[:1].isupper() and _NUMBERED.search(before):  # "Art. 6 Dogs are let in"
        return True
    first = (_WORD.findall(quote.casefold()) or [""])[0]
    ahead = (_WORD.findall(before.casefold()) or [""])[0]
    leads_in = PREPOSITIONS | _SUBORDINATE
    return _LEADS_IN.search(before) is not None and ahead in leads_in and first not in leads_in


def _without_question(question: str, text: str, clause: Span) -> Span:
    """The clause without its full stop, and without what the question has, too, behind the words that decide."""
    quote = _FULL_STOP.sub("", clause.of(text))
    asked = f" {' '.join(_WORD.findall(question.casefold()))} "
    for word in _WORD.finditer(quote):
        rest = quote[: word.end()]
        joins, *again = _WORD.findall(quote[word.end() :].casefold()) or [""]
        repeats = joins in _COMPLETES and f" {' '.join(again)} " in asked
        if repeats and again and word[0].casefold() in _DECIDING and _is_clause(rest):
            quote = rest
            break
    return Span(clause.start, clause.start + len(quote))


def _asked_words(question: str, text: str) -> frozenset[str]:
    """What of the question's words ``text`` has, in whichever form: "balcony" stands for "balconies"."""
    asked = {word.rstrip("s")[:_STEM] for word in _WORD.findall(question.casefold()) if word not in FUNCTION}
    there = _WORD.findall(text.casefold())
    return frozenset(stem for stem in asked if len(stem) > 1 and any(word.startswith(stem) for word in there))


def _stands_alone(part: str, before: str) -> bool:
    """Whether it is a clause: long enough, no half of a bracket, and not led in by what stands before it."""
    is_closed = all(part.count(left) == part.count(right) for left, right in ("()", "[]", "“”"))
    return is_closed and ":" not in before and len(part.split()) >= _FEWEST_WORDS
