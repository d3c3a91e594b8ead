"""Every error that measuring raises on purpose.

SourcespanError
└── EvaluationError
    ├── NotASuite              a name, file or folder that no questions can be read from
    ├── AnswerNotThere         an accepted answer that the documents do not hold
    ├── ServerUnusable         the server under test does not answer as the contract says
    ├── AnswersOfAnotherRun    kept answers that were given to another run
    └── NotComparable          two results that have no question in common
"""

from __future__ import annotations

from pathlib import Path

from index.errors import SourcespanError


class EvaluationError(SourcespanError):
    """A measurement that cannot be made."""


class NotASuite(EvaluationError):
    """Nothing that questions can be read from."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r} cannot be measured with: {reason}")
        self.name = name
        self.reason = reason


class AnswerNotThere(EvaluationError):
    """Accepted answers that no document holds, so that no quote can be right."""

    def __init__(self, ids: list[str], question: str) -> None:
        others = f" (nor to {len(ids) - 1} more: {', '.join(ids[1:6])})" if len(ids) > 1 else ""
        super().__init__(f"the documents hold no accepted answer to {ids[0]}: {question}{others}")
        self.ids = ids


class ServerUnusable(EvaluationError):
    """The server under test cannot be reached, refuses, or does not keep to the contract."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the server at {url} cannot be measured: {reason}")
        self.url = url
        self.reason = reason


class AnswersOfAnotherRun(EvaluationError):
    """The answers kept beside the output belong to a run with other settings."""

    def __init__(self, path: Path, different: str) -> None:
        super().__init__(f"{path} keeps the answers of a run with another {different}: finish that one, or delete it")
        self.path = path
        self.different = different


class NotComparable(EvaluationError):
    """Results without a question in common, or of different kinds, or that are none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing to compare: {reason}")
        self.reason = reason
