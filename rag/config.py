"""How questions are answered, as frozen values. Nothing here reads the environment."""

from __future__ import annotations

from dataclasses import dataclass

from index.bert.precision import Precision

MAX_QUESTION_CHARACTERS = 1_000
MAX_TOP_K = 50
MAX_N_BEST = 20


@dataclass(frozen=True, slots=True)
class RetrieverConfig:
    """``depth`` hits of each arm are fused, cosine weighing ``dense_weight`` and BM25 the rest of 1."""

    depth: int = 50
    dense_weight: float = 0.8
    reach: float = 0.2
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
    sure: float = 0.7
    """The confidence in the best answer of these at which reading stops; 1 reads every passage."""
