"""Every error that training raises on purpose.

SourcespanError
└── TrainingError
    ├── InvalidSetting         an argument that cannot be used
    ├── SharedParagraphs       training and evaluation files have text in common
    ├── NothingToTrainOn       no window came out of the training files
    ├── OutputTaken            the output folder holds another run
    ├── CheckpointUnusable     a checkpoint that cannot be read
    ├── CheckpointMismatch     a checkpoint of a run with other settings
    ├── TrainingDiverged       the loss is no number any more
    └── UnlikeModels           models that cannot be averaged
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import SourcespanError


class TrainingError(SourcespanError):
    """A training run that cannot be made as it was asked for."""


class InvalidSetting(TrainingError):
    """A setting with a value that cannot be used."""

    def __init__(self, setting: str, value: object, reason: str) -> None:
        super().__init__(f"{setting} {value}: {reason}")
        self.setting = setting
        self.value = value
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SharedText:
    """A training paragraph that equals an evaluation paragraph (``whole``) or shares a long run of words with one."""

    train_file: str
    eval_file: str
    text: str
    whole: bool


class SharedParagraphs(TrainingError):
    """Training and evaluation files have text in common; ``shared`` holds one entry per training paragraph."""

    SHOWN = 3

    def __init__(self, shared: Sequence[SharedText]) -> None:
        pairs = Counter((s.train_file, s.eval_file) for s in shared)
        files = ", ".join(f"{train} with {held_out} ({n})" for (train, held_out), n in pairs.most_common())
        excerpts = ", ".join(repr(" ".join(s.text.split())[:80]) for s in shared[: self.SHOWN])
        count = f"{len(shared)} paragraph{'s' * (len(shared) != 1)}"
        super().__init__(f"training and evaluation files share text in {count}: {files}; first: {excerpts}")
        self.shared = tuple(shared)


class NothingToTrainOn(TrainingError):
    """No window came out of the training files, with their weights and caps."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"nothing to train on in {', '.join(names)}")
        self.names = tuple(names)


class OutputTaken(TrainingError):
    """The output folder holds something that would be overwritten."""

    def __init__(self, folder: str, holds: str, advice: str) -> None:
        super().__init__(f"{folder} holds {holds}: {advice}")
        self.folder = folder
        self.holds = holds


class CheckpointUnusable(TrainingError):
    """A checkpoint that cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be used: {reason}")
        self.path = path
        self.reason = reason


class CheckpointMismatch(TrainingError):
    """A checkpoint of a run with another value of ``setting``."""

    def __init__(self, setting: str, saved: object, given: object) -> None:
        super().__init__(f"the checkpoint's run had {setting} {saved}, not {given}: resume with the same settings")
        self.setting = setting
        self.saved = saved
        self.given = given


class TrainingDiverged(TrainingError):
    """The loss became infinite or no number at all."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(f"the loss is {loss} at step {step}: try a lower --lr or a longer warm-up")
        self.step = step
        self.loss = loss


class UnlikeModels(TrainingError):
    """Two models whose weights cannot be averaged."""

    def __init__(self, first: str, other: str, reason: str) -> None:
        super().__init__(f"{first} and {other} cannot be averaged: {reason}")
        self.first = first
        self.other = other
        self.reason = reason
