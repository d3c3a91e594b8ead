"""``sourcespan documents``: what is in the index, listed, shown, renamed, removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.opening import check_there, opened
from api.commands.options import AsJson, Collections, Data, Filter, filter_of, settings_with
from api.commands.reading import print_draft
from api.commands.reindexing import erase_quotes
from api.commands.terminal import console, errors
from index.documents import DocumentDraft
from index.upkeep.terminal import escaped_line

if TYPE_CHECKING:
    from rag.engine import Sourcespan

app = typer.Typer(help="List, show, rename and remove documents.", invoke_without_command=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help="Of the document, as the list shows it.")]
SORTS = ("oldest", "newest", "title", "size")


@app.callback()
def documents(
    context: typer.Context,
    data: Data = None,
    words: Annotated[str, typer.Option("--search", help="Words in title or source.")] = "",
    sort: Annotated[str, typer.Option(help=f"One of {', '.join(SORTS)}.")] = "newest",
    collection: Collections = None,
    filter: Filter = None,  # noqa: A002
    limit: Annotated[int | None, typer.Option(help="At most so many.", show_default="all")] = None,
    as_json: AsJson = False,
) -> None:
    """List the documents, or show, rename or remove one."""
    if context.invoked_subcommand is not None:
        return
    order = next((each for each in SORTS if each == sort), None)
    if order is None:
        raise typer.BadParameter(f"--sort must be one of {', '.join(SORTS)}")
    with _there(data) as library:
        found = library.documents(filter=filter_of(collection, filter), words=words, sort=order, limit=limit)  # type: ignore[arg-type]
    if as_json:
        from api.wire.documents.schemas import DocumentOut

        print(
            json.dumps([DocumentOut.of(each).model_dump(mode="json") for each in found], indent=2, ensure_ascii=False)
        )
        return
    for each in found:
        where = f"  [{', '.join(each.collections)}]" if each.collections else ""
        when = (each.changed_at or each.created_at).date().isoformat()
        sources = ", ".join(each.sources)
        console.print(
            escaped_line(f"{each.id}  {when}  {each.kind:6}  {each.title}  ({sources}){where}"),
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    errors.print(f"{len(found):,} document{'s' * (len(found) != 1)}", highlight=False)


@app.command()
def show(document: Id, data: Data = None) -> None:
    """Print a document as it is stored. That is its text, pages, headings and tables, and what was not read."""
    with _there(data) as library:
        known, text = library.index.with_text(document)
        outline = library.index.outline(document)
    print_draft(DocumentDraft(known.title, text, known.source, outline=outline, notes=known.notes))


@app.command()
def remove(
    documents: Annotated[list[str], typer.Argument(help="Ids of documents, as the list shows them.")],
    data: Data = None,
) -> None:
    """Remove documents, and what feedback quotes of them. A file that is still there is put in by the next `index`."""
    with _there(data) as library:
        for document_id in documents:
            library.remove(document_id)
            erase_quotes(library, document_id)


@app.command()
def rename(document: Id, title: Annotated[str, typer.Argument(help="The new one.")], data: Data = None) -> None:
    """Give a document another title, by which its passages are found from then on."""
    with _there(data) as library:
        library.rename(document, title)


def _there(data: object) -> Sourcespan:
    settings = settings_with(data=data)
    check_there(settings)
    return opened(settings, answers=False)
