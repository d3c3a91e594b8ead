"""``python -m eval.split_layers FILE``: what computing the reader's lower layers ahead would cost and win.

The lower layers see question and passage apart, so that a passage's states could be stored when it is indexed; the
upper ones see both (DeFormer: Cao et al., arXiv 2005.00697). The weights are the reader's own, as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Annotated

import numpy as np
import torch
import typer
from rich.table import Table
from torch import Tensor
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, BertForQuestionAnswering, PreTrainedTokenizerFast
from transformers.utils import logging

from eval.backends import Asked, draw
from index.terminal import Console
from rag.ahead import FIRST_POSITION
from rag.config import ReaderConfig
from rag.loading import DEFAULT_READER, reader_folder
from rag.matching import token_f1
from rag.spans import best_token_spans


@dataclass(frozen=True, slots=True)
class Read:
    """The logits of question and passage together, (tokens, 2), and the seconds of what could not be done ahead."""

    logits: Tensor
    seconds: float


class SplitReader:
    """A BERT reader whose lower ``ahead`` layers compute question and passage apart."""

    def __init__(self, model: BertForQuestionAnswering, ahead: int) -> None:
        self._model = model
        self._ahead = ahead

    @torch.inference_mode()
    def read(self, question: Sequence[int], passage: Sequence[int]) -> Read:
        """``question`` with its special tokens, ``passage`` with the one that ends it."""
        stored = self._apart(passage, FIRST_POSITION if self._ahead else len(question), 1)
        began = process_time()
        states = torch.cat([self._apart(question, 0, 0), stored], dim=1)
        states = self._through(states, self._ahead, len(self._model.bert.encoder.layer))
        logits = self._model.qa_outputs(states)[0]
        return Read(logits, process_time() - began)

    def _apart(self, ids: Sequence[int], first: int, kind: int) -> Tensor:
        positions = torch.arange(first, first + len(ids))[None]
        tokens = torch.tensor([ids])
        states = self._model.bert.embeddings(tokens, torch.full_like(tokens, kind), positions)
        return self._through(states, 0, self._ahead)

    def _through(self, states: Tensor, first: int, last: int) -> Tensor:
        for layer in self._model.bert.encoder.layer[first:last]:
            out = layer(states)
            states = out if isinstance(out, Tensor) else out[0]
        return states


def f1_of(read: Read, passage_from: int, offsets: Sequence[tuple[int, int]], asked: Asked) -> float:
    """Token F1 of the best span of the passage, which stands from that token on, but for the token that ends it."""
    start, end = (read.logits[None, :, column].numpy() for column in (0, 1))
    inside = np.zeros(start.shape, dtype=bool)
    inside[:, passage_from : passage_from + len(offsets)] = True
    longest = ReaderConfig().max_answer_tokens
    best = best_token_spans(start, end, inside, inside, max_tokens=longest, per_window=1)[0]
    first, last = offsets[best.first - passage_from], offsets[best.last - passage_from]
    return token_f1(asked.passages[0][first[0] : last[1]], asked.accepted)


def measure(reader: SplitReader, tokenizer: PreTrainedTokenizerFast, asked: Sequence[Asked]) -> tuple[float, float]:
    """The mean F1 and the median seconds of a question; passages too long for one window are left out."""
    f1, seconds = [], []
    room = tokenizer.model_max_length - FIRST_POSITION - 1
    for one in asked:
        question = tokenizer(one.question)["input_ids"]
        encoded = tokenizer(one.passages[0], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        if len(encoded["input_ids"]) + max(0, len(question) - FIRST_POSITION) > room:
            continue
        read = reader.read(question, [*encoded["input_ids"], tokenizer.sep_token_id])
        f1.append(f1_of(read, len(question), encoded["offset_mapping"], one))
        seconds.append(read.seconds)
    return float(np.mean(f1)), float(np.median(seconds))


def main(
    file: Annotated[Path, typer.Argument(help="SQuAD JSON, plain or .gz.", exists=True, dir_okay=False)],
    questions: Annotated[int, typer.Option(min=1, help="Questions, drawn at random.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    reader: Annotated[str, typer.Option(help="Folder or name.")] = DEFAULT_READER,
) -> None:
    """F1 with the question's own paragraph and time left to a question, by the number of layers computed ahead."""
    torch.set_num_threads(1)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = reader_folder(reader, allow_hub=False)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    if not isinstance(model, BertForQuestionAnswering) or not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise typer.BadParameter(f"{reader} is no BERT: its layers are put together in another way")
    asked = draw(file, questions, 1, seed)
    layers, width = len(model.bert.encoder.layer), model.config.hidden_size
    table = Table("layers ahead", "F1", "time left", "bytes stored a token", box=None)
    whole = 0.0
    for ahead in range(layers):
        f1, seconds = measure(SplitReader(model, ahead), tokenizer, asked)
        whole = whole or seconds
        table.add_row(str(ahead), f"{100 * f1:.1f}", f"{seconds / whole:.2f}", str(width if ahead else 0))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
