"""What files do to a real server: ``python -m tests.attacks.measure FILE…`` uploads each to one and prints a table.

Each file meets a server of its own, with the real models and an empty index. While it is read and stored, /healthz is
asked without a pause, and the memory of all processes of the server is added up. With ``--stop SECONDS`` the server is
sent SIGTERM so long after the upload began. Linux only.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_COMMAND = "from api.cli import main; main()"
_PAUSE = 0.02


@dataclass
class Watched:
    """What was seen of a server while it worked: the slowest answer of /healthz, the most memory of all processes."""

    slowest_ms: float = 0.0
    answers: int = 0
    most_memory: int = 0


def main() -> None:
    """Prints a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--stop", type=float, help="seconds after which the server is stopped")
    parser.add_argument("--give-up", type=float, default=300, help="seconds after which the client hangs up")
    given = parser.parse_args()
    print(
        f"{'file':30} {'outcome':62} {'seconds':>8} {'MB in all':>9} {'healthz ms':>10} {'asked':>6} {'stopped in':>10}"
    )
    for file in given.files:
        with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as (process, url):
            _report(file, process, url, given.stop, given.give_up)


def _report(file: Path, process: subprocess.Popen[str], url: str, stop: float | None, give_up: float) -> None:
    watched = Watched()
    done = threading.Event()
    watchers = [
        threading.Thread(target=_watch_health, args=(url, watched, done)),
        threading.Thread(target=_watch_memory, args=(process.pid, watched, done)),
    ]
    for watcher in watchers:
        watcher.start()
    timer = threading.Timer(stop, process.terminate) if stop is not None else None
    if timer is not None:
        timer.start()
    began = time.monotonic()
    outcome = _uploaded(file, url, give_up)
    seconds = time.monotonic() - began
    done.set()
    for watcher in watchers:
        watcher.join()
    if timer is not None:
        timer.cancel()
    stopped = _stopped(process) + (seconds - stop if stop is not None and seconds > stop else 0)
    print(
        f"{file.name:30} {outcome:62} {seconds:8.1f} {watched.most_memory / 1e6:9,.0f} {watched.slowest_ms:10.0f} "
        f"{watched.answers:6} {stopped:10.1f}",
        flush=True,
    )


@contextmanager
def _server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", _COMMAND, "serve", "--port", "0", "--data", str(folder / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if "http://" in line)
            url = next(word for word in line.split() if word.startswith("http://"))
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield process, url
        finally:
            process.kill()


def _uploaded(file: Path, url: str, give_up: float) -> str:
    try:
        with file.open("rb") as data:
            if file.suffix == ".json":
                headers = {"content-type": "application/json"}
                response = httpx.post(f"{url}/v1/documents", content=data, headers=headers, timeout=give_up)
            else:
                response = httpx.post(f"{url}/v1/documents", files={"files": (file.name, data)}, timeout=give_up)
    except httpx.HTTPError as error:
        return type(error).__name__
    said = response.json()
    return f"{response.status_code} {said.get('detail', said.get('characters', ''))}"[:60]


def _watch_health(url: str, watched: Watched, done: threading.Event) -> None:
    with httpx.Client(timeout=60) as client:
        while not done.wait(_PAUSE):
            began = time.monotonic()
            try:
                client.get(f"{url}/healthz")
            except httpx.HTTPError:
                continue  # it has stopped
            watched.slowest_ms = max(watched.slowest_ms, 1_000 * (time.monotonic() - began))
            watched.answers += 1


def _watch_memory(pid: int, watched: Watched, done: threading.Event) -> None:
    while not done.wait(_PAUSE):
        watched.most_memory = max(watched.most_memory, sum(map(_resident, _family(pid))))


def _family(pid: int) -> list[int]:
    """The process and all that it started."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue  # it is gone
    return found


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmRSS")), 0)


def _stopped(process: subprocess.Popen[str]) -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
