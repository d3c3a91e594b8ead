"""pandoc, run as a process that has no network, no files and no more memory and time than its caller."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.errors import DocumentTooComplex, MalformedFile
from index.isolation.limits import Limits, memory_limit, tie_to_parent
from index.parsing.content import File, left_out

_HEAP_SHARE = 0.6
"""Of the address space that the caller has: the program itself, 160 MB, and copies while it tidies up come on top."""
_HEAP_EXHAUSTED = 251
_NOT_INCLUDED = re.compile(r"^\[\w+\] Could not load include file (\S+)", re.MULTILINE)
_STYLES = (".sty", ".cls", ".def", ".cfg")
# of those around a part only the kind of the part is lost
_NOT_KNOWN = re.compile(r"^\[\w+\] Skipped '(\\(?!begin\b|end\b).*)' at ", re.MULTILINE)
_WITH_WORDS = re.compile(r"\{[^{}]*\w")
_MAX_REASON = 200
_LITERALS = {"Space": " ", "SoftBreak": " ", "LineBreak": "\n"}


def syntax_tree(file: File, data: bytes, format_name: str) -> dict[str, Any]:
    """The document in ``data``, in a format of pandoc's, as its JSON has it, but words and spaces are plain strings.

    Under "notes" stands what pandoc says that it left out.
    Raises MalformedFile, DocumentTooComplex.
    """
    limit = memory_limit() or Limits().memory_bytes
    heap = f"-M{int(_HEAP_SHARE * limit) >> 20}m"
    # --sandbox: it opens no file and no address that a document names
    command = [str(_program()), "--sandbox", "--verbose", "--from", format_name, "--to", "json", "+RTS", heap, "-RTS"]
    ran = subprocess.run(  # noqa: S603 - nothing in the command comes from a document
        command,
        input=data,
        capture_output=True,
        check=False,
        cwd="/" if os.name == "posix" else None,
        env={"LC_ALL": "C.UTF-8", "HOME": "/nonexistent"},
        preexec_fn=_end_with_caller(),
    )
    if ran.returncode == _HEAP_EXHAUSTED:
        raise DocumentTooComplex(file.name, "memory", limit)
    if ran.returncode:
        raise MalformedFile(file.name, _reason(ran.stderr, ran.returncode))
    del data
    try:
        tree: dict[str, Any] = json.loads(ran.stdout, object_hook=_lighter)
    except RecursionError:
        raise MalformedFile(file.name, "its parts are nested too deeply in one another") from None
    return {**tree, "notes": _left_out(ran.stderr.decode(errors="replace"))}


def _left_out(said: str) -> list[str]:
    """What of a document pandoc could not read, but for the styles of typesetters, which say nothing."""
    included = [name for name in _NOT_INCLUDED.findall(said) if not name.endswith(_STYLES)]
    return [
        *left_out("files that it includes", included),
        *left_out(
            "commands that are not known", [name for name in _NOT_KNOWN.findall(said) if _WITH_WORDS.search(name)]
        ),
    ]


def _end_with_caller() -> Callable[[], None] | None:
    return partial(tie_to_parent, os.getpid()) if sys.platform == "linux" else None


@cache
def _program() -> Path:
    package = find_spec("pypandoc")
    if package is None or package.origin is None:
        raise FileNotFoundError("the package pypandoc_binary is not installed")
    return Path(package.origin).parent / "files" / ("pandoc.exe" if os.name == "nt" else "pandoc")


def _lighter(element: dict[str, Any]) -> Any:  # noqa: ANN401 - a tree of JSON
    """Most of a tree are words and spaces, which take a tenth of the memory as strings."""
    kind = element.get("t")
    return element["c"] if kind == "Str" else _LITERALS.get(kind, element) if isinstance(kind, str) else element


def _reason(errors: bytes, status: int) -> str:
    lines = [
        line for line in errors.decode(errors="replace").splitlines() if not line.startswith(("[WARNING]", "[INFO]"))
    ]
    return " ".join(" ".join(lines).split())[:_MAX_REASON] or f"pandoc ended with exit code {status}"
