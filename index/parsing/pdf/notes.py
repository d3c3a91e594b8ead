"""What of a PDF was not read, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.parsing.pdf.page.pages import PageRead
from index.parsing.pdf.recognition import ELSEWHERE


def notes_on(pages: Sequence[PageRead]) -> Iterator[str]:
    """A sentence for each kind of thing that is left out, with the pages."""
    pictures = [(number, page.recognised) for number, page in enumerate(pages, start=1) if page.recognised]
    if read := [number for number, picture in pictures if picture.paragraphs]:
        yield f"{_named(read)} {'were' if len(read) > 1 else 'was'} read by Tesseract"
    for failure in dict.fromkeys(picture.failure for _, picture in pictures if not picture.paragraphs):
        numbers = [number for number, picture in pictures if not picture.paragraphs and picture.failure == failure]
        are = "are pictures" if len(numbers) > 1 else "is a picture"
        reason = f"whose text was not read: {failure}" if failure else "in which Tesseract found no text"
        yield f"{_named(numbers)} {are} {reason}"
    unseen = [number for number, page in enumerate(pages, start=1) if page.unseen]
    if unseen:
        count = sum(page.unseen for page in pages)
        yield (
            f"{count:,} characters on {_named(unseen)} that no reader sees were left out: "
            "invisible, white on white, or outside the page"
        )
    unreadable = [number for number, page in enumerate(pages, start=1) if page.unreadable]
    if unreadable:
        count = sum(page.unreadable for page in pages)
        yield (
            f"{count:,} characters on {_named(unreadable)} were left out, as their fonts do not say which characters "
            f"they are: {ELSEWHERE}, or export it anew"
        )


def _named(numbers: Sequence[int]) -> str:
    """ "page 2", or "pages 2, 5 and 7–9"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    names: list[str] = []
    for run in ranges:
        names += [f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run)
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"page{'s' * (len(numbers) > 1)} {listed}"
