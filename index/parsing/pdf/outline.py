"""Where a PDF says itself what its title and its headings are: metadata, bookmarks, and the structure of its pages."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from pypdfium2 import PdfDocument, PdfPage, raw

from index.documents import Heading
from index.parsing.content import MAX_HEADING, composed, one_line

_MAX_BOOKMARKS = 10_000
# of pages, for the words of bookmarks; of those words, as many as tell one bookmark from another
_CHARACTERS_LOOKED_THROUGH = 20_000_000
_CHARACTERS_LOOKED_FOR = 100
_MAX_ELEMENTS = 20_000  # of the structure of a page
_ROLES = {"H": 1, "Title": 1} | {f"H{level}": level for level in range(1, 7)}
_LEVELS = {role.encode("utf-16-le"): level for role, level in _ROLES.items()}
# what programs write where nobody gave a title
_NO_TITLE = re.compile(
    r"(untitled|\(anonymous\)|microsoft (word|powerpoint)\b.*|.*\.(docx?|pptx?|indd|tex|dvi|pdf|rtf|odt))?", re.I
)

Bookmark = tuple[int, int, str]
"""Page from 0, level from 1, title."""


def title_of(document: PdfDocument) -> str:
    """The title that a document gives itself; empty where a program gave it."""
    title = _one_line(lambda: document.get_metadata_value("Title"))
    return "" if _NO_TITLE.fullmatch(title) else title


def bookmarks_of(document: PdfDocument) -> Iterator[Bookmark]:
    """The bookmarks that lead to a page."""
    for bookmark in islice(document.get_toc(), _MAX_BOOKMARKS):
        title = _one_line(bookmark.get_title)
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        if title and page is not None:
            yield page, bookmark.level + 1, title


def _one_line(read: Callable[[], str]) -> str:
    """A title in one line; nothing where it is not proper UTF-16."""
    try:
        return one_line(composed(read()[:MAX_HEADING]))
    except UnicodeDecodeError:
        return ""


def placed(bookmarks: Sequence[Bookmark], text: str, pages: Sequence[int]) -> tuple[Heading, ...]:
    """Each where its words stand on its page, else where the page begins; in the order of the text.

    Where there are so many bookmarks on so long pages that nobody could have set them, they are not looked for.
    """
    ends = (*pages[1:], len(text))
    left = _CHARACTERS_LOOKED_THROUGH
    headings: list[Heading] = []
    for page, level, title in bookmarks:
        if not 0 <= page < len(pages):
            continue
        start, end = pages[page], ends[page]
        left -= end - start
        place = _place(title[:_CHARACTERS_LOOKED_FOR], text, start, end) if left >= 0 else start
        headings.append(Heading(place, level, title))
    return tuple(sorted(headings, key=lambda heading: heading.start))


def _place(title: str, text: str, start: int, end: int) -> int:
    words = r"\s+".join(map(re.escape, title.split()))
    on_page = text[start:end]
    found = re.search(rf"^{words}", on_page, re.I | re.M) or re.search(words, on_page, re.I)
    return start + found.start() if found else start


def levels_on(page: PdfPage) -> dict[int, int]:
    """The levels of the headings of a tagged page, by the numbers of their marked content."""
    tree = raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return {}
    levels: dict[int, int] = {}
    buffer = ctypes.create_string_buffer(32)
    roots = (raw.FPDF_StructTree_GetChildAtIndex(tree, i) for i in range(raw.FPDF_StructTree_CountChildren(tree)))
    waiting = [(root, 0) for root in roots if root]
    for _ in range(_MAX_ELEMENTS):
        if not waiting:
            break
        element, level = waiting.pop()
        raw.FPDF_StructElement_GetType(element, buffer, 32)
        level = level or _LEVELS.get(bytes(buffer).split(b"\0\0\0")[0] + b"\0", 0)
        for number in range(max(0, raw.FPDF_StructElement_CountChildren(element))):
            child = raw.FPDF_StructElement_GetChildAtIndex(element, number)
            if child:
                waiting.append((child, level))
            elif level and (content := raw.FPDF_StructElement_GetChildMarkedContentID(element, number)) >= 0:
                levels[content] = level
    raw.FPDF_StructTree_Close(tree)
    return levels
