"""Pages that are pictures → paragraphs, by Tesseract, where that program is installed."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from pypdfium2 import PdfPage

from index.isolation.limits import tie_to_parent

DPI, _MAX_PIXELS = 300, 40_000_000
_SURE = 30.0  # of 100: what Tesseract is less sure of is mostly no text
_CUT_WORD = re.compile(r"[^\W\d_]-$")
_PROGRAM = "tesseract"
ELSEWHERE = "run text recognition (OCR) over the file first"


@dataclass(frozen=True, slots=True)
class Recognition:
    """In which languages pictures are read, as Tesseract names them, and how many seconds of a file that may take."""

    languages: str = ""
    """Empty: they are not read."""
    seconds: float = 60.0


# of the job that is done: it is not handed through the readers of all formats, of which one needs it
wanted: ContextVar[Recognition] = ContextVar("wanted", default=Recognition())  # noqa: B039 - it is frozen


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was read of a picture: its paragraphs, or why there are none."""

    paragraphs: tuple[str, ...] = ()
    failure: str = ""


class Recogniser:
    """Reads the pictures of one file, as long as there is time left for them."""

    def __init__(self) -> None:
        self._languages = wanted.get().languages
        self._until = time.monotonic() + wanted.get().seconds

    def read(self, page: PdfPage) -> Recognised:
        """The text of a page as it is seen."""
        if not self._languages:
            return Recognised(failure=ELSEWHERE)
        if shutil.which(_PROGRAM) is None:
            return Recognised(failure=f"install tesseract-ocr, or {ELSEWHERE}")
        too_long = Recognised(failure=f"that would take too long; {ELSEWHERE}")
        left = self._until - time.monotonic()
        if left <= 0:
            return too_long
        command = [_PROGRAM, "stdin", "stdout", "-l", self._languages, "--dpi", str(DPI), "tsv"]
        try:
            done = subprocess.run(  # noqa: S603
                command,
                input=_picture_of(page),
                capture_output=True,
                timeout=left,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                preexec_fn=partial(tie_to_parent, os.getpid()),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return too_long
        if done.returncode:
            errors = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
            return Recognised(failure=f"Tesseract broke off ({errors[0][:100]})")
        return Recognised(tuple(_paragraphs(done.stdout.decode(errors="replace"))))


def _picture_of(page: PdfPage) -> bytes:
    width, height = page.get_size()
    scale = min(DPI / 72, math.sqrt(_MAX_PIXELS / max(width * height, 1.0)))
    file = io.BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(file, "PPM")
    return file.getvalue()


def _paragraphs(table: str) -> Iterator[str]:
    """The paragraphs in the order in which Tesseract reads them, from its table of words."""
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [row for row in rows if (row["text"] or "").strip() and float(row["conf"]) >= _SURE]
    for _, paragraph in groupby(words, key=lambda row: (row["block_num"], row["par_num"])):
        text = ""
        for _, line in groupby(paragraph, key=lambda row: row["line_num"]):
            following = " ".join(row["text"].strip() for row in line)
            if _CUT_WORD.search(text) and following[0].islower():
                text = text[:-1] + following
            else:
                text = f"{text} {following}" if text else following
        yield text
