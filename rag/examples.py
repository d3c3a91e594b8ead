"""Questions that documents may answer, made of their own sentences: whoever shows them asks them first, to be sure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.documents import Heading

_ASKS = re.compile(r"[\d.\s]*(?P<words>\w[^\n]{8,100}\?)")
_SENTENCE = r"(?:^|(?<=[.!?] )){} (?P<rest>{} [^.,!?;:()\n\"“”]{{12,70}}?[a-z0-9]{{2}})[.,;](?!\S)"
_VERB = r"(?:is|was|has|had|can|must|may|comes|came|lives|leads|led|runs|ran|wrote|built|made|became|stands|\w{3,}ed)"
_NAME = r"(?P<subject>[A-Z][\w’'-]+ [A-Z][\w’'-]+)"
_THING = r"The (?P<subject>[a-z]\w{3,}(?: [a-z]\w{3,})?)"
_MADE = tuple(
    (re.compile(_SENTENCE.format(subject, _VERB), re.MULTILINE), word)
    for subject, word in ((_NAME, "Who"), (_THING, "What"))
)
# what points to another sentence makes no question that stands alone
_POINTS = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their|them|him|this|that|these|those|also|however|then|not)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Example:
    """A question, and words that its answer holds; empty where those are not known."""

    question: str
    expected: str


def likely_questions(text: str, headings: Sequence[Heading] = ()) -> Iterator[Example]:
    """Questions in English about a text: headings that ask, then sentences that say what somebody or something does."""
    for heading in headings:
        if asks := _ASKS.fullmatch(heading.text):
            yield Example(asks["words"], "")
    for pattern, word in _MADE:
        for says in pattern.finditer(text):
            if not _POINTS.search(says["rest"]):
                yield Example(f"{word} {says['rest']}?", says["subject"])
