"""Which models are used, and how questions are answered, as frozen values. Nothing here reads the environment."""

from __future__ import annotations

from dataclasses import dataclass

from index.bert.precision import Precision

MAX_QUESTION_CHARACTERS = 1_000
MAX_TOP_K = 50
MAX_N_BEST = 20
MAX_TURNS = 20

DEFAULT_EMBEDDER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_OCR = "eng"
"""The language in which Tesseract reads pictures of text, as it calls it."""
DEFAULT_READER = "reader-v6"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which models, each by folder, bundled name or hub name; the hub is asked only if ``allow_hub``."""

    embedder: str = DEFAULT_EMBEDDER
    reader: str = DEFAULT_READER
    calibration: str = ""
    """A file; empty for the one beside the reader's weights, ``none`` to go by the reader's own null answer."""
    allow_hub: bool = False
    precision: Precision = "auto"
    reranker: str = ""
    """A cross-encoder; empty for none."""
    ahead: bool = False
    """Whether the reader's lower layers are computed over passages when these are indexed, and kept."""
    remembered_questions: int = 0
    """Questions whose vectors are kept for when they are asked again: what serves wants some, what measures none."""


@dataclass(frozen=True, slots=True)
class RetrieverConfig:
    """``depth`` hits of each arm are fused, meaning weighing ``dense_weight`` and words the rest of 1."""

    depth: int = 50
    dense_weight: float = 0.75
    reach: float = 0.12
    """How far behind the best passage's fused score one may be and still be worth reading."""
    rerank_depth: int = 20
    """How many of the fused passages a reranker scores, where there is one; more where more are to be read."""


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """Window and stride in tokens of the reader; a span has at most ``max_answer_tokens``."""

    max_window_tokens: int = 384
    stride: int = 128
    max_answer_tokens: int = 30
    spans_per_window: int = 10
    null_weight: float = 1.0
    """How much of the null answer's score is taken off: at 0 spans of different windows compare by their raw logits."""
    precision: Precision = "auto"


@dataclass(frozen=True, slots=True)
class AskConfig:
    """What a question gets that does not say otherwise."""

    top_k: int = 5
    n_best: int = 3
    read_first: int = 2
    """Passages that are read before it is looked at whether the others worth reading need be."""
    sure: float = 0.5
    """The confidence in the best answer of these at which reading stops; 1 reads every passage."""
    languages: tuple[str, ...] = ("en",)
    """Of the questions that are read, as codes of two letters; with ``any`` in it, all are."""
