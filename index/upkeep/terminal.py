"""What is printed: no character of a text, a title or a file name reaches the terminal as a command to it.

A terminal obeys control characters: they set its title, write over what stands there, type for its user. Others change
the order in which a line is read. Both kinds are shown as escapes instead, wherever they come from: everything that is
printed goes through a `Console` or through a stream that `escape_streams` has put in the place of stdout and stderr.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

# control characters but the line feed, bidirectional overrides and isolates, separators of lines and paragraphs, tags,
# and surrogates, which stand for bytes of file names that are no text
_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def escaped(text: str) -> str:
    """``text`` as it is shown; line feeds stay."""
    return _OBEYED.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def escaped_line(text: str) -> str:
    """``text`` as `escaped` shows it, in one line, as a name or a title must stay."""
    return escaped(text).replace("\n", r"\n")


class Console(rich.console.Console):
    """Rich's, which shows what a terminal would obey; text in brackets is no markup, and numbers have no colours."""

    def __init__(self, *, stderr: bool = False, file: TextIO | None = None, width: int | None = None) -> None:
        super().__init__(stderr=stderr, file=file, width=width, highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Everything that is printed comes by here; what Rich itself has to say to the terminal is told apart."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)


class _Escaping:
    """A text stream that shows what a terminal would obey, written as JSON does: what is JSON stays so."""

    def __init__(self, stream: TextIO) -> None:
        # where Rich finds the stream for what a `Console` prints, which is escaped already and has styles
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Writes ``text`` with everything escaped that a terminal would obey; gives the length of ``text``."""
        self.rich_proxied_file.write(_OBEYED.sub(lambda match: _as_json(match[0]), text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes the lines, escaped as by `write`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.rich_proxied_file, name)


def escape_streams() -> None:
    """From now on whatever is printed to stdout and stderr is escaped."""
    sys.stdout, sys.stderr = _escaping(sys.stdout), _escaping(sys.stderr)


@contextmanager
def escaped_streams() -> Iterator[None]:
    """While the block runs, whatever is printed to stdout and stderr is escaped."""
    before = sys.stdout, sys.stderr
    escape_streams()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _escaping(stream: TextIO) -> TextIO:
    return stream if isinstance(stream, _Escaping) else cast(TextIO, _Escaping(stream))


def _as_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[start : start + 2].hex()}" for start in range(0, len(units), 2))
