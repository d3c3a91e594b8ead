"""The extractive reader: a question and passages → spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from index.bert.bert_weights import BertWeights
from index.bert.compiled_bert import CompiledBert, CompiledLayers, Work
from index.bert.graph.products import Arithmetic
from index.bert.precision import ACTIVATIONS_FILE, NumberFormat
from index.embedder import weights_sha256
from index.errors import ModelUnsuitable, QuestionTooLong
from index.passages.reading_text import ReadingText
from index.store.reader_states import StatesFile
from rag.config import ReaderConfig
from rag.interfaces import PassageSpan, PrecomputedLayers, Reading
from rag.reader.joint_encoder import JointEncoder, PassLogits, bert_logits
from rag.reader.precomputed_layers import FIRST_POSITION, PrecomputedLayersEncoder
from rag.reader.spans import best_token_spans
from rag.reader.stored_reader import LoadedReader, stored_reader
from rag.reader.windows import Window, piece_numbers, word_edges


class WindowEncoder(Protocol):
    """Cuts what is read into windows, and computes them."""

    def windows(self, questions: Sequence[str], passages: Sequence[ReadingText]) -> list[Window]:
        """Every window of every (question, passage) pair, in order."""

    def room(self, question: str) -> int:
        """How many tokens of a passage fit beside ``question``; zero or negative for none."""

    def logits(self, windows: Sequence[Window]) -> Iterator[PassLogits]:
        """Start and end logits of the windows, one forward pass after the other."""


class ExtractiveReader:
    """Finds spans of passages that answer questions, by a model with a question-answering head."""

    def __init__(
        self,
        encoder: WindowEncoder,
        config: ReaderConfig,
        *,
        fingerprint: str,
        number_format: NumberFormat,
        max_tokens: int,
        work: Work,
        precomputed: PrecomputedLayers | None = None,
    ) -> None:
        """``max_tokens`` is the longest window; ``work`` is where a compiled model counts what it computes.

        ``precomputed`` keeps the states of the lower layers, where ``encoder`` takes them from there.
        """
        self.fingerprint = fingerprint
        self.number_format = number_format
        self.work = work
        self.precomputed = precomputed
        self._encoder = encoder
        self._config = config
        self._max_tokens = max_tokens

    def check(self, question: str) -> None:
        """Raises QuestionTooLong where the question leaves no room to slide a window over a passage."""
        room = self._encoder.room(question)
        # a window must bring more than the `stride` tokens that it shares with the one before it: an answer, at least
        least = self._config.stride + self._config.max_answer_tokens
        if room < least:
            raise QuestionTooLong(self._max_tokens - room, self._max_tokens - least)

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        """The best spans of every window of every passage, best first; they may overlap. Raises QuestionTooLong."""
        self.check(question)
        spans = [span for batch in self.read_many([Reading.bare(question, passages)]) for _, span in batch]
        return sorted(spans, key=PassageSpan.order)

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        """Reads for several questions: windows of like length share a forward pass, whichever question they are of.

        Gives after each pass its spans as (position in ``readings``, span), in no order.
        """
        pairs = [(number, place) for number, reading in enumerate(readings) for place in range(len(reading.passages))]
        windows = self._encoder.windows(
            [readings[number].question for number, _ in pairs],
            [readings[number].passages[place] for number, place in pairs],
        )
        for positions, start_logits, end_logits in self._encoder.logits(windows):
            together = [windows[position] for position in positions]
            may_start, may_end = word_edges(together, start_logits.shape[1])
            spans = best_token_spans(
                start_logits,
                end_logits,
                may_start,
                may_end,
                piece_numbers(together, start_logits.shape[1]),
                max_tokens=self._config.max_answer_tokens,
                per_window=self._config.spans_per_window,
                null_weight=self._config.null_weight,
            )
            # back from windows, which questions share passes by, to the passages of each question
            placed = []
            for span in spans:
                window = together[span.window]
                number, place = pairs[window.pair]
                characters = window.characters(span.first, span.last)
                placed.append((number, PassageSpan(place, *characters, span.score, span.certainty)))
            yield placed


def load_reader_from(
    folder: Path, name: str, config: ReaderConfig | None = None, *, states: Path | None = None
) -> ExtractiveReader:
    """The reader in ``folder``, to be computed on the CPU; ``name`` is what errors and its fingerprint call it.

    With ``states``, a file, its lower layers are computed over passages beforehand and kept there. Raises
    ModelUnsuitable where the folder holds no model with a question-answering head, or with ``states`` one that was not
    trained for it; CatalogueError where that file cannot be used.
    """
    config, work = config or ReaderConfig(), Work()
    weights_hash = weights_sha256(folder, name)
    arithmetic = Arithmetic.chosen(config.precision, name, weights_hash, folder / ACTIVATIONS_FILE)
    loaded = stored_reader(folder) or _by_transformers(folder, name, arithmetic)
    fingerprint = f"{name.rsplit('/', 1)[-1]}@{weights_hash[:16]}"
    max_tokens = min(config.max_window_tokens, loaded.longest)
    encoder: JointEncoder | PrecomputedLayersEncoder
    if states is None:
        logits = loaded.model
        if isinstance(logits, BertWeights):
            logits = bert_logits(CompiledBert(logits, arithmetic, work=work))
        encoder = JointEncoder(logits, loaded.tokenizer, max_tokens=max_tokens, stride=config.stride)
    else:
        lower, upper = _parted(loaded, name, arithmetic, work, config, max_tokens - FIRST_POSITION)
        # its answers differ a little from those of the same weights computed together
        fingerprint += f"/{loaded.precomputed_layers}-ahead"
        kept = StatesFile(states, model=f"{fingerprint}/{arithmetic.number_format}", width=lower.width)
        encoder = PrecomputedLayersEncoder(
            lower, upper, loaded.tokenizer, kept, max_tokens=max_tokens, stride=config.stride
        )
    return ExtractiveReader(
        encoder,
        config,
        fingerprint=fingerprint,
        number_format=arithmetic.number_format,
        max_tokens=max_tokens,
        work=work,
        precomputed=encoder if isinstance(encoder, PrecomputedLayersEncoder) else None,
    )


def _parted(
    loaded: LoadedReader, name: str, arithmetic: Arithmetic, work: Work, config: ReaderConfig, passage_tokens: int
) -> tuple[CompiledBert, CompiledLayers]:
    """The layers that see passages alone, and those above them. Raises ModelUnsuitable."""
    if not isinstance(loaded.model, BertWeights) or not loaded.precomputed_layers:
        raise ModelUnsuitable(name, "it was not trained to be computed ahead: see `train run --layers-ahead`")
    if passage_tokens <= config.stride:
        reason = f"a passage of more than {passage_tokens} tokens takes several of its windows, which"
        raise ModelUnsuitable(name, f"{reason} would have to share {config.stride}")
    lower, layers = loaded.precomputed_layers, loaded.model.shape.layers
    return (
        CompiledBert(loaded.model, arithmetic, layers=lower, work=work),
        CompiledLayers(loaded.model, arithmetic, range(lower, layers), work),
    )


def _by_transformers(folder: Path, name: str, arithmetic: Arithmetic) -> LoadedReader:
    from rag.reader.transformers_reader import load_by_transformers  # seconds of import, needed only by other models

    return load_by_transformers(folder, name, bf16=arithmetic.bf16)
