r"""LaTeX (.tex): what pandoc passes over is written out first, the numbers of lists and the keys of what is cited."""

from __future__ import annotations

import re

_PART = re.compile(
    r"\\begin\{(verbatim|lstlisting|minted)\}.{0,5000}?\\end\{\1\}"
    r"|\\begin\{enumerate\}\s*\[(?P<options>[^\[\]]{1,200})\]"
    r"|(?P<list>\\begin\{thebibliography\})\s*\{[^{}]{0,50}\}"
    r"|\\bibitem\s*(?:\[[^\[\]]{0,200}\]\s*)?\{(?P<entry>[^{}]{1,200})\}"
    r"|\\(?!nocite)(?:[Cc]ite|[a-z]{1,20}cite|cite[a-z]{1,20})\*?\s*(?P<where>(?:\[[^\[\]]{0,200}\]\s*){0,2})"
    r"\{(?P<cited>[^{}]{1,1000})\}",
    re.DOTALL,
)
_LABEL = re.compile(r"(\(?)\\(arabic|alph|Alph|roman|Roman)\*(?:[\s{}]*([.)]))?")
_NUMERALS = {"arabic": "1", "alph": "a", "Alph": "A", "roman": "i", "Roman": "I"}
_START = re.compile(r"\bstart\s*=\s*(\d{1,6})")


def written_out(text: str) -> str:
    """The document as pandoc can read it."""
    # pandoc, which is kept from the clock, takes today for a day in 1970
    return _PART.sub(_written, text).replace("\\today", "")


def _written(found: re.Match[str]) -> str:
    if options := found["options"]:
        return _list(found[0], options)
    if entry := found["entry"]:
        return f"\\par {_in_brackets(entry)} "
    if cited := found["cited"]:
        return _in_brackets(", ".join([*map(str.strip, cited.split(",")), *re.findall(r"\[(.+?)\]", found["where"])]))
    return found["list"] or found[0]


def _list(begins: str, options: str) -> str:
    """The beginning of a list whose options name its labels or its first number."""
    label, start = _LABEL.search(options), _START.search(options)
    if label:
        begins = f"\\begin{{enumerate}}[{label[1]}{_NUMERALS[label[2]]}{label[3] or '.'}]"
    elif start:
        begins = "\\begin{enumerate}"
    return f"{begins}\\setcounter{{enumi}}{{{int(start[1]) - 1}}}" if start else begins


def _in_brackets(words: str) -> str:
    # braces, as a bracket behind \item would begin its label
    return "{[}" + words.replace("_", r"\_") + "{]}"
