"""The extractive reader: a question and passages → spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from index.embedder import weights_sha256
from index.errors import ModelUnsuitable, QuestionTooLong
from index.inference.bert_weights import BertWeights
from index.inference.compiled_bert import CompiledBert, Work
from index.inference.precision import ACTIVATIONS_FILE
from index.inference.products import Arithmetic
from index.states import StatesFile
from rag.ahead import FIRST_POSITION, AheadEncoder
from rag.config import ReaderConfig
from rag.interfaces import PassageSpan, Reading
from rag.spans import FloatArray, TokenSpan, best_token_spans
from rag.stored_reader import LoadedReader, stored_reader
from rag.together import TogetherEncoder, compiled_logits
from rag.windows import Window, length_sorted_batches, stacked


class WindowEncoder(Protocol):
    """Cuts what is read into windows, and computes them."""

    def windows(self, questions: Sequence[str], passages: Sequence[str]) -> list[Window]:
        """Every window of every (question, passage) pair, in order."""

    def room(self, question: str) -> int:
        """How many tokens of a passage fit beside ``question``; zero or negative where none do."""

    def logits(self, windows: Sequence[Window]) -> tuple[FloatArray, FloatArray]:
        """Start and end logits of the windows, (windows, tokens) each."""


class ExtractiveReader:
    """A question-answering model from a folder, on the CPU."""

    def __init__(self, folder: Path, name: str, config: ReaderConfig | None = None, ahead: Path | None = None) -> None:
        """With ``ahead``, a file, its lower layers are computed over passages beforehand and kept there.

        Raises ModelUnsuitable where the folder holds no model with a question-answering head, or with ``ahead`` one
        that was not trained for it; CatalogueError where that file cannot be used.
        """
        self._config = config or ReaderConfig()
        weights_hash = weights_sha256(folder, name)
        arithmetic = Arithmetic.chosen(self._config.precision, name, weights_hash, folder / ACTIVATIONS_FILE)
        self.number_format = arithmetic.number_format
        loaded = stored_reader(folder) or _by_transformers(folder, name, arithmetic)
        self._tokenizer = loaded.tokenizer
        layers = loaded.layers_ahead if ahead is not None else 0
        self._bert: CompiledBert | None = None
        if isinstance(loaded.model, BertWeights):
            self._bert = CompiledBert(loaded.model, arithmetic, ahead=layers)
            logits = compiled_logits(self._bert)
        else:
            logits = loaded.model
        self._window_tokens = min(self._config.max_window_tokens, loaded.longest)
        self.fingerprint = f"{name.rsplit('/', 1)[-1]}@{weights_hash[:16]}"
        self.ahead: AheadEncoder | None = None
        if ahead is not None:
            if self._bert is None or not layers:
                raise ModelUnsuitable(name, "it was not trained to be computed ahead: see `train run --layers-ahead`")
            if (longest_passage := self._window_tokens - FIRST_POSITION) <= self._config.stride:
                reason = f"a passage of more than {longest_passage} tokens takes several of its windows, which"
                raise ModelUnsuitable(name, f"{reason} would have to share {self._config.stride}")
            # what it answers differs a little
            self.fingerprint += f"/{layers}-ahead"
            kept = StatesFile(ahead, model=f"{self.fingerprint}/{self.number_format}", width=self._bert.width)
            self.ahead = AheadEncoder(
                self._bert, self._tokenizer, kept, max_tokens=self._window_tokens, stride=self._config.stride
            )
        self._encoder: WindowEncoder = self.ahead or TogetherEncoder(
            logits, self._tokenizer, max_tokens=self._window_tokens, stride=self._config.stride
        )

    @property
    def work(self) -> Work:
        """What it computed so far, where a `CompiledBert` does."""
        return Work() if self._bert is None else self._bert.work

    def check(self, question: str) -> None:
        """Raises QuestionTooLong where the question leaves no room to slide a window over a passage."""
        room = self._encoder.room(question)
        least = self._config.stride + self._config.max_answer_tokens
        if room < least:
            raise QuestionTooLong(self._window_tokens - room, self._window_tokens - least)

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        """The best spans of every window of every passage, best first; they may overlap. Raises QuestionTooLong."""
        self.check(question)
        found = [span for batch in self.read_many([Reading(question, passages)]) for _, span in batch]
        return sorted(found, key=PassageSpan.order)

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        """The same for several questions: windows of like length share a forward pass, whichever question they are of.

        Gives after each pass its spans as (position in ``readings``, span), in no order.
        """
        pairs = [(at, position) for at, reading in enumerate(readings) for position in range(len(reading.passages))]
        windows = self._encoder.windows(
            [readings[at].question for at, _ in pairs], [readings[at].passages[position] for at, position in pairs]
        )
        lengths = [len(window) for window in windows]
        for batch in length_sorted_batches(windows, lengths, self._config.batch_tokens):
            together = [windows[i] for i in batch]
            yield [(pairs[window.pair][0], _placed(window, span, pairs)) for window, span in self._spans(together)]

    def _spans(self, windows: Sequence[Window]) -> list[tuple[Window, TokenSpan]]:
        """The best spans of each window, from one forward pass."""
        start_logits, end_logits = self._encoder.logits(windows)
        found = best_token_spans(
            start_logits,
            end_logits,
            stacked([window.may_start for window in windows]),
            stacked([window.may_end for window in windows]),
            max_tokens=self._config.max_answer_tokens,
            per_window=self._config.spans_per_window,
            null_weight=self._config.null_weight,
        )
        return [(windows[span.window], span) for span in found]


def _placed(window: Window, span: TokenSpan, pairs: Sequence[tuple[int, int]]) -> PassageSpan:
    return PassageSpan(
        position=pairs[window.pair][1],
        start=int(window.offsets[span.first, 0]),
        end=int(window.offsets[span.last, 1]),
        score=span.score,
        certainty=span.certainty,
    )


def _by_transformers(folder: Path, name: str, arithmetic: Arithmetic) -> LoadedReader:
    from rag.transformers_reader import load_by_transformers  # seconds of import, needed only by other models

    return load_by_transformers(folder, name, bf16=arithmetic.bf16)
