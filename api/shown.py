"""How text from a client is shown in messages: in short, and with nothing in it that a terminal or a log obeys."""

from __future__ import annotations

LONGEST = 200
"""Characters of one piece of shown input."""


def shown(text: str, longest: int = LONGEST) -> str:
    """``text`` cut to ``longest`` characters, what is not printable (lone surrogates too) escaped as Python does."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return "".join(escaped)
