"""Evidence for an answer → the probability that it is right, and the decision to abstain.

First the candidates are ranked by a weighted sum of the reader's margin and what retrieval says of their passages; then
logistic regressions turn the evidence for the best into two probabilities (Platt, 1999; for question answering: Kamath
et al., arXiv 2006.09462): that it is right, and that the documents hold an answer at all. Their mean decides whether to
abstain: a passage may plainly speak of what is asked and yet leave open which of its words are the answer.
`rag.confidence.fitting` fits the parameters on held-out questions; they ship beside the reader's weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.errors import CalibrationMismatch, MalformedFile
from rag.answers import Status

FeatureArray = NDArray[np.float64]
Number = TypeVar("Number", float, FeatureArray)

STRUCTURE = ("cell", "label", "listed")
"""Evidence of tables, forms and lists, whose weights are fitted by themselves: few questions have any."""
RANKING = ("margin", "certainty", "cosine", "words_found", "words_in_sentence", "names_found", "rank", *STRUCTURE)
_OF_THE_ANSWER = (
    *("margin", "certainty", "cosine", "words_found", "names_found", "names_nearby", "echo", "rank"),
    *STRUCTURE,
)
FEATURES = ("merit", "lead", "best_cosine", "agreement", *_OF_THE_ANSWER)
_NO_RIVAL = 10.0

LEAST = 0.5
"""The confidence below which no answer is given as one: half of those would be wrong."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against one candidate answer, as numbers."""

    margin: float
    """Its span's score: the reader's logits over the null answer's."""
    certainty: float
    """Its span's log-probability among all that its window may say."""
    cosine: float
    """Of the question and the passage it stands in."""
    words_found: float
    """The share of the question's words that stand in its passage, 0 to 1."""
    words_in_sentence: float
    """Those in its sentence."""
    names_found: float
    """The share of the question's names and numbers that stand in its passage, 1 where it has none."""
    names_nearby: float
    """Those within some paragraphs of it."""
    echo: float
    """The share of its own words that the question said already."""
    rank: int
    """Of its passage among those retrieved, 0 is the best."""
    agreement: int
    """In how many other places the reader found the same text."""
    cell: float = 0.0
    """How well the header of its column and the beginning of its row, or its key and what its form is called, both fit
    the question, 0 to 1."""
    label: float = 0.0
    """How well the better of these fits, or the key before it ("Policy number: …"), 0 to 1."""
    listed: float = 0.0
    """1 where the question asks for several things, and these are several, or one of a list."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A candidate, by its position among those judged, and the probability that it is right."""

    position: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence for one question's candidates comes to."""

    answerable: float
    """The probability that an answer is there at all; 0 where there are no candidates."""
    judgements: tuple[Judgement, ...]
    """Every candidate, the best first; none has more confidence than one before it."""


def worth(confidence: Number, answerable: Number) -> Number:
    """What speaks for giving a best answer: the mean of the probabilities that it is right and that there is one.

    Of one question, or of many, (questions,) each.
    """
    return (confidence + answerable) / 2


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression over `FEATURES`."""

    weights: tuple[float, ...]
    bias: float

    def probabilities(self, rows: FeatureArray) -> FeatureArray:
        """The probability, (rows,), that each row of features, (rows, `FEATURES`), is a positive one."""
        logits = rows @ np.array(self.weights) + self.bias
        probabilities: FeatureArray = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return probabilities


def ranking_features(candidates: Sequence[Evidence]) -> FeatureArray:
    """(candidates, `RANKING`): what decides which candidate is the best."""
    return _columns(candidates, RANKING)


def features(candidates: Sequence[Evidence], merits: FeatureArray) -> FeatureArray:
    """The features, (candidates, `FEATURES`), of one question's candidates, best merit first, as ``merits`` are.

    *lead* is the candidate's merit over its strongest rival's: negative for all but the first.
    """
    second = merits[1] if len(merits) > 1 else merits[0] - _NO_RIVAL
    rivals = np.array([second] + [merits[0]] * (len(merits) - 1))
    return np.column_stack(
        [
            merits,
            np.clip(merits - rivals, -_NO_RIVAL, _NO_RIVAL),
            np.full(len(merits), max(c.cosine for c in candidates)),
            np.log1p([c.agreement for c in candidates]),
            _columns(candidates, _OF_THE_ANSWER),
        ]
    )


def _columns(candidates: Sequence[Evidence], names: Sequence[str]) -> FeatureArray:
    rows = list(map(attrgetter(*names), candidates))
    return np.array(rows, dtype=np.float64).reshape(-1, len(names))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted parameters, and what they were fitted for."""

    ranking: tuple[float, ...]
    """One weight for each of `RANKING`: their weighted sum is a candidate's merit."""
    right: Logistic
    """Whether an answer is right."""
    answerable: Logistic
    """Whether the documents hold an answer."""
    threshold: float
    """It abstains where the `worth` of the best answer is less."""
    reader: str
    """The fingerprint of the reader; empty where nothing was fitted."""
    embedder: str
    provenance: dict[str, Any]
    reranker: str = ""
    """Whose order the ranks were of when it was fitted; empty for the fused one."""

    def judge(self, candidates: Sequence[Evidence]) -> Verdict:
        """How probable each of one question's candidates is, and that there is an answer at all."""
        if not candidates:
            return Verdict(0.0, ())
        merits = ranking_features(candidates) @ np.array(self.ranking)
        order = np.argsort(-merits, kind="stable")
        rows = features([candidates[i] for i in order], merits[order])
        confidences = np.minimum.accumulate(self.right.probabilities(rows))
        judgements = tuple(Judgement(int(i), float(p)) for i, p in zip(order, confidences, strict=True))
        return Verdict(float(self.answerable.probabilities(rows[:1])[0]), judgements)

    def given(self, verdict: Verdict) -> int:
        """How many of its candidates, the best ones, are given as answers; 0 is to abstain.

        Once the best is given, that there is an answer speaks for no other: it takes as much confidence by itself.
        """
        if not self._is_worth_it(verdict) or verdict.judgements[0].confidence < LEAST:
            return 0
        return 1 + sum(j.confidence >= self.threshold for j in verdict.judgements[1:])

    def status(self, verdict: Verdict, given: int) -> Status:
        """What is said of a question whose ``given`` best candidates are given as answers.

        It is unsure where one of what decides speaks for an answer: that is then worth a look.
        """
        if given:
            return "answered"
        is_likely = verdict.judgements and verdict.answerable >= self.threshold
        return "unsure" if self._is_worth_it(verdict) or is_likely else "not_found"

    def _is_worth_it(self, verdict: Verdict) -> bool:
        best = verdict.judgements[:1]
        return any(worth(each.confidence, verdict.answerable) >= self.threshold for each in best)

    def check(self, *, reader: str, embedder: str) -> None:
        """Raises CalibrationMismatch where it was fitted for other weights."""
        for part, fitted_for, actual in (("reader", self.reader, reader), ("embedder", self.embedder, embedder)):
            if fitted_for and fitted_for != actual:
                raise CalibrationMismatch(part, fitted_for, actual)

    @property
    def fitted(self) -> bool:
        """Whether its confidence is a probability that was learnt for these weights."""
        return bool(self.reader)

    def knows_order_of(self, reranker: str) -> bool:
        """Whether it was fitted on ranks as ``reranker`` gives them (empty: as fusion does), or on nothing."""
        return not self.fitted or self.reranker == reranker

    def save(self, path: Path) -> None:
        """Writes the parameters to a JSON file."""
        fields = {"ranking_by": RANKING, "features": FEATURES, **asdict(self)}
        path.write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Reads what `save` wrote. Raises MalformedFile where the file is not one, or was made for other features."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            if (tuple(fields.pop("ranking_by")), tuple(fields.pop("features"))) != (RANKING, FEATURES):
                raise MalformedFile(path.name, "it was fitted for other features: fit it anew")
            right, answerable = (_logistic(fields.pop(name)) for name in ("right", "answerable"))
            return cls(**{**fields, "ranking": tuple(fields["ranking"]), "right": right, "answerable": answerable})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MalformedFile(path.name, f"not a calibration of this version ({error}): fit it anew") from error


def _logistic(fields: dict[str, Any]) -> Logistic:
    return Logistic(**{**fields, "weights": tuple(fields["weights"])})


# For a reader that nothing was fitted for: its own null decision, which is where the margin is zero.
_BY_MARGIN = Logistic(weights=(0.5,) + (0.0,) * (len(FEATURES) - 1), bias=0.0)
UNFITTED = Calibration(
    ranking=(1.0,) + (0.0,) * (len(RANKING) - 1),
    right=_BY_MARGIN,
    answerable=_BY_MARGIN,
    threshold=0.5,
    reader="",
    embedder="",
    provenance={},
)
