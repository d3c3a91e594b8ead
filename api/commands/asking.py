"""``sourcespan ask`` and ``search``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.opening import check_there, opened
from api.commands.options import FAILED, NOT_FOUND, AsJson, Collections, Data, Filter, filter_of, settings_with
from api.commands.terminal import errors, show_passages, show_result
from index.errors import CollectionNotFound
from index.store.names import collection_names
from rag.questions import Turn

if TYPE_CHECKING:
    from rag.engine import Sourcespan

Words = Annotated[list[str], typer.Argument(help="What you want to know; its words may stand without quotes.")]
Documents = Annotated[list[str] | None, typer.Option("--document", help="Only of this document, by its id.")]
TopK = Annotated[int | None, typer.Option(help="Passages to read.", show_default="5")]


def ask(
    question: Words,
    data: Data = None,
    after: Annotated[
        list[str] | None, typer.Option(help="A question that it goes on from; several ones in order.")
    ] = None,
    document: Documents = None,
    collection: Collections = None,
    filter: Filter = None,  # noqa: A002
    top_k: TopK = None,
    n_best: Annotated[int | None, typer.Option(help="Answers to give.", show_default="3")] = None,
    min_confidence: Annotated[
        float | None, typer.Option(help="Give what has this confidence.", show_default="the fitted decision")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the index. Exit code 0: answered; 1: not sure, or the documents don't say; 2: an error."""
    library = _opened(data)
    among: dict[str, Any] = {
        "document_ids": _checked(library, document),
        "filter": _filter(library, collection, filter),
    }
    history: list[Turn] = []
    for earlier in after or ():
        answers = library.ask(earlier, history=history, **among).answers
        history.append(Turn(earlier, next((each.text for each in answers), None)))
    result = library.ask(
        " ".join(question), top_k=top_k, n_best=n_best, min_confidence=min_confidence, history=history, **among
    )
    if as_json:
        from api.wire.schemas import AskResponse

        print(AskResponse.of(result, include_passages=False).model_dump_json(indent=2))
    else:
        show_result(result)
    if result.abstained:
        raise typer.Exit(NOT_FOUND)


def search(
    query: Annotated[list[str], typer.Argument(help="What to look for; its words may stand without quotes.")],
    data: Data = None,
    document: Documents = None,
    collection: Collections = None,
    filter: Filter = None,  # noqa: A002
    top_k: Annotated[int | None, typer.Option(help="Passages to give.", show_default="5")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say which words of the query each passage has.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find passages without reading them. The nearest come first. Exit code 1: there is none."""
    library = _opened(data, answers=False)
    ids, among = _checked(library, document), _filter(library, collection, filter)
    found = library.search(" ".join(query), top_k=top_k, document_ids=ids, filter=among, explain=explain)
    if as_json:
        from api.wire.schemas import PassagesFound

        print(json.dumps(PassagesFound.of(found.passages).model_dump(), indent=2, ensure_ascii=False))
    else:
        show_passages(found.passages, library.document)
    if not found.passages:
        raise typer.Exit(NOT_FOUND)


def _opened(data: object, *, answers: bool = True) -> Sourcespan:
    settings = settings_with(data=data)
    check_there(settings)
    library = opened(settings, answers=answers)
    if library.index.count()[0] == 0:
        errors.print("sourcespan: nothing is indexed yet: run `sourcespan index PATH`", style="red")
        raise typer.Exit(FAILED)
    return library


def _checked(library: Sourcespan, documents: list[str] | None) -> list[str] | None:
    """The ids, each of a document that is there. Raises DocumentNotFound."""
    for document_id in documents or ():
        library.document(document_id)
    return documents


def _filter(library: Sourcespan, collections: list[str] | None, given: str | None) -> dict[str, object] | None:
    """The filter of both options. Raises CollectionNotFound, InvalidFilter."""
    there = library.collections() if collections else {}
    for name in collection_names(collections or ()):
        if name not in there:
            raise CollectionNotFound(name)
    return filter_of(collections, given)
