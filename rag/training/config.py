"""What a training run is told: frozen, checked once, and comparable with the run that a checkpoint came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from index.bert.precision import FloatPrecision
from index.store.files import sha256_of
from rag.training.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class SourceSetting:
    """One training file and its part in the mixture.

    ``weight`` is how often each of its questions is drawn per epoch (0.5: half of them, 2: all of them twice);
    ``cap`` bounds the questions drawn per epoch. Which ones is drawn anew each epoch.
    """

    path: Path
    weight: float = 1.0
    cap: int | None = None
    licence: str | None = None

    @property
    def name(self) -> str:
        """The file's name up to its first dot."""
        return source_name(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Every setting of a run. Exactly one of ``epochs``, ``minutes`` and ``steps`` says when it ends.

    Raises InvalidSetting for a value that cannot be used.
    """

    init: Path
    out: Path
    sources: tuple[SourceSetting, ...]
    evaluate: tuple[Path, ...] = ()
    epochs: float | None = None
    minutes: float | None = None
    """Wall time of the loop, its evaluations and checkpoints included, the last evaluation not."""
    steps: int | None = None
    lr: float = 1e-4
    tokens_per_batch: int = 8192
    max_tokens: int = 320
    stride: int = 96
    null_fraction: float = 0.3
    """The part of an answerable question's windows without its answer that is trained on, as unanswerable."""
    warmup_steps: int = 100
    average: float = 0.999
    """Decay of the weights' exponential moving average; 0 turns averaging off."""
    clip: float = 1.0
    weight_decay: float = 0.01
    dropout: float = 0.0
    """On hidden states; none is ever on attention. On a CPU 0.1 costs a quarter of the speed."""
    teachers: tuple[Path, ...] = ()
    """Readers whose answers, on average, are learnt from beside the right ones."""
    layers_ahead: int = 0
    """Lower layers that are trained to be computed ahead: see `rag.reader.precomputed_layers`."""
    seed: int = 0
    checkpoint_every: int = 500
    eval_every: int = 1000
    log_every: int = 50
    eval_limit: int = 1000
    eval_max_tokens: int = 384
    eval_stride: int = 128
    max_answer_tokens: int = 30
    shared_words: int = 40
    device: str = "auto"
    precision: FloatPrecision = "auto"
    threads: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        ends = {n: getattr(self, n) for n in ("epochs", "minutes", "steps")}
        given = [n for n, v in ends.items() if v is not None]
        if len(given) != 1:
            raise InvalidSetting("length", " and ".join(given) or "unset", "give one of epochs, minutes, steps")
        for name in (given[0], "lr", "clip", "tokens_per_batch", "max_answer_tokens", "shared_words", "log_every"):
            _require(name, getattr(self, name), getattr(self, name) > 0, "must be above 0")
        for name in (
            "warmup_steps",
            "weight_decay",
            "seed",
            "checkpoint_every",
            "eval_every",
            "eval_limit",
            "threads",
            "layers_ahead",
        ):
            _require(name, getattr(self, name), getattr(self, name) >= 0, "must not be negative")
        _require("average", self.average, 0 <= self.average < 1, "must be at least 0 and below 1")
        _require("dropout", self.dropout, 0 <= self.dropout < 1, "must be at least 0 and below 1")
        _require("null_fraction", self.null_fraction, 0 <= self.null_fraction <= 1, "must be 0 to 1")
        for stride, window in (("stride", "max_tokens"), ("eval_stride", "eval_max_tokens")):
            value, limit = getattr(self, stride), getattr(self, window)
            _require(stride, value, 0 <= value < limit, f"must be at least 0 and below {window} {limit}")
        _require(
            "tokens_per_batch", self.tokens_per_batch, self.tokens_per_batch >= self.max_tokens,
            f"must hold a window of max_tokens {self.max_tokens}",
        )  # fmt: skip
        for source in self.sources:
            _require(f"weight of {source.name}", source.weight, source.weight >= 0, "must not be negative")
            _require(f"cap of {source.name}", source.cap, source.cap is None or source.cap >= 0, "must not be negative")

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON-ready values."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))  # paths become strings
        return values

    def deciding(self) -> dict[str, str | float | None]:
        """The settings that decide the final weights, training files by content: what a resumed run must share."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _WITHOUT_EFFECT}
        for source in self.sources:
            values[f"weight of {source.name}"] = source.weight
            values[f"cap of {source.name}"] = source.cap
            values[f"sha256 of {source.name}"] = sha256_of(source.path)
        roles = {f"teacher {number}": folder for number, folder in enumerate(self.teachers, start=1)}
        for role, folder in {"init": self.init, **roles}.items():
            for part in ("config.json", "tokenizer.json", "model.safetensors"):
                path = folder / part
                values[f"sha256 of {role} {part}"] = sha256_of(path) if path.exists() else None
        return values


# what a resumed run may change: where things are, the hardware, and what is watched
_PLACES = {"init", "out", "teachers", "sources", "evaluate", "resume"}
_HARDWARE = {"device", "precision", "threads"}
_EVERY = {"checkpoint_every", "eval_every", "log_every"}
_EVALUATION = {"eval_limit", "eval_max_tokens", "eval_stride", "max_answer_tokens", "shared_words"}
_WITHOUT_EFFECT = _PLACES | _HARDWARE | _EVERY | _EVALUATION


def source_name(path: Path) -> str:
    """What a file is called in ``--cap``, ``--weight`` and the licences: its name up to the first dot."""
    return path.name.split(".")[0]


def source_settings(
    paths: Sequence[Path], weights: Mapping[str, float], caps: Mapping[str, int], licences: Mapping[str, str]
) -> tuple[SourceSetting, ...]:
    """One setting per training file. Raises InvalidSetting for a name that is no file's, or two files' name."""
    names = [source_name(p) for p in paths]
    for name in names:
        _require("train", name, names.count(name) == 1, "two training files have this name")
    for option, given in (("weight", weights), ("cap", caps)):
        for name in given:
            _require(option, name, name in names, f"no training file has this name; there are {', '.join(names)}")
    return tuple(
        SourceSetting(p, weights.get(n, 1.0), caps.get(n), licences.get(n)) for n, p in zip(names, paths, strict=True)
    )


def _require(setting: str, value: object, holds: bool, reason: str) -> None:
    if not holds:
        raise InvalidSetting(setting, value, reason)
