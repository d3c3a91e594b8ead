"""When a run ends and what its learning rate is meanwhile: linear warm-up, linear decay to zero."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ends after ``steps`` or after ``seconds``, whichever is set. ``peak`` is the highest learning rate."""

    peak: float
    warmup_steps: int
    steps: int | None = None
    seconds: float | None = None

    def gone(self, step: int, seconds: float) -> float:
        """The part of the run that is over, 0 to 1, after ``step`` steps and ``seconds``."""
        share = seconds / self.seconds if self.seconds else step / (self.steps or 1)
        return min(1.0, share)

    def over(self, step: int, seconds: float) -> bool:
        """Whether the run has ended after ``step`` steps and ``seconds``."""
        return self.gone(step, seconds) >= 1

    def rate(self, step: int, seconds: float) -> float:
        """The learning rate of the step that follows ``step`` steps."""
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return self.peak * warm * (1 - self.gone(step, seconds))

    def left(self, step: int, seconds: float, seconds_per_step: float) -> float:
        """How many seconds the run still takes, estimated where it is bounded by steps."""
        if self.seconds:
            return max(0.0, self.seconds - seconds)
        return max(0, (self.steps or 0) - step) * seconds_per_step
