"""Near misses: questions in which another name or number stands, so that the paragraph answers them no more.

From answerable questions a reader learns to look at what is asked, and hardly at whom it is asked of (Jia and Liang,
2017, arXiv:1707.07328, change questions like this). Kept are only those that a reader falls for, answering them as it
should the question as it was: another answer might be right.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from index.errors import QuestionError
from index.interfaces import Progress
from rag.confidence.answer_match import is_right
from rag.interfaces import PassageSpan, Reader, Reading
from rag.squad import SquadParagraph, SquadQuestion, read_squad
from rag.training.data.split import write_squad

Asked = tuple[SquadParagraph, SquadQuestion]

_NAME = re.compile(r"\b[^\W\d_a-z][\w’'-]*(?: (?:(?:of|the|de|van|von) )?[^\W\d_a-z][\w’'-]*)*")
_NUMBER = re.compile(r"\b\d[\d.,]*\d\b|\b\d\b")
_POSSESSIVE = re.compile(r"[’']s?$")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_BEGINS_SENTENCE = re.compile(r"(?:^|[.!?:\"”'’(\n]\s*)$")
# pairs that are read together
_AT_ONCE = 64


def swap_files(
    files: Sequence[Path], out: Path, reader: Reader, *, limit: int, seed: int, progress: Progress
) -> tuple[int, int]:
    """Writes a SQuAD 2.0 file of near misses; gives how many, and how many were tried.

    Tried are up to ``limit`` of the answerable questions that name something of their paragraph, drawn at random.
    """
    draw = random.Random(seed)
    asked = [(p, q) for file in files for p in read_squad(file) for q in p.questions if q.answers]
    draw.shuffle(asked)
    tried = list(islice(_swapped(asked, reader, draw), limit))
    kept: list[Asked] = []
    for start in range(0, len(tried), _AT_ONCE):
        block = tried[start : start + _AT_ONCE]
        kept += falls_for(block, reader)
        progress(start + len(block), len(tried))
    write_squad(out, [SquadParagraph(p.title, p.text, (replace(q, answers=()),)) for p, q in kept])
    return len(kept), len(tried)


def _swapped(asked: Sequence[Asked], reader: Reader, draw: random.Random) -> Iterator[Asked]:
    for paragraph, question in asked:
        if (pair := swap(paragraph, question, draw)) and _takes(reader, pair[1].question):
            yield pair


def _takes(reader: Reader, question: str) -> bool:
    try:
        reader.check(question)
    except QuestionError:
        return False
    return True


def swap(paragraph: SquadParagraph, question: SquadQuestion, draw: random.Random) -> Asked | None:
    """The question, asked of something else that the paragraph names; its answers stay. None where nothing fits."""
    text, asked = paragraph.text, question.question
    known = " ".join([asked, *(answer.text for answer in question.answers)])
    mentions = [m for m in _mentions(asked) if asked[slice(*m)] in text]
    draw.shuffle(mentions)
    for start, end in mentions:
        if others := _others(asked[start:end], text, known):
            swapped = asked[:start] + draw.choice(others) + asked[end:]
            return paragraph, replace(question, id=f"{question.id}-swapped", question=swapped)
    return None


def falls_for(pairs: Sequence[Asked], reader: Reader) -> Iterator[Asked]:
    """The questions to which ``reader`` gives one of the accepted answers, and rather than none."""
    best: dict[int, PassageSpan] = {}
    for spans in reader.read_many([Reading.bare(question.question, [paragraph.text]) for paragraph, question in pairs]):
        for number, span in spans:
            best[number] = min(best.get(number, span), span, key=PassageSpan.order)
    for number, span in sorted(best.items()):
        paragraph, question = pairs[number]
        accepted = [answer.text for answer in question.answers]
        if span.score > 0 and is_right(paragraph.text[span.start : span.end], accepted):
            yield paragraph, question


def _mentions(question: str) -> list[tuple[int, int]]:
    """Where its names and numbers stand. What it begins with is capital whatever it is."""
    names = [m.span() for m in _NAME.finditer(question) if m.start() > 0]
    return [(start, _without_possessive(question, start, end)) for start, end in names] + [
        m.span() for m in _NUMBER.finditer(question)
    ]


def _without_possessive(text: str, start: int, end: int) -> int:
    return start + len(_POSSESSIVE.sub("", text[start:end]))


def _others(mention: str, text: str, question_and_answers: str) -> list[str]:
    """What can stand in its place: of the same kind, and sharing no word with what question and answers say."""
    if mention in _MONTHS:
        candidates: Sequence[str] = _MONTHS
    elif _NUMBER.fullmatch(mention):
        candidates = [m.group() for m in _NUMBER.finditer(text) if len(m.group()) == len(mention)]
    else:
        candidates = [n for n in _names(text) if n.count(" ") == mention.count(" ") and n not in _MONTHS]
    known = set(_words(question_and_answers))
    return sorted({other for other in candidates if not known.intersection(_words(other))})


def _names(text: str) -> list[str]:
    matches = (m for m in _NAME.finditer(text) if not _BEGINS_SENTENCE.search(text, max(0, m.start() - 3), m.start()))
    return [name for m in matches if len(name := _POSSESSIVE.sub("", m.group())) > 1]


def _words(text: str) -> list[str]:
    return [word[:5] for word in re.findall(r"[\w.,]*\w", text.casefold())]
