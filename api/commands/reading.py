"""``sourcespan show``: how a file is read, so that it can be looked at before it is put in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from api.commands.options import FAILED, AsJson, settings_with
from api.commands.terminal import console, errors
from index.documents import BlockKind, DocumentDraft, Location, TextBlock
from index.upkeep.terminal import escaped_line

_STYLES = {"heading": "bold", "note": "dim", "caption": "italic"}
_COUNTED: dict[BlockKind, str] = {"heading": "headings", "list_item": "list items", "table": "tables", "note": "notes"}


def show(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders and archives, as for `index`.", exists=True)],
    as_json: AsJson = False,
) -> None:
    """Print how files are read. That is their text, pages, headings and tables, and what of them is not read."""
    from index.parsing.isolated import Parser

    failed = False
    with Parser(ocr=settings_with().ocr_languages) as parser:
        for parsed in parser.drafts_in(paths):
            if parsed.draft is None:
                failed = failed or not parsed.is_skipped
                errors.print(escaped_line(str(parsed.error)), style="red", soft_wrap=True)
            elif as_json:
                print(json.dumps(_as_json(parsed.draft), ensure_ascii=False))
            else:
                print_draft(parsed.draft)
    if failed:
        raise typer.Exit(FAILED)


def _as_json(draft: DocumentDraft) -> dict[str, object]:
    return {
        "source": draft.source,
        "title": draft.title,
        "notes": draft.notes,
        "pages": draft.outline.pages,
        "page_labels": draft.outline.labels,
        "blocks": [asdict(block) for block in draft.outline.blocks],
        "text": draft.text,
    }


def print_draft(draft: DocumentDraft) -> None:
    """Prints a document block by block."""
    console.print(Text(escaped_line(draft.source), style="bold green"), Text(escaped_line(f"“{draft.title}”")))
    console.print(", ".join(_counts(draft)), style="dim", highlight=False)
    for note in draft.notes:
        console.print(escaped_line(note), style="yellow", soft_wrap=True)
    pages = iter(enumerate(draft.outline.pages, start=1))
    page = next(pages, None)
    for block in _blocks(draft):
        while page is not None and page[1] <= block.start:
            printed = draft.outline.labels[page[0] - 1] if draft.outline.labels else ""
            console.print(escaped_line(f"── {Location(page[0], None, printed or None).page_in_words} ──"), style="cyan")
            page = next(pages, None)
        kind = block.kind.replace("_", " ")
        for line in draft.text[block.start : block.end].split("\n"):
            label = Text(f"{kind:>9} │ ", style="dim")
            console.print(label + Text(escaped_line(line), style=_STYLES.get(block.kind, "")), soft_wrap=True)
            kind = ""
    console.print()


def _counts(draft: DocumentDraft) -> Iterator[str]:
    yield f"{len(draft.text.split()):,} words"
    if draft.outline.pages:
        yield f"{len(draft.outline.pages):,} pages"
    kinds = Counter(block.kind for block in draft.outline.blocks)
    for kind, name in _COUNTED.items():
        if number := kinds[kind]:
            yield f"{number:,} {name}"


def _blocks(draft: DocumentDraft) -> Iterator[TextBlock]:
    """Its blocks; of a plain text its paragraphs, page by page."""
    if draft.outline.blocks:
        yield from draft.outline.blocks
        return
    bounds = sorted({0, *draft.outline.pages, len(draft.text)})
    for start, end in pairwise(bounds):
        yield TextBlock(start, end, "paragraph")
