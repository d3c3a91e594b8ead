"""What a run says: one line on the terminal, one JSON object in log.jsonl."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

NAME = "log.jsonl"


class RunLog:
    """Appends to the log of a run; a line that a kill cut short is taken off first."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        if self._path.exists():
            content = self._path.read_bytes()
            self._path.write_bytes(content[: content.rfind(b"\n") + 1])

    def event(self, kind: str, **values: object) -> None:
        """Write one object: the kind of event, the time (UTC), and ``values``."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": kind, "time": now, **values}, ensure_ascii=False) + "\n")

    def say(self, line: str) -> None:
        """Print a line for whoever watches."""
        print(line, flush=True)


class Pace:
    """Windows per second and seconds per step, the time between `pause` and `go` not counted."""

    def __init__(self) -> None:
        self._busy = 0.0
        self._since = monotonic()
        self._windows = self._steps = 0

    def count(self, windows: int) -> None:
        """Counts one more step, of so many windows."""
        self._windows += windows
        self._steps += 1

    def pause(self) -> None:
        """Stops counting time as training's, as while the reader is evaluated."""
        self._busy += monotonic() - self._since

    def go(self) -> None:
        """Goes on counting time as training's, after `pause`."""
        self._since = monotonic()

    def lap(self) -> tuple[float, float]:
        """(windows per second, seconds per step) since the last lap."""
        self.pause()
        self.go()
        busy, windows, steps = max(self._busy, 1e-9), self._windows, max(self._steps, 1)
        self._busy, self._windows, self._steps = 0.0, 0, 0
        return windows / busy, busy / steps


def clock(seconds: float) -> str:
    """``seconds`` written as h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))
