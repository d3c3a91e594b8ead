"""How results and long work look in a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from index.upkeep.terminal import Console, escaped_line

if TYPE_CHECKING:
    from index.documents import Document
    from index.ingestion.added import Added
    from index.interfaces import Progress as Tell
    from index.upkeep.finding import Finding
    from rag.answers import Answer, Result, RetrievedPassage

console = Console()
errors = Console(stderr=True)


class _RateColumn(ProgressColumn):
    """How much is done in a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}{self._unit}/s", style="progress.data.speed")


@contextmanager
def progress_bar(what: str, *, unit: str = "", per: int = 1, transient: bool = False) -> Iterator[Tell]:
    """A bar on stderr while the block runs, moved by calling what it gives with (done, total).

    It shows both in ``unit``, each of which is ``per`` of what is counted, the rate, and the time that is left.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        _RateColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=transient) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done / per, total=total / per)


_NAMED = 10
"""How many files of a kind that is not read are named."""


def show_result(result: Result) -> None:
    """The answers, each in its sentence; or that there are none, and the closest where that is worth a look."""
    if result.read_as is not None:
        console.print(f"read as: {escaped_line(result.read_as)}", style="dim")
    if result.status == "unsure":
        closest = result.candidates[0]
        console.print(f"Not sure. Closest: {escaped_line(closest.text)}", style="dim")
        console.print(Text("  " + " ".join(closest.sentence_text.split()), style="dim"))
        console.print(f"  {_where(closest)}\n", style="dim")
        return
    if result.abstained:
        console.print(escaped_line(result.detail or "The documents don't say."), style="bold")
        return
    for answer in result.answers:
        _show(answer)


def show_passages(passages: Sequence[RetrievedPassage], document: Callable[[str], Document]) -> None:
    """Passages that were found, each with where it stands and, where that is known, the words of the query in it."""
    for found in passages:
        source = document(found.passage.document_id)
        console.print(Text("  " + " ".join(escaped_line(found.passage.text).split())))
        where = [
            source.source or source.title,
            *([found.passage.location.page_in_words] if found.passage.location.page else []),
        ]
        scores = f"score {found.score:.3f}" + "".join(
            f", {name} {value:.3f}"
            for name, value in (("cosine", found.cosine), ("bm25", found.bm25))
            if value is not None
        )
        console.print(f"  {', '.join(map(escaped_line, where))} ({scores})", style="dim", highlight=False)
        if found.matched is not None:
            words = ", ".join(escaped_line(word.word) for word in found.matched) or "none of its words"
            console.print(f"  has: {words}", style="dim", highlight=False)
        console.print()


def show_finding(finding: Finding) -> None:
    """One check of the doctor's, and what to do about it."""
    style = {"fine": "green", "warning": "yellow", "fault": "red"}[finding.severity]
    console.print(Text(f"{finding.severity:8}", style=style), Text(f"{finding.check}: {finding.says}"))
    if finding.mend:
        console.print(Text(f"{'':8} → {finding.mend}"))


def show_ingested(outcome: Added, what: str, *, as_json: bool) -> None:
    """Prints what became of one file: new, replaced, unchanged or removed, or why it could not be read."""
    if as_json:
        print(json.dumps(_ingested(outcome, what)))
    elif outcome.is_skipped:
        return  # all of them are named at the end
    elif what == "failed":
        errors.print(f"failed     {escaped_line(str(outcome.path))}", style="red")
    else:
        count = outcome.document.passages if outcome.document is not None else 0
        passages = f" ({count:,} passage{'s' * (count != 1)})" if count else ""
        console.print(f"{what:9}  {escaped_line(str(outcome.path))}{passages}", soft_wrap=True)
        for note in outcome.notes:
            errors.print(f"           {escaped_line(note)}", style="yellow", soft_wrap=True)


def show_skipped(paths: Sequence[Path]) -> None:
    """The files whose kinds are not read, by kind, at the end of long work."""
    kinds: dict[str, list[str]] = {}
    for path in paths:
        kinds.setdefault(path.suffix.lower() or "no suffix", []).append(path.name)
    for kind, names in sorted(kinds.items()):
        first = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        errors.print(
            escaped_line(f"skipped {len(names):,} ({kind} is not read): {first}"), style="yellow", soft_wrap=True
        )


def show_failures(failed: Sequence[tuple[Path | str | None, Exception | None]]) -> None:
    """The files that could not be read, and why, at the end of long work."""
    if not failed:
        return
    errors.print(f"{len(failed):,} file{'s' * (len(failed) != 1)} could not be read:", style="bold red")
    for path, reason in failed:
        errors.print(f"  {escaped_line(str(path))}: {escaped_line(str(reason))}", style="red", soft_wrap=True)


def _show(answer: Answer) -> None:
    quote, sentence = (" ".join(text.split()) for text in (answer.text, answer.sentence_text))
    lines = answer.text.splitlines() if answer.kind == "list" else [answer.text]
    shown = "\n  ".join(map(escaped_line, lines))
    console.print(Text(shown, style="bold"), Text(f"{answer.confidence:.0%}", style="green"))
    if answer.kind != "list" and quote != sentence:
        in_sentence = Text(f"  {sentence}")
        in_sentence.highlight_words([quote], style="bold reverse")
        console.print(in_sentence)
    console.print(f"  {_where(answer)}\n", style="dim")


def _where(answer: Answer) -> str:
    heading, cell = answer.location.heading, answer.cell
    where = [
        answer.document.source or answer.document.title,
        *([answer.location.page_in_words] if answer.location.page else []),
        *([f"“{heading}”"] if heading else []),
        *([f"row “{cell.row}”"] if cell and cell.row else []),
        *([f"column “{cell.column}”"] if cell else []),
        *(["what decides"] if answer.kind == "clause" else []),
        f"characters {answer.span.start:,}–{answer.span.end:,}",
    ]
    return ", ".join(map(escaped_line, where))


def _ingested(outcome: Added, what: str) -> dict[str, object]:
    row: dict[str, object] = {"path": str(outcome.path), "outcome": what}
    if outcome.document is None:
        return row | ({"error": str(outcome.error), "skipped": outcome.is_skipped} if outcome.error else {})
    document = outcome.document
    return row | {
        "id": document.id,
        "new": outcome.is_new,
        "passages": document.passages,
        "notes": outcome.notes,
    }
