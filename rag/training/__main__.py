"""`python -m rag.training`: the arguments, and nothing else."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from index.errors import SourcespanError
from index.inference.precision import ACTIVATIONS_FILE
from index.interfaces import Progress
from rag.training.config import TrainingConfig, source_settings
from rag.training.errors import InvalidSetting

T = TypeVar("T", int, float)
DEFAULT = {f: p.default for f, p in TrainingConfig.__dataclass_fields__.items()}


def main(arguments: Sequence[str] | None = None, program: str = "python -m rag.training") -> int:
    """Run one command; gives the exit code: 0, or 2 for bad input, or 130 when interrupted."""
    chosen = _parser(program).parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        command(chosen)
    except (SourcespanError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Train Sourcespan's reader.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="fine-tune a reader", formatter_class=_Defaults))
    _add_split(commands.add_parser("split", help="hold out part of SQuAD files", formatter_class=_Defaults))
    _add_mine(commands.add_parser("mine", help="find passages that look right and are not", formatter_class=_Defaults))
    _add_swap(commands.add_parser("swap", help="make near misses of questions", formatter_class=_Defaults))
    _add_soup(commands.add_parser("soup", help="average the weights of several readers", formatter_class=_Defaults))
    _add_activations(
        commands.add_parser("activations", help="measure what int8 needs to know", formatter_class=_Defaults)
    )
    return parser


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Shows each option's default, where it has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, [], False) else super()._get_help_string(action)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_run)
    parser.description = (
        "Fine-tune a model as an extractive reader. A file is called by its name up to the first dot. What is "
        "evaluated and saved are the averaged weights. A run by --steps or --epochs that is killed and resumed on the "
        "same CPU ends in the same bits."
    )
    files = parser.add_argument_group("files")
    files.add_argument("--init", type=Path, required=True, metavar="DIR", help="the model to start from")
    files.add_argument("--out", type=Path, required=True, metavar="DIR", help="reader, log and checkpoint go here")
    files.add_argument("--train", type=Path, nargs="+", required=True, metavar="FILE", help="SQuAD JSON, plain or .gz")
    files.add_argument("--eval", type=Path, nargs="+", default=[], metavar="FILE", help="SQuAD JSON, plain or .gz")
    files.add_argument("--licences", type=Path, metavar="FILE", help="JSON: name to licence, for the model card")
    mixing = parser.add_argument_group("mixing")
    mixing.add_argument(
        "--weight", nargs="+", action="extend", default=[], metavar="NAME=W",
        help="how often each of the file's questions is drawn per epoch: 0.5 draws half of them, 2 all twice",
    )  # fmt: skip
    mixing.add_argument(
        "--cap", nargs="+", action="extend", default=[], metavar="NAME=N",
        help="at most N of the file's questions per epoch, drawn anew each epoch",
    )  # fmt: skip
    _option(mixing, "--null-fraction", float, "part kept of answerable questions' windows that hold no whole answer")
    length = parser.add_argument_group("length: one of these; 3 epochs unless told").add_mutually_exclusive_group()
    length.add_argument("--epochs", type=float, metavar="E", help="passes over the mixture; may be a fraction")
    length.add_argument("--minutes", type=float, metavar="M", help="wall time, with evaluations, without the last one")
    length.add_argument("--steps", type=int, metavar="N", help="batches")
    recipe = parser.add_argument_group("recipe")
    _option(recipe, "--lr", float, "peak learning rate")
    _option(recipe, "--warmup-steps", int, "steps of linear warm-up")
    _option(recipe, "--tokens-per-batch", int, "tokens of a batch, padding included")
    _option(recipe, "--max-tokens", int, "tokens of a window")
    _option(recipe, "--stride", int, "tokens that neighbouring windows share")
    _option(recipe, "--average", float, "decay of the weights' moving average; 0: none")
    _option(recipe, "--clip", float, "largest norm of the gradient")
    _option(recipe, "--weight-decay", float, "not applied to biases and LayerNorms")
    _option(recipe, "--dropout", float, "on hidden states; there is none on attention")
    recipe.add_argument(
        "--teacher", type=Path, nargs="+", default=[], metavar="DIR", dest="teachers",
        help="readers whose mean answers are learnt from too; with --layers-ahead, the first reader's states as well",
    )  # fmt: skip
    _option(
        recipe, "--layers-ahead", int, "lower layers of a BERT to train for being computed before a question is asked"
    )
    _option(recipe, "--seed", int, "decides draws, batches, dropout and a fresh head")
    watch = parser.add_argument_group("checkpoints, evaluation, hardware")
    _option(watch, "--checkpoint-every", int, "steps; 0: never")
    watch.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    _option(watch, "--log-every", int, "steps")
    _option(watch, "--eval-every", int, "steps; 0: only at the end")
    _option(watch, "--eval-limit", int, "questions per file, always the same ones; 0: all")
    _option(watch, "--eval-max-tokens", int, "tokens of a window")
    _option(watch, "--eval-stride", int, "tokens that neighbouring windows share")
    _option(watch, "--max-answer-tokens", int, "the longest span considered")
    _option(watch, "--shared-words", int, "refuse files when a training and an evaluation paragraph share such a run")
    _option(watch, "--device", str, "auto, cpu, cuda, cuda:N")
    watch.add_argument(
        "--precision", choices=("auto", "bf16", "fp32"), default="auto", help="auto: bf16 where it is fast"
    )
    _option(watch, "--threads", int, "CPU threads; 0: torch decides")


def _option(group: argparse._ArgumentGroup, flag: str, kind: type, text: str) -> None:
    name = flag.removeprefix("--").replace("-", "_")
    group.add_argument(flag, type=kind, default=DEFAULT[name], help=text, metavar=kind.__name__.upper())


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_split)
    parser.description = (
        "Split SQuAD files by paragraph: a paragraph goes to the same side in every file, and so do paragraphs that "
        "share a long run of words with it."
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="SQuAD JSON, plain or .gz")
    parser.add_argument("--fraction", type=float, default=0.1, help="part of the paragraphs that is held out")
    parser.add_argument("--out-train", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out-held-out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shared-words", type=int, default=DEFAULT["shared_words"], help="how long a run")


def _add_mine(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_mine)
    parser.description = (
        "Pair questions with passages that our own retriever finds for them and that do not hold the answer: "
        "unanswerable questions for `run`. Needs the whole of Sourcespan installed, not only torch and transformers."
    )
    _add_rewriting(parser)
    parser.add_argument("--depth", type=int, default=10, help="passages looked through for each question")


def _add_swap(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_swap)
    parser.description = (
        "Replace a name or number in questions by another one of the same paragraph, and keep those that a reader "
        "still answers as before: unanswerable questions for `run`."
    )
    _add_rewriting(parser)
    parser.add_argument("--reader", metavar="DIR", help="that has to fall for them; the bundled one unless told")


def _add_rewriting(parser: argparse.ArgumentParser) -> None:
    """What every command takes that makes unanswerable questions of answerable ones."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="SQuAD JSON, plain or .gz")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="SQuAD JSON, gzipped if it ends in .gz")
    parser.add_argument("--limit", type=int, default=10_000, help="questions to try, drawn at random")
    parser.add_argument("--seed", type=int, default=0)


def _add_soup(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_soup)
    parser.description = "Average the weights of several runs from the same start point."
    parser.add_argument("readers", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")


def _add_activations(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_activations)
    parser.description = (
        "Measure how far the activations of a BERT reach, on questions and their paragraphs. With the file that this "
        "writes beside its weights, its matrix products are computed in 8-bit integers where the processor has them."
    )
    parser.add_argument("model", type=Path, metavar="DIR", help="a reader, or with --embedder an embedder")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="SQuAD JSON, plain or .gz")
    parser.add_argument("--embedder", action="store_true", help="question and paragraph are given to it apart")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"{ACTIVATIONS_FILE} in DIR unless told")
    parser.add_argument("--questions", type=int, default=200, help="drawn at random")
    parser.add_argument("--max-tokens", type=int, default=384, help="longer texts are cut")
    parser.add_argument("--seed", type=int, default=0)


def _run(chosen: argparse.Namespace) -> None:
    given = {name: value for name, value in vars(chosen).items() if name in DEFAULT}
    if chosen.epochs is chosen.minutes is chosen.steps is None:
        given["epochs"] = 3.0
    weights, caps = _pairs("weight", chosen.weight, float), _pairs("cap", chosen.cap, int)
    sources = source_settings(chosen.train, weights, caps, _licences(chosen.licences))
    files = {"sources": sources, "evaluate": tuple(chosen.eval), "teachers": tuple(chosen.teachers)}
    config = TrainingConfig(**{**given, **files})
    from rag.training.run import train  # takes seconds to import: not for --help and mistyped arguments

    train(config)


def _split(chosen: argparse.Namespace) -> None:
    from rag.training.split import split_files

    counts = split_files(
        chosen.files,
        fraction=chosen.fraction,
        out_train=chosen.out_train,
        out_held_out=chosen.out_held_out,
        seed=chosen.seed,
        shared_words=chosen.shared_words,
    )
    for c in counts:
        print(
            f"{c.file}: {c.train_paragraphs} paragraphs, {c.train_questions} questions to train on; "
            f"{c.held_out_paragraphs}, {c.held_out_questions} held out"
        )


def _mine(chosen: argparse.Namespace) -> None:
    from rag.training.mining import mine_files

    mined, tried = mine_files(
        chosen.files,
        chosen.out,
        limit=chosen.limit,
        depth=chosen.depth,
        seed=chosen.seed,
        progress=_telling("paragraphs indexed"),
    )
    print(f"{mined:,} of {tried:,} questions paired with a passage that does not answer them: {chosen.out}")


def _swap(chosen: argparse.Namespace) -> None:
    from rag.loading import DEFAULT_READER, ModelConfig, load_reader
    from rag.training.swapping import swap_files

    models = ModelConfig(reader=chosen.reader or DEFAULT_READER, calibration="none")
    reader, _ = load_reader(models, embedder="")
    tell = _telling("questions read")
    kept, tried = swap_files(chosen.files, chosen.out, reader, limit=chosen.limit, seed=chosen.seed, progress=tell)
    print(f"{kept:,} of {tried:,} questions of something else are answered as before: {chosen.out}")


def _telling(what: str) -> Progress:
    def tell(done: int, total: int) -> None:
        if 10 * done // total > 10 * (done - 1) // total:  # at every tenth
            print(f"{done:,} of {total:,} {what}", file=sys.stderr)

    return tell


def _soup(chosen: argparse.Namespace) -> None:
    from rag.training.soup import average_readers

    average_readers(chosen.readers, chosen.out)
    print(f"the mean of {len(chosen.readers)} readers: {chosen.out}")


def _activations(chosen: argparse.Namespace) -> None:
    from rag.training.activations import measure_activations

    out = chosen.out or chosen.model / ACTIVATIONS_FILE
    activations = measure_activations(
        chosen.model,
        chosen.files,
        questions=chosen.questions,
        apart=chosen.embedder,
        max_tokens=chosen.max_tokens,
        seed=chosen.seed,
    )
    activations.save(out)
    print(f"the activations of {len(activations.bounds)} matrix products: {out}")


def _pairs(option: str, given: Sequence[str], kind: Callable[[str], T]) -> dict[str, T]:
    pairs: dict[str, T] = {}
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


if __name__ == "__main__":
    sys.exit(main())
