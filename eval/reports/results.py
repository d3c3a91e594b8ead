"""What came of a run, as JSON that anyone can read, and that two runs are compared by."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.errors import NotComparable
from eval.measures.answers import lost
from eval.measures.bootstrap import Figure
from eval.measures.retrieval import SearchOutcome
from eval.run import Outcome

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Result:
    """A finished run: of questions that were answered, or of searches."""

    name: str
    run: Mapping[str, Any]
    """What was asked of what, and by which models."""
    figures: Mapping[str, Figure]
    outcomes: Sequence[Outcome] = ()
    searches: Sequence[SearchOutcome] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; a figure over nothing is null."""
        return {
            "format": FORMAT,
            "task": "retrieval" if self.searches else "answers",
            "name": self.name,
            **self.run,
            "measures": {name: _plain(asdict(figure)) for name, figure in self.figures.items()},
            **({"lost": lost(self.outcomes)} if self.outcomes else {}),
            "questions": [row(o) for o in self.outcomes] or [_search_row(s) for s in self.searches],
        }

    def save(self, path: Path) -> None:
        """Writes the result to ``path`` as JSON."""
        path.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def row(outcome: Outcome) -> dict[str, Any]:
    """One question's row as plain values."""
    question = outcome.question
    return {
        "id": question.id,
        "question": question.question,
        "kind": question.kind,
        "difficulty": question.difficulty,
        "absence": question.absence,
        "trap": question.trap,
        "accepted": list(question.accepted),
        "said": outcome.answer,
        "confidence": round(outcome.confidence, 4),
        "score": None if outcome.score is None else round(outcome.score, 4),
        "abstained": outcome.abstained,
        "answerable": round(outcome.answerable, 4),
        "rank": outcome.rank,
        "exact": outcome.exact,
        "f1": round(outcome.f1, 4),
        "f1_given": round(outcome.f1_given, 4),
        "overlap": None if outcome.overlap is None else round(outcome.overlap, 4),
        "verdict": outcome.verdict,
        "source": outcome.source,
        "start": outcome.start,
        "sentence": {"start": outcome.sentence_start, "text": outcome.sentence},
        "timings_ms": {part: round(ms, 2) for part, ms in asdict(outcome.timings).items()},
    }


def read_result(path: Path) -> dict[str, Any]:
    """A result that was saved. Raises NotComparable."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT or result["task"] not in ("answers", "retrieval"):
            raise NotComparable(f"{path.name} has another format")
        if not all(isinstance(question["id"], str) for question in result["questions"]):
            raise NotComparable(f"{path.name} has questions without an id")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotComparable(f"{path.name} is not a result of sourcespan eval: {error!r}") from error
    return dict(result)


def _search_row(search: SearchOutcome) -> dict[str, Any]:
    scores = {
        f"{arm}.{name}": round(score, 4) for arm, by_name in search.scores.items() for name, score in by_name.items()
    }
    return {"id": search.id, "question": search.text, "scores": scores}


def _plain(figure: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in figure.items()}
