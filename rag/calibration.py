"""Evidence for an answer → the probability that it is right, and the decision to abstain.

A logistic regression over a few features of the candidate answer (Platt, 1999; for question answering: Kamath et al.,
arXiv 2006.09462). `rag.fitting` fits its parameters on held-out questions; they ship beside the reader's
weights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import CalibrationMismatch, MalformedFile

FeatureArray = NDArray[np.float64]

FEATURES = ("margin", "lead", "cosine", "best_cosine", "words_found", "agreement")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one candidate answer."""

    margin: float
    """Its span's score: the reader's logits over the null answer's."""
    cosine: float
    """Of the question and the passage it stands in."""
    words_found: float
    """The share of the question's words that stand in its passage, 0 to 1."""
    agreement: int
    """In how many other places the reader found the same text."""


def features(candidates: Sequence[Evidence]) -> FeatureArray:
    """(candidates, features) of one question's candidates, best margin first, as `FEATURES` names them.

    *lead* is the candidate's margin over its strongest rival's: negative for all but the first.
    """
    if not candidates:
        return np.empty((0, len(FEATURES)))
    margins = np.array([c.margin for c in candidates])
    first = margins[0]
    second = margins[1] if len(margins) > 1 else first - _NO_RIVAL
    rivals = np.array([second] + [first] * (len(margins) - 1))
    cosines = np.array([c.cosine for c in candidates])
    return np.column_stack(
        [
            margins,
            np.clip(margins - rivals, -_NO_RIVAL, _NO_RIVAL),
            cosines,
            np.full(len(margins), cosines.max()),
            [c.words_found for c in candidates],
            [math.log1p(c.agreement) for c in candidates],
        ]
    )


_NO_RIVAL = 10.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted parameters, and what they were fitted for."""

    weights: tuple[float, ...]
    bias: float
    threshold: float
    """Answers less probable than this are not given."""
    reader: str
    """The fingerprint of the reader; empty where nothing was fitted."""
    embedder: str
    provenance: dict[str, Any]

    def confidences(self, candidates: Sequence[Evidence]) -> list[float]:
        """The probability of being right, for each of one question's candidates, best margin first."""
        logits = features(candidates) @ np.array(self.weights) + self.bias
        return [float(p) for p in 1 / (1 + np.exp(-np.clip(logits, -30, 30)))]

    def check(self, *, reader: str, embedder: str) -> None:
        """Raises CalibrationMismatch where it was fitted for other weights."""
        for part, fitted_for, found in (("reader", self.reader, reader), ("embedder", self.embedder, embedder)):
            if fitted_for and fitted_for != found:
                raise CalibrationMismatch(part, fitted_for, found)

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        path.write_text(json.dumps({"features": FEATURES, **asdict(self)}, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Raises MalformedFile where the file is not one, or was made for other features."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            if tuple(fields.pop("features")) != FEATURES or len(fields["weights"]) != len(FEATURES):
                raise MalformedFile(path.name, "it was fitted for other features: fit it anew")
            return cls(**{**fields, "weights": tuple(fields["weights"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MalformedFile(path.name, f"not a calibration: {error}") from error


# For a reader that nothing was fitted for: its own null decision, which is where the margin is zero.
UNFITTED = Calibration(
    weights=(0.5, 0.0, 0.0, 0.0, 0.0, 0.0), bias=0.0, threshold=0.5, reader="", embedder="", provenance={}
)
