"""The options that choose models and retrieval, of the commands that measure answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from inspect import Signature, signature
from typing import Annotated, Any

import typer

from index.bert.precision import Precision
from rag.config import DEFAULT_EMBEDDER, DEFAULT_READER, ModelConfig, RetrieverConfig


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which models are measured, and how passages are found."""

    models: ModelConfig = field(default_factory=ModelConfig)
    retriever: RetrieverConfig = field(default_factory=RetrieverConfig)


DEFAULTS = Chosen()


def chosen_by(
    embedder: Annotated[
        str, typer.Option(envvar="SOURCESPAN_EMBEDDER", help="Folder or name.", show_default="the bundled one")
    ] = "",
    reader: Annotated[
        str, typer.Option(envvar="SOURCESPAN_READER", help="Folder or name.", show_default="the bundled one")
    ] = "",
    calibration: Annotated[str, typer.Option(envvar="SOURCESPAN_CALIBRATION", help="A file, or `none`.")] = "",
    dense_weight: Annotated[
        float, typer.Option(min=0, max=1, envvar="SOURCESPAN_DENSE_WEIGHT", help="Of meaning; of words the rest of 1.")
    ] = RetrieverConfig().dense_weight,
    reranker: Annotated[
        str, typer.Option(envvar="SOURCESPAN_RERANKER", help="Folder or name.", show_default="none")
    ] = "",
    rerank_depth: Annotated[
        int, typer.Option(min=1, envvar="SOURCESPAN_RERANK_DEPTH", help="Passages that the reranker reads, at least.")
    ] = RetrieverConfig().rerank_depth,
    precision: Annotated[
        Precision, typer.Option(envvar="SOURCESPAN_PRECISION", help="What the models are computed in.")
    ] = "auto",
    ahead: Annotated[
        bool, typer.Option("--ahead", envvar="SOURCESPAN_AHEAD", help="Compute the reader's lower layers beforehand.")
    ] = False,
) -> Chosen:
    """What the options come to; an empty name is that of the bundled model."""
    models = ModelConfig(
        embedder or DEFAULT_EMBEDDER,
        reader or DEFAULT_READER,
        calibration,
        precision=precision,
        reranker=reranker,
        ahead=ahead,
    )
    return Chosen(models, RetrieverConfig(dense_weight=dense_weight, rerank_depth=rerank_depth))


def with_model_options(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with the options of `chosen_by` in the place of its parameter ``chosen``, which they make.

    Typer reads the options of a command from its signature, and cannot be told that several commands share some.
    """
    options = signature(chosen_by, eval_str=True).parameters
    parameters = []
    for parameter in signature(command, eval_str=True).parameters.values():
        parameters += list(options.values()) if parameter.name == "chosen" else [parameter]

    @wraps(command)
    def called(**values: Any) -> None:  # noqa: ANN401
        chosen = chosen_by(**{name: values.pop(name) for name in options})
        command(**values, chosen=chosen)

    called.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {}  # Typer looks there too
    return called
