"""When are two answer texts the same? By SQuAD's normalisation (Rajpurkar et al., arXiv 1606.05250)."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, English articles and superfluous white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1.0 where ``answer`` equals an accepted answer after normalisation; nothing accepted means "" is right."""
    return float(normalise(answer) in _normalised(accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """The best F1 of word overlap with an accepted answer, 0 to 1; nothing accepted means "" is right."""
    return max(_f1(normalise(answer).split(), gold.split()) for gold in _normalised(accepted))


def _normalised(accepted: Sequence[str]) -> list[str]:
    """As the official script has it: an answer of which nothing is left does not count, unless there is no other."""
    return [text for text in map(normalise, accepted) if text] or [""]


def _f1(answer: list[str], accepted: list[str]) -> float:
    if not answer or not accepted:
        return float(answer == accepted)
    common = sum((Counter(answer) & Counter(accepted)).values())
    return 2 * common / (len(answer) + len(accepted))


def is_right(answer: str, accepted: Sequence[str]) -> bool:
    """Whether a person would call it right: more than half of the words agree with an accepted answer.

    "1,351 deaths" passes for "1,351", "300 men" does not for "200 men". This is what confidence is the
    probability of. Where nothing is accepted, no answer is right.
    """
    return bool(accepted) and token_f1(answer, accepted) > 0.5


def overlap(answer: tuple[int, int], marked: tuple[int, int]) -> float:
    """Intersection over union of two half-open ranges of characters, 0 to 1 (Jaccard's index)."""
    shared = min(answer[1], marked[1]) - max(answer[0], marked[0])
    union = max(answer[1], marked[1]) - min(answer[0], marked[0])
    return max(shared, 0) / union if union > 0 else 0.0
