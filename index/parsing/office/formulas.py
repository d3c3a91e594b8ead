r"""Formulas in TeX as a line of plain text: ``\frac{3}{40}`` is "3/40", ``12^{2}`` is "12²"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from index.parsing.plain.raised import power, subscript

_MAX_NESTING = 50
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&]|\s+|%.*|.", re.DOTALL)
# signs that the library's table lacks, and spaces
_SIGNS: Mapping[str, str] = {
    "degree": "°", "ne": "≠", "le": "≤", "ge": "≥", "to": "→", "lbrace": "{", "rbrace": "}", "lbrack": "[",
    "rbrack": "]", "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖", "mid": "|", "prime": "′", "colon": ":",
    "quad": " ", "qquad": " ", "space": " ", "\\": "; ", ",": " ", ":": " ", ">": " ", ";": " ", "!": "", " ": " ",
    "newline": "; ", "limits": "", "nolimits": "", "displaystyle": "", "textstyle": "", "hline": "",
}  # fmt: skip
_FRACTIONS = frozenset(("frac", "dfrac", "tfrac", "cfrac", "sfrac"))
_OVER = {"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304", "vec": "\u20d7", "dot": "\u0307"}
_OVER |= {"ddot": "\u0308", "tilde": "\u0303", "widetilde": "\u0303", "overrightarrow": "\u20d7"}
_SIZES = frozenset(
    ("left", "right", "middle", *(f"{size}{side}" for size in ("big", "Big") for side in ("", "l", "r")))
)
_SIMPLE = re.compile(r"[\w.,′°%⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]*")
_SPACE_IN_BRACKETS = re.compile(r"(?<=[(\[{]) | (?=[)\]}])")
_NEXT_CELL = "\ue000"
"""Until it is known whether the cells are those of a matrix, or only where formulas are aligned."""
_ROOTS = {"3": "∛", "4": "∜"}


def readable(tex: str) -> str:
    """``tex`` as people would type it; as it is where it is nested too deeply to be read that way."""
    tokens = _Tokens(tex)
    try:
        parts = []
        while tokens.left():
            parts.append(_row(tokens, 0))
    except _TooDeep:
        return tex
    return _SPACE_IN_BRACKETS.sub("", " ".join("".join(parts).replace(_NEXT_CELL, ", ").split()))


class _TooDeep(Exception):
    """Groups in groups, more than anybody writes."""


class _Tokens:
    def __init__(self, tex: str) -> None:
        self._tokens = _TOKEN.findall(tex)
        self._next = 0

    def left(self) -> bool:
        return self._next < len(self._tokens)

    def peek(self) -> str:
        return self._tokens[self._next] if self.left() else ""

    def take(self) -> str:
        sign = self.peek()
        self._next += 1
        return sign

    def skip_space(self) -> None:
        while self.peek().isspace():
            self._next += 1

    def group_as_written(self) -> str:
        """The characters in the braces that come next: of a name, or of words."""
        self.skip_space()
        if self.peek() != "{":
            return self.take()
        self.take()
        parts: list[str] = []
        open_braces = 1
        while self.left():
            sign = self.take()
            open_braces += (sign == "{") - (sign == "}")
            if not open_braces:
                break
            parts.append(sign if len(sign) != 2 or sign[0] != "\\" else sign[1])
        return "".join(part for part in parts if part not in "{}")


def _row(tokens: _Tokens, depth: int, end: str = "}") -> str:
    """What stands until ``end``, or until the end of all."""
    if depth > _MAX_NESTING:
        raise _TooDeep
    written = _Written()
    while tokens.left():
        sign = tokens.take()
        if sign == end:
            break
        written.add(*_piece(sign, tokens, depth))
    return written.text()


class _Written:
    """Pieces of a formula in a row. One that must not touch its neighbours, as a fraction a number, has spaces."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._stands_apart = False

    def add(self, piece: str, stands_apart: bool) -> None:
        if not piece:
            return
        before = self._pieces[-1][-1] if self._pieces else " "
        if (stands_apart or self._stands_apart) and before.isalnum() and piece[0].isalnum():
            self._pieces.append(" ")
        self._pieces.append(piece)
        self._stands_apart = stands_apart

    def text(self) -> str:
        return "".join(self._pieces).strip()


def _piece(sign: str, tokens: _Tokens, depth: int) -> tuple[str, bool]:
    """The text of what begins with ``sign``, and whether it must not touch a letter or digit before or after it."""
    if sign == "{":
        group = _row(tokens, depth + 1)
        return group, "/" in group or "√" in group
    if sign in ("^", "_"):
        argument = _argument(tokens, depth)
        return (power if sign == "^" else subscript)(argument), False
    if sign == "&":
        return _NEXT_CELL, False
    if sign.startswith("%") or sign == "}":
        return "", False
    if not sign.startswith("\\"):
        return " " if sign.isspace() else sign, False
    return _command(sign[1:].rstrip("*"), tokens, depth)


def _command(name: str, tokens: _Tokens, depth: int) -> tuple[str, bool]:
    if name in _FRACTIONS:
        over, under = _argument(tokens, depth), _argument(tokens, depth)
        return f"{grouped(over)}/{grouped(under)}", True
    if name == "sqrt":
        return _root(tokens, depth), True
    if name in ("binom", "dbinom", "tbinom"):
        return f"({_argument(tokens, depth)} choose {_argument(tokens, depth)})", False
    if name in _OVER:
        argument = _argument(tokens, depth)
        return argument + _OVER[name] if len(argument) == 1 else argument, False
    if name in ("text", "textrm", "textbf", "textit", "mbox", "operatorname"):
        return tokens.group_as_written(), False
    if name.startswith("math") or name in ("underline", "boxed", "boldsymbol", "phantom"):
        return _argument(tokens, depth), False
    if name in _SIZES:
        tokens.skip_space()
        if tokens.peek() == ".":
            tokens.take()
        return "", False
    if name in ("label", "tag", "nonumber", "notag"):
        return _numbered(name, tokens), True
    if name == "begin":
        return _environment(tokens, depth), False
    if name == "end":
        tokens.group_as_written()
        return "", False
    return _sign(name), name.isalpha() and len(_sign(name)) > 1


def _numbered(name: str, tokens: _Tokens) -> str:
    """The number that an author has given a formula; its label is for references only."""
    words = tokens.group_as_written() if name in ("label", "tag") else ""
    return f" ({words})" if name == "tag" else ""


def _argument(tokens: _Tokens, depth: int) -> str:
    tokens.skip_space()
    sign = tokens.take()
    if depth > _MAX_NESTING:
        raise _TooDeep
    return _piece(sign, tokens, depth + 1)[0] if sign else ""


def _root(tokens: _Tokens, depth: int) -> str:
    tokens.skip_space()
    degree = ""
    if tokens.peek() == "[":
        tokens.take()
        degree = _row(tokens, depth + 1, end="]")
    sign = _ROOTS.get(degree) or f"{power(degree)}√"
    return f"{sign}{grouped(_argument(tokens, depth))}"


def _environment(tokens: _Tokens, depth: int) -> str:
    """Rows of a matrix, of cases or of an aligned formula, apart from one another."""
    name = tokens.group_as_written()
    if name == "array":
        tokens.group_as_written()  # how its columns are aligned
    has_cells = "matrix" in name or name in ("array", "cases")
    rows = _row(tokens, depth + 1, end="\\end").replace(_NEXT_CELL, ", " if has_cells else "")
    tokens.group_as_written()
    rows = "; ".join(one for row in rows.split("; ") if (one := " ".join(row.replace(" ,", ",").split())))
    return f"({rows})" if has_cells else rows


def grouped(text: str) -> str:
    """``text`` in brackets where it is more than a number, a name or a sign."""
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def _sign(name: str) -> str:
    if name in _SIGNS:
        return _SIGNS[name]
    return _known_sign()(name) or name


@cache
def _known_sign() -> Callable[[str], str]:
    from pylatexenc.latex2text import get_default_latex_context_db  # not at the top: only formulas need it

    known = get_default_latex_context_db()

    def sign(name: str) -> str:
        written = getattr(known.get_macro_spec(name), "simplify_repl", None)
        return written if isinstance(written, str) and "%" not in written else ""

    return sign
