"""A run's whole state in one file, written so that a kill at any moment leaves the last one or the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from index.store.files import put
from rag.training.errors import CheckpointMismatch, CheckpointUnusable

NAME = "checkpoint.pt"
FORMAT = 1
Settings = Mapping[str, str | float | None]


@dataclass(slots=True)
class Progress:
    """How far a run is. The next batch is number ``batch`` of epoch ``epoch``."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    windows: int = 0
    seconds: float = 0.0
    """Wall time so far, earlier processes of a resumed run included."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that decides how the run goes on."""

    settings: dict[str, str | float | None]
    """`TrainingConfig.deciding` of the run."""
    progress: Progress
    model: dict[str, torch.Tensor]
    average: list[torch.Tensor]
    optimiser: dict[str, Any]
    random: list[torch.Tensor]
    """Random states: of the CPU, then of each GPU. Dropout draws from them."""


def random_states() -> list[torch.Tensor]:
    """Torch's random states, the CPU's first."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *gpus]


def restore_random_states(states: list[torch.Tensor]) -> None:
    """Undo what was drawn since `random_states`; GPUs that are not there now are passed over."""
    torch.set_rng_state(states[0])
    if torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states[1 : 1 + torch.cuda.device_count()])


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace the folder's checkpoint; durable when this returns."""
    unfinished = folder / f".{NAME}.unfinished"
    content = {f: getattr(checkpoint, f) for f in Checkpoint.__slots__}
    torch.save({**content, "format": FORMAT, "progress": asdict(checkpoint.progress)}, unfinished)
    put(unfinished, folder / NAME)


def load_checkpoint(folder: Path, settings: Settings) -> Checkpoint:
    """The folder's checkpoint, on the CPU.

    Raises CheckpointUnusable where it cannot be read, CheckpointMismatch where it is of a run with other ``settings``.
    """
    path = folder / NAME
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        version = content.pop("format")
        if version != FORMAT:
            raise CheckpointUnusable(str(path), f"it has format {version}, this version knows {FORMAT}")
        checkpoint = Checkpoint(**{**content, "progress": Progress(**content["progress"])})
    except (OSError, EOFError, RuntimeError, UnpicklingError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointUnusable(str(path), " ".join(str(error).split())[:200]) from error
    for name in sorted({*checkpoint.settings, *settings}):
        saved, given = checkpoint.settings.get(name), settings.get(name)
        if saved != given:
            raise CheckpointMismatch(name, saved, given)
    return checkpoint
