"""The extractive reader: a question and passages → spans. The only module that loads transformers' QA model."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from index.embedder import weights_sha256
from index.errors import ModelUnsuitable, QuestionTooLong
from index.precision import autocast, takes_bf16
from rag.config import ReaderConfig
from rag.interfaces import PassageSpan
from rag.spans import BoolArray, FloatArray, best_token_spans
from rag.windows import Window, cut_windows, length_sorted_batches, pad, pad_values, passage_room


class ExtractiveReader:
    """A transformers question-answering model from a folder, on the CPU."""

    def __init__(self, folder: Path, name: str, config: ReaderConfig | None = None) -> None:
        """Raises ModelUnsuitable where the folder holds no model with a question-answering head."""
        self._config = config or ReaderConfig()
        self._tokenizer, self._model = _load(folder, name)
        self._bf16 = takes_bf16(self._config.precision)
        self._pad_values = pad_values(self._tokenizer)
        longest: int = min(self._tokenizer.model_max_length, self._model.config.max_position_embeddings)
        self._window_tokens = min(self._config.max_window_tokens, longest)
        self.fingerprint = f"{name.rsplit('/', 1)[-1]}@{weights_sha256(folder)[:16]}"
        # two passes at once on the same cores would only slow each other down
        self._one_at_a_time = threading.Lock()

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        """The best spans of every window of every passage, best first; they may overlap.

        Raises QuestionTooLong where the question leaves no room to slide a window over a passage.
        """
        room = passage_room(self._tokenizer, question, self._window_tokens)
        least = self._config.stride + self._config.max_answer_tokens
        if room < least:
            raise QuestionTooLong(self._window_tokens - room, self._window_tokens - least)
        windows = cut_windows(
            self._tokenizer,
            [question] * len(passages),
            passages,
            max_tokens=self._window_tokens,
            stride=self._config.stride,
        )
        return _placed(windows, self._spans(windows))

    def _spans(self, windows: Sequence[Window]) -> list[tuple[int, int, int, float]]:
        """(position in ``windows``, first token, last token, score), best first over all windows."""
        spans = []
        lengths = [len(window) for window in windows]
        for batch in length_sorted_batches(windows, lengths, self._config.batch_tokens):
            start_logits, end_logits = self._forward([windows[i] for i in batch])
            found = best_token_spans(
                start_logits,
                end_logits,
                _stacked([windows[i].may_start for i in batch]),
                _stacked([windows[i].may_end for i in batch]),
                max_tokens=self._config.max_answer_tokens,
                per_window=self._config.spans_per_window,
                null_weight=self._config.null_weight,
            )
            spans += [(batch[span.window], span.first, span.last, span.score) for span in found]
        return sorted(spans, key=lambda span: (-span[3], span[0], span[1], span[2]))

    def _forward(self, windows: Sequence[Window]) -> tuple[FloatArray, FloatArray]:
        inputs = {name: torch.from_numpy(values) for name, values in pad(windows, self._pad_values).items()}
        with self._one_at_a_time, torch.inference_mode(), autocast(self._bf16):
            output = self._model(**inputs)
        return output.start_logits.float().numpy(), output.end_logits.float().numpy()


def _placed(windows: Sequence[Window], spans: Sequence[tuple[int, int, int, float]]) -> list[PassageSpan]:
    return [
        PassageSpan(
            position=windows[at].pair,
            start=int(windows[at].offsets[first, 0]),
            end=int(windows[at].offsets[last, 1]),
            score=score,
        )
        for at, first, last, score in spans
    ]


def _stacked(masks: Sequence[BoolArray]) -> BoolArray:
    longest = max(map(len, masks))
    return np.stack([np.pad(mask, (0, longest - len(mask))) for mask in masks])


def _load(folder: Path, name: str) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, loading = AutoModelForQuestionAnswering.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelUnsuitable(name, str(error)) from error
    # transformers would fill a missing head with random numbers and answer with them
    if missing := sorted(loading["missing_keys"]):
        raise ModelUnsuitable(name, f"it is no question-answering model: {', '.join(missing)} missing")
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelUnsuitable(name, "its tokenizer does not keep character offsets")
    return tokenizer, model.eval()
