"""Answers in words: Markdown that reads well where nothing but text is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

from api.wire.page_links import Links
from index.documents import Document, Location
from rag.answers import Answer, Result, Span

ABSTAINED = "The documents don't say."
UNSURE = "Not sure. Closest:"

# where a calibrated probability begins to be called so
_WORDS = ((0.9, "very likely right"), (0.75, "likely right"), (0.5, "more likely right than not"), (0.0, "doubtful"))
_LONGEST_SENTENCE = 600
# what would be a link, a picture, HTML, emphasis or struck out in Markdown, or stand for a character, or hide one
_ACTIVE = re.compile(r"[*`<\[~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|\\(?=[!-/:-@\[-`{-~])")
_QUOTED = re.compile(
    r"\A\*\*(?P<bold>[^\n]+?)\*\*\n\n|\A(?P<fence>`{3,})text\n(?P<fenced>.*?)\n(?P=fence)\n\n", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Worded:
    """A text, and where in it the quote stands, as it stands in the document; None where nothing is quoted."""

    text: str
    quoted: Span | None = None


def worded(result: Result, links: Links) -> Worded:
    """The best answer of a result, or the closest with a doubt, or that there is none."""
    if result.status == "not_found" or result.detail:
        return Worded(result.detail or ABSTAINED)
    return worded_answer(
        result.candidates[0] if result.abstained else result.answers[0], links, sure=not result.abstained
    )


def worded_answer(answer: Answer, links: Links, *, sure: bool = True) -> Worded:
    """The quote, its sentence, and where it stands with a link and how sure it is; a paragraph each."""
    if _ACTIVE.search(answer.text) or answer.text.splitlines() != [answer.text]:
        # in a block of its own nothing of it is obeyed, and everything shown
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", answer.text)), default=0))
        opening, closing, gap = f"{fence}text\n", f"\n{fence}", "\n\n"
    else:
        opening, closing, gap = "**", "**", " "
    before = "" if sure else UNSURE + gap
    start = len(before) + len(opening)
    where = f"[{plain(source_of(answer.document, answer.location))}]({links.to_quote(answer)})"
    paragraphs = [
        f"{before}{opening}{answer.text}{closing}",
        *_sentence(answer),
        f"{where} · {confidence_in_words(answer.confidence)}",
    ]
    return Worded("\n\n".join(paragraphs), Span(start, start + len(answer.text)))


def quote_in(text: str) -> str | None:
    """What `worded` quoted in ``text``; all of a text that others wrote; None where nothing was answered."""
    if text.startswith((ABSTAINED, UNSURE)):
        return None
    quoted = _QUOTED.match(text)
    return (quoted["bold"] or quoted["fenced"]) if quoted else text


def confidence_in_words(confidence: float) -> str:
    """ "likely right (82%)"."""
    words = next(words for least, words in _WORDS if confidence >= least)
    return f"{words} ({confidence:.0%})"


def source_of(document: Document, location: Location) -> str:
    """Title, file, page and heading, as far as they are known."""
    source = document.source if document.source not in ("", document.title) else ""
    where = [
        f"{document.title} ({source})" if source else document.title,
        *([location.page_in_words] if location.page else []),
        *([f"“{location.heading}”"] if location.heading not in (None, document.title) else []),
    ]
    return ", ".join(where)


def plain(text: str) -> str:
    """``text`` in one line, so written that Markdown shows every character of it and makes nothing else of it."""
    return _ACTIVE.sub(lambda active: f"\\{active[0]}", " ".join(text.split())).replace("]", r"\]")


def _sentence(answer: Answer) -> list[str]:
    """The sentence around the quote in a line, cut where it is long; nothing where the quote is all of it."""
    text, offset = answer.sentence_text, answer.span.start - answer.sentence.start
    if " ".join(text.split()) == " ".join(answer.text.split()):
        return []
    around = max(0, _LONGEST_SENTENCE - len(answer.text)) // 2
    first, last = max(0, offset - around), offset + len(answer.text) + around
    cut = plain(text[first:last])
    return [f"> “{'… ' * (first > 0)}{cut}{' …' * (last < len(text))}”"]
