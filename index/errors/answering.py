"""Errors about questions, and about the models and the calibration that answer them."""

from __future__ import annotations

from index.errors.root import SourcespanError
from index.errors.shown import cut


class QuestionError(SourcespanError):
    """A question that cannot be asked."""


class InvalidQuestion(QuestionError):
    """A question, or a limit that came with it, that cannot be used."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class QuestionTooLong(QuestionError):
    """The question leaves no room for a passage in the reader's window. Sizes in tokens."""

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(f"the question has {tokens} tokens; the reader takes at most {limit}")
        self.tokens = tokens
        self.limit = limit


class ModelError(SourcespanError):
    """A model that cannot be loaded or used."""


class ModelNotFound(ModelError):
    """No model goes by this name here."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"model {cut(name)!r} was not found: {reason}")
        self.name = name


class ModelCorrupted(ModelError):
    """Weights that are not what they should be."""

    def __init__(self, name: str, expected: str, actual: str) -> None:
        super().__init__(
            f"the weights of {cut(name)!r} have sha256 {actual}, expected {expected}: install the model anew"
        )
        self.name = name
        self.expected = expected
        self.actual = actual


class ModelUnsuitable(ModelError):
    """A model that cannot do the job it was named for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"model {cut(name)!r} cannot be used: {reason}")
        self.name = name
        self.reason = reason


class CalibrationMismatch(SourcespanError):
    """Calibration parameters that were fitted for other weights."""

    def __init__(self, part: str, fitted_for: str, actual: str) -> None:
        super().__init__(f"the calibration was fitted for the {part} {fitted_for}, this one is {actual}: fit it anew")
        self.part = part
        self.fitted_for = fitted_for
        self.actual = actual


class CannotFit(SourcespanError):
    """Too few questions of any kind to learn a calibration from."""

    def __init__(self, questions: int, right: int, unanswerable: int) -> None:
        kinds = f"{right} of them answered rightly, {unanswerable} without an answer"
        super().__init__(f"{questions} questions, {kinds}, are too few to fit a calibration")
        self.questions = questions
        self.right = right
        self.unanswerable = unanswerable
