"""How text that came from outside is shown in messages: in short, with nothing in it that a terminal or a log obeys."""

from __future__ import annotations

_LONGEST = 200


def cut(text: str, longest: int = _LONGEST) -> str:
    """``text``, where it is longer than ``longest`` characters only its beginning and an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def shown(text: str, longest: int = _LONGEST) -> str:
    """``text`` cut; characters that are not printable, lone surrogates too, are escaped as Python writes them."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut(text, longest))
