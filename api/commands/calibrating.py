"""The command that fits confidence and abstention."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import settings_with
from api.commands.terminal import console, progress_bar


def calibrate(
    files: Annotated[list[Path], typer.Argument(help="Held-out questions, SQuAD JSON.", exists=True, dir_okay=False)],
    out: Annotated[Path | None, typer.Option(help="Where to write.", show_default="beside the weights")] = None,
    questions: Annotated[int, typer.Option(help="At most so many, drawn at random.")] = 1_500,
    absent: Annotated[float, typer.Option(min=0, max=0.9, help="Share of paragraphs that are left out.")] = 0.2,
    unanswerable: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the questions without an answer.")
    ] = 0.3,
    seed: Annotated[int, typer.Option(help="Of both draws.")] = 0,
    structure: Annotated[
        bool, typer.Option("--structure", help="Fit what tables, forms and lists say of an answer, and keep the rest.")
    ] = False,
) -> None:
    """Fit confidence and abstention to questions.

    Neither training nor evaluation must use them.

    All paragraphs but a share go into one index; half of the questions are asked of the whole of it, half of the one
    document that they belong to.
    """
    from rag.confidence.fitting import fit, fit_structure
    from rag.confidence.held_out import observe, put_in, with_share
    from rag.engine import Sourcespan
    from rag.models.loading import calibration_beside, reader_folder
    from rag.squad import read_squad

    settings = settings_with() if structure else settings_with(calibration="none")
    paragraphs = [paragraph for file in files for paragraph in read_squad(file)]
    with tempfile.TemporaryDirectory(prefix="sourcespan-calibrate-") as folder:
        library = Sourcespan.open(folder, settings.models, retriever=settings.retriever, ask=settings.ask)
        with library:
            with progress_bar("Indexing the paragraphs") as progress:
                every = put_in(paragraphs, library.index, absent=absent, seed=seed, progress=progress)
            drawn = with_share(every, unanswerable)[:questions]
            with progress_bar("Asking") as progress:
                observations = []
                for observation in observe(library.answerer, drawn):
                    observations.append(observation)
                    progress(len(observations), len(drawn))
    provenance = {
        "files": [file.name for file in files],
        "absent": absent,
        "unanswerable": unanswerable,
        "seed": seed,
        "top_k": settings.top_k,
    }
    if structure:
        known = library.calibration
        fitted = replace(fit_structure(observations, known), provenance={**known.provenance, "structure": provenance})
    else:
        fitted = fit(
            observations,
            reader=library.reader.fingerprint,
            embedder=library.embedder.fingerprint,
            reranker=library.reranker.fingerprint if library.reranker else "",
            provenance=provenance,
        )
    weights = reader_folder(settings.reader, allow_hub=settings.allow_hub)
    path = out or calibration_beside(weights, ahead=settings.ahead)
    fitted.save(path)
    console.print_json(data={"threshold": fitted.threshold, **fitted.provenance.get("cross_validated", {})})
    console.print(f"Written to {path}")
