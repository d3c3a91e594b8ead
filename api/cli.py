"""The command line."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from api.commands.agents import mcp
from api.commands.asking import ask, search
from api.commands.calibrating import calibrate
from api.commands.documents import app as documents_app
from api.commands.indexing import index
from api.commands.moving import move
from api.commands.opening import opened
from api.commands.options import FAILED, AsJson, Data, settings_with
from api.commands.reading import show
from api.commands.reindexing import reindex, tell_of_older
from api.commands.terminal import console, errors, progress_bar
from api.commands.upkeep import backup, doctor, restore
from api.keys import BETWEEN_COLLECTIONS, SCOPES, hash_of, new_key
from eval.commands import app as eval_app
from index.errors import SourcespanError
from index.store.names import collection_names
from index.upkeep.terminal import escape_streams, escaped_streams
from rag.training.commands import app as train_app

if TYPE_CHECKING:
    from rag.engine import Sourcespan


class _Escaped(typer.core.TyperGroup):
    """The commands, however they are run: what they print is escaped."""

    def main(self, *given: Any, **more: Any) -> Any:  # noqa: ANN401
        with escaped_streams():
            return super().main(*given, **more)


app = typer.Typer(
    cls=_Escaped,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (index, ask, search, show, reindex, doctor, backup, restore, move, mcp, calibrate):
    app.command()(command)
app.add_typer(documents_app, name="documents")
app.add_typer(eval_app, name="eval")
app.add_typer(train_app, name="train")


def main() -> None:
    """Runs the command line; an error of ours is one line and exit code 2."""
    escape_streams()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for talkative in ("sentence_transformers", "httpx", "mcp", "faiss"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    try:
        app()
    except SourcespanError as error:
        errors.print(f"sourcespan: {error}", style="red")
        sys.exit(FAILED)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"sourcespan {version('sourcespan')}", highlight=False)
        raise typer.Exit


@app.callback()
def common(
    _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """Ask your own documents. Every answer is an exact quote, or an honest no."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address.", show_default="SOURCESPAN_HOST, else 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port.", show_default="SOURCESPAN_PORT, else 8000")] = None,
    data: Data = None,
) -> None:
    """Serve the API and the chat page. The first start indexes the bundled article."""
    from api.app import create_app
    from api.middleware.logs import log_as_json
    from api.serving.server import Server, bound

    settings = settings_with(host=host, port=port, data=data)
    settings.check_address()
    # before the models are loaded: a port that is taken should not cost that time
    socket = bound(settings)
    library = opened(settings)
    tell_of_older(library)
    if library.index.is_untouched:
        _add_bundled(library)
    server = Server(create_app(library, settings), settings)
    log_as_json()
    socket.listen()  # who reads the next line may connect at once
    bound_host, bound_port = socket.getsockname()[:2]
    console.print(f"Sourcespan is at http://{bound_host}:{bound_port}  (Ctrl+C stops it)", style="bold")
    with suppress(KeyboardInterrupt):  # uvicorn has shut down in order by then, and raises it once more
        server.run(sockets=[socket])


@app.command()
def key(
    scope: Annotated[str, typer.Option(help="read: ask, search, read documents; write: everything.")] = "read",
    collection: Annotated[
        list[str] | None, typer.Option(help="Bind it to this collection; several ones may be named.")
    ] = None,
) -> None:
    """Make an API key. Only its hash goes into SOURCESPAN_API_KEYS: the key itself is shown once and kept nowhere."""
    if scope not in SCOPES:
        raise typer.BadParameter(f"must be one of {', '.join(SCOPES)}")
    made = new_key()
    bound = BETWEEN_COLLECTIONS.join(sorted(collection_names(collection or ())))
    console.print(f"key   {made}", soft_wrap=True)
    console.print(f"hash  {scope}:{hash_of(made)}{':' * bool(bound)}{bound}", soft_wrap=True)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service."""
    from api.app import create_api

    print(json.dumps(create_api().openapi(), indent=2, ensure_ascii=False))


@app.command()
def bench(as_json: AsJson = False) -> None:
    """Time asking and indexing on this machine. Beside it stands what its arithmetic alone must take."""
    from eval.benchmarks.bench import measure, show

    with errors.status("") as status:
        report = measure(settings_with().models, lambda what: status.update(f"Measuring: {what} …"))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2))
    else:
        show(report)


def _add_bundled(library: Sourcespan) -> None:
    from eval.suites.datasets import ARTICLE
    from index.parsing import parse_file

    with progress_bar("Indexing the bundled article") as progress:
        library.add(parse_file(ARTICLE), progress=progress)
