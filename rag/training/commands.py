"""``sourcespan train``, and ``python -m rag.training`` on a machine with torch and transformers but no more of ours."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from index.bert.precision import ACTIVATIONS_FILE, FloatPrecision
from index.errors import SourcespanError
from index.upkeep.terminal import Console
from rag.training.config import TrainingConfig, source_settings
from rag.training.errors import InvalidSetting

N = TypeVar("N", int, float)
DEFAULT = SimpleNamespace(**{field.name: field.default for field in fields(TrainingConfig)})


class _Commands(TyperGroup):
    """The commands: an error of ours, or of the file system, is one line and exit code 2."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401
        try:
            return super().invoke(ctx)
        except (SourcespanError, OSError) as error:
            Console(stderr=True).print(f"sourcespan: {error}", style="red", soft_wrap=True)
            raise typer.Exit(2) from error


class _ManyValues(TyperCommand):
    """A command whose lists take several values after one option, as a shell's ``*.json`` gives them."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        lists = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        repeated: list[str] = []
        option = ""
        for word in args:
            if word.startswith("-"):
                option = word if word in lists else ""
            elif option and repeated[-1] != option:
                repeated.append(option)
            repeated.append(word)
        return super().parse_args(ctx, repeated)


app = typer.Typer(
    cls=_Commands,
    help="Make a reader from questions and answers. Hold data out, and average readers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="SQuAD JSON, plain or .gz.")]
Made = Annotated[Path, typer.Option(metavar="FILE", help="SQuAD JSON, gzipped if it ends in .gz.")]
Limit = Annotated[int, typer.Option(help="Questions to try, drawn at random.")]
Seed = Annotated[int, typer.Option(help="Of the draws.")]


@app.command(cls=_ManyValues)
def run(
    init: Annotated[Path, typer.Option(metavar="DIR", help="The model to start from.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Reader, log and checkpoint go here.")],
    train: Annotated[list[Path], typer.Option(metavar="FILE...", help="SQuAD JSON, plain or .gz.")],
    evaluate: Annotated[
        list[Path] | None, typer.Option("--eval", metavar="FILE...", help="SQuAD JSON, plain or .gz.")
    ] = None,
    licences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON: name to licence, for the model card.")
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=W...",
            help="How often each of the file's questions is drawn per epoch: 0.5 draws half of them, 2 all twice.",
        ),
    ] = None,
    cap: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N...", help="At most N of the file's questions per epoch, drawn anew each epoch."),
    ] = None,
    null_fraction: Annotated[
        float, typer.Option(help="Part kept of answerable questions' windows that hold no whole answer.")
    ] = DEFAULT.null_fraction,
    epochs: Annotated[
        float | None,
        typer.Option(help="Passes over the mixture, maybe a fraction.", show_default="3 without --minutes and --steps"),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Wall time, with evaluations, without the last one; instead of --epochs.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Batches; instead of --epochs.")] = None,
    lr: Annotated[float, typer.Option(help="Peak learning rate.")] = DEFAULT.lr,
    warmup_steps: Annotated[int, typer.Option(help="Steps of linear warm-up.")] = DEFAULT.warmup_steps,
    tokens_per_batch: Annotated[
        int, typer.Option(help="Tokens of a batch, padding included.")
    ] = DEFAULT.tokens_per_batch,
    max_tokens: Annotated[int, typer.Option(help="Tokens of a window.")] = DEFAULT.max_tokens,
    stride: Annotated[int, typer.Option(help="Tokens that neighbouring windows share.")] = DEFAULT.stride,
    average: Annotated[float, typer.Option(help="Decay of the weights' moving average; 0: none.")] = DEFAULT.average,
    clip: Annotated[float, typer.Option(help="Largest norm of the gradient.")] = DEFAULT.clip,
    weight_decay: Annotated[float, typer.Option(help="Not applied to biases and LayerNorms.")] = DEFAULT.weight_decay,
    dropout: Annotated[float, typer.Option(help="On hidden states; there is none on attention.")] = DEFAULT.dropout,
    teachers: Annotated[
        list[Path] | None,
        typer.Option(
            "--teacher",
            metavar="DIR...",
            help="Readers whose mean answers are learnt from too; with --layers-ahead the first one's states as well.",
        ),
    ] = None,
    layers_ahead: Annotated[
        int, typer.Option(help="Lower layers of a BERT to train for being computed before a question is asked.")
    ] = DEFAULT.layers_ahead,
    seed: Annotated[int, typer.Option(help="Decides draws, batches, dropout and a fresh head.")] = DEFAULT.seed,
    checkpoint_every: Annotated[int, typer.Option(help="Steps; 0: never.")] = DEFAULT.checkpoint_every,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out, if there is one.")
    ] = False,
    log_every: Annotated[int, typer.Option(help="Steps.")] = DEFAULT.log_every,
    eval_every: Annotated[int, typer.Option(help="Steps; 0: only at the end.")] = DEFAULT.eval_every,
    eval_limit: Annotated[
        int, typer.Option(help="Questions per file, always the same ones; 0: all.")
    ] = DEFAULT.eval_limit,
    eval_max_tokens: Annotated[int, typer.Option(help="Tokens of a window.")] = DEFAULT.eval_max_tokens,
    eval_stride: Annotated[int, typer.Option(help="Tokens that neighbouring windows share.")] = DEFAULT.eval_stride,
    max_answer_tokens: Annotated[int, typer.Option(help="The longest span considered.")] = DEFAULT.max_answer_tokens,
    shared_words: Annotated[
        int, typer.Option(help="Refuse files when a training and an evaluation paragraph share such a run of words.")
    ] = DEFAULT.shared_words,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")] = DEFAULT.device,
    precision: Annotated[FloatPrecision, typer.Option(help="auto: bf16 where it is fast.")] = DEFAULT.precision,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: torch decides.")] = DEFAULT.threads,
) -> None:
    """Fine-tune a model as an extractive reader.

    A file is called by its name up to the first dot. What is evaluated and saved are the averaged weights. A run by
    --steps or --epochs that is killed and resumed on the same CPU ends in the same bits.
    """
    options = dict(locals())  # most of them are settings of the same name, and stand in no other place
    settings = {name: options[name] for name in vars(DEFAULT) if name in options}
    if epochs is minutes is steps is None:
        settings["epochs"] = 3.0
    weights, caps = _pairs("weight", weight or (), float), _pairs("cap", cap or (), int)
    settings["sources"] = source_settings(train, weights, caps, _licences(licences))
    settings |= {"evaluate": tuple(evaluate or ()), "teachers": tuple(teachers or ())}
    config = TrainingConfig(**settings)
    from rag.training.learning.run import train as train_reader  # takes seconds to import: not for mistyped arguments

    train_reader(config)


@app.command()
def split(
    files: Files,
    out_train: Annotated[Path, typer.Option(metavar="DIR", help="Where the files to train on go.")],
    out_held_out: Annotated[Path, typer.Option(metavar="DIR", help="Where the held-out files go.")],
    fraction: Annotated[float, typer.Option(help="Part of the paragraphs that is held out.")] = 0.1,
    seed: Seed = 0,
    shared_words: Annotated[int, typer.Option(help="How long a run of words.")] = DEFAULT.shared_words,
) -> None:
    """Split SQuAD files by paragraph.

    A paragraph goes to the same side in every file, and so do paragraphs that share a long run of words with it.
    """
    from rag.training.data.split import split_files

    counts = split_files(
        files,
        fraction=fraction,
        out_train=out_train,
        out_held_out=out_held_out,
        seed=seed,
        shared_words=shared_words,
    )
    for c in counts:
        print(
            f"{c.file}: {c.train_paragraphs} paragraphs, {c.train_questions} questions to train on; "
            f"{c.held_out_paragraphs}, {c.held_out_questions} held out"
        )


@app.command()
def mine(
    files: Files,
    out: Made,
    limit: Limit = 10_000,
    seed: Seed = 0,
    depth: Annotated[int, typer.Option(help="Passages looked through for each question.")] = 10,
) -> None:
    """Pair questions with passages that our own retriever finds for them and that do not hold the answer.

    They are unanswerable questions for `run`. Needs the whole of Sourcespan installed.
    """
    from rag.training.data.mining import mine_files

    progress = _every_tenth("paragraphs indexed")
    mined, tried = mine_files(files, out, limit=limit, depth=depth, seed=seed, progress=progress)
    print(f"{mined:,} of {tried:,} questions paired with a passage that does not answer them: {out}")


@app.command()
def swap(
    files: Files,
    out: Made,
    limit: Limit = 10_000,
    seed: Seed = 0,
    reader: Annotated[str, typer.Option(metavar="DIR", help="Has to fall for them.", show_default="bundled")] = "",
) -> None:
    """Replace a name or number in questions by another one of the same paragraph.

    Those that a reader still answers as before are kept: unanswerable questions for `run`.
    """
    from rag.config import DEFAULT_READER, ModelConfig
    from rag.models.loading import load_reader
    from rag.training.data.swapping import swap_files

    deceived, _ = load_reader(ModelConfig(reader=reader or DEFAULT_READER, calibration="none"), embedder="")
    progress = _every_tenth("questions read")
    kept, tried = swap_files(files, out, deceived, limit=limit, seed=seed, progress=progress)
    print(f"{kept:,} of {tried:,} questions of something else are answered as before: {out}")


@app.command()
def soup(
    readers: Annotated[list[Path], typer.Argument(metavar="DIR", help="The readers.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where their mean goes.")],
) -> None:
    """Average the weights of several runs from the same start point."""
    from rag.training.soup import average_readers

    average_readers(readers, out)
    print(f"the mean of {len(readers)} readers: {out}")


@app.command()
def activations(
    model: Annotated[Path, typer.Argument(metavar="DIR", help="A reader, or with --embedder an embedder.")],
    files: Files,
    embedder: Annotated[
        bool, typer.Option("--embedder", help="Question and paragraph are given to the model apart.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where they go.", show_default=f"{ACTIVATIONS_FILE} in DIR")
    ] = None,
    questions: Annotated[int, typer.Option(help="Drawn at random.")] = 200,
    max_tokens: Annotated[int, typer.Option(help="Longer texts are cut.")] = 384,
    seed: Seed = 0,
) -> None:
    """Measure how far the activations of a BERT reach, on questions and their paragraphs.

    With the file that this writes beside its weights, its matrix products are computed in 8-bit integers where the
    processor has them.
    """
    from rag.training.activations import measure_activations

    path = out or model / ACTIVATIONS_FILE
    measured = measure_activations(model, files, questions=questions, apart=embedder, max_tokens=max_tokens, seed=seed)
    measured.save(path)
    print(f"the activations of {len(measured.bounds)} matrix products: {path}")


def _every_tenth(what: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if 10 * done // total > 10 * (done - 1) // total:
            print(f"{done:,} of {total:,} {what}", file=sys.stderr)

    return show


def _pairs(option: str, given: Sequence[str], kind: Callable[[str], N]) -> dict[str, N]:
    pairs: dict[str, N] = {}
    for text in given:
        name, _, value = text.rpartition("=")
        try:
            pairs[name] = kind(value)
        except ValueError as error:
            raise InvalidSetting(option, text, "give NAME=NUMBER") from error
    return pairs


def _licences(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        licences = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidSetting("licences", path, f"not JSON: {error}") from error
    if not isinstance(licences, dict) or not all(isinstance(v, str) for v in licences.values()):
        raise InvalidSetting("licences", path, 'give {"name": "licence", …}')
    return licences
