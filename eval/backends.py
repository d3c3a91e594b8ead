"""``python -m eval.backends FILE``: ways to compute the reader, one after the other on each question, and their F1.

Processor time is compared, of one thread: what other programs on the machine do hardly changes it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Annotated

import numpy as np
import torch
import typer
from rich.table import Table
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils import logging

from index.inference.compiled_bert import Work
from index.inference.precision import ACTIVATIONS_FILE, NumberFormat, cpu_has_fast_bf16, cpu_has_fast_int8
from index.terminal import Console
from rag.config import ReaderConfig
from rag.loading import DEFAULT_READER, reader_folder
from rag.matching import token_f1
from rag.reader import ExtractiveReader, load_reader_from
from rag.squad import read_squad
from rag.together import JointEncoder
from rag.transformers_reader import transformers_logits
from rag.windows import WindowTokenizer

_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what is read for it: its own paragraph first, then others."""

    question: str
    passages: Sequence[str]
    accepted: Sequence[str]


def as_transformers_does(folder: Path, name: str, precision: NumberFormat) -> ExtractiveReader:
    """The same reader, but for its forward pass: transformers' own, padded."""
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)  # noqa: S101
    config, logits = ReaderConfig(), transformers_logits(model, tokenizer, bf16=precision == "bf16")
    tokens = {"max_tokens": config.max_window_tokens, "stride": config.stride}
    return ExtractiveReader(
        JointEncoder(logits, WindowTokenizer.of(tokenizer), **tokens),
        config,
        fingerprint=f"{name}, by transformers",
        number_format=precision,
        max_tokens=config.max_window_tokens,
        work=Work(),
    )


def ways(name: str) -> dict[str, ExtractiveReader]:
    """What is compared, the first being what the others are compared with."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = reader_folder(name, allow_hub=False)
    precisions: list[NumberFormat] = ["fp32", "bf16"] if cpu_has_fast_bf16() else ["fp32"]
    padded = {f"transformers, {precision}": as_transformers_does(folder, name, precision) for precision in precisions}
    if cpu_has_fast_int8() and (folder / ACTIVATIONS_FILE).exists():
        precisions.append("int8")
    ours = {f"OpenVINO, {p}": load_reader_from(folder, name, ReaderConfig(precision=p)) for p in precisions}
    return {**padded, **ours}


def draw(file: Path, questions: int, passages: int, seed: int) -> list[Asked]:
    """Questions that have an answer, each with its paragraph and some others."""
    choose = random.Random(seed)
    paragraphs = list(read_squad(file))
    pairs = [(paragraph.text, q) for paragraph in paragraphs for q in paragraph.questions if q.answers]
    return [
        Asked(
            q.question, [text, *(p.text for p in choose.sample(paragraphs, passages - 1))], [a.text for a in q.answers]
        )
        for text, q in choose.sample(pairs, min(questions, len(pairs)))
    ]


def _seconds(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return process_time() - began


def main(
    file: Annotated[Path, typer.Argument(help="SQuAD JSON, plain or .gz.", exists=True, dir_okay=False)],
    questions: Annotated[int, typer.Option(min=1, help="Questions, drawn at random, of which F1 is told.")] = 300,
    timed: Annotated[int, typer.Option(min=1, help="Of these, how many are timed.")] = 30,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    reader: Annotated[str, typer.Option(help="Folder or name.")] = DEFAULT_READER,
) -> None:
    """F1 with the question's own paragraph, and time to read five."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # which those go by that are computed without it
    readers, asked = ways(reader), draw(file, questions, 5, seed)
    times: dict[str, list[float]] = {way: [] for way in readers}
    for one in asked[: _WARM_UP + timed]:
        for way, each in readers.items():
            times[way].append(_seconds(partial(each.read, one.question, one.passages)))
    median = {way: float(np.median(taken[_WARM_UP:] or taken)) for way, taken in times.items()}
    first = next(iter(readers))
    table = Table("", "F1", "ms", "times as fast", box=None)
    for way, each in readers.items():
        f1 = 100 * np.mean([_f1(each, one) for one in asked])
        table.add_row(way, f"{f1:.2f}", f"{median[way] * 1e3:.1f}", f"{median[first] / median[way]:.2f}")
    Console().print(table)


def _f1(reader: ExtractiveReader, one: Asked) -> float:
    home = one.passages[0]
    spans = reader.read(one.question, [home])
    return token_f1(home[spans[0].start : spans[0].end] if spans else "", one.accepted)


if __name__ == "__main__":
    typer.run(main)
