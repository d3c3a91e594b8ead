"""``python -m eval.peers.worker PEER WORKLOAD OUT STARTED``: does the work through one peer, and times it.

Runs in the peer's environment, so it knows nothing of ours but `eval.peers`.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.peers.contract import Peer, Reply, Workload

PEERS = {
    "sourcespan": "eval.peers.sourcespan_peer",
    "plain loop": "eval.peers.plain",
    "Haystack": "eval.peers.haystack_peer",
    "Haystack, mended": "eval.peers.haystack_mended_peer",
    "txtai": "eval.peers.txtai_peer",
}
"""Each module has a ``load(embedder, reader, top_k)`` that gives a `Peer`."""

VARIANTS = {"sourcespan, ahead": "eval.peers.sourcespan_ahead_peer"}
"""Of ours: measured where they are named."""


def work(load: Callable[[], Peer], workload: Workload, started: float) -> dict[str, Any]:
    """Loads, indexes, asks one by one, then with several clients; ``started`` is when the process was (Unix time)."""
    peer = load()
    start_up = time.time() - started
    began = time.perf_counter()
    peer.index(workload.passages)
    indexing = time.perf_counter() - began
    _reply(peer, workload.questions[0].question)  # the first question pays for warming up
    rows = [_timed(peer, question.question) for question in workload.questions]
    at_once = [question.question for question in workload.questions[: workload.asked_at_once]]
    served = getattr(peer, "served", None)  # one that people reach over HTTP is asked over HTTP
    with served() if served is not None else nullcontext(peer) as asked:
        rate, failed = _at_once(asked, at_once, workload.clients)
    return {
        "start_up_s": start_up,
        "passages_per_s": len(workload.passages) / indexing,
        "questions_per_s_at_once": rate,
        "failed_at_once": failed,
        "peak_memory_mb": _peak_memory_mb(),
        "rows": rows,
    }


def _timed(peer: Peer, question: str) -> dict[str, Any]:
    began = time.perf_counter()
    reply = _reply(peer, question)
    return {"ms": (time.perf_counter() - began) * 1e3, **asdict(reply)}


def _reply(peer: Peer, question: str) -> Reply:
    """A peer that fails at a question has not answered it; that is a result, not a reason to stop."""
    try:
        return peer.ask(question)
    except Exception as error:  # noqa: BLE001 (another program: anything may come)
        return Reply("", None, None, None, [], error=f"{type(error).__name__}: {error}"[:200])


def _at_once(peer: Peer, questions: Sequence[str], clients: int) -> tuple[float, int]:
    """(questions answered a second, questions failed)."""
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        failed = sum(bool(reply.error) for reply in pool.map(lambda question: _reply(peer, question), questions))
    return (len(questions) - failed) / (time.perf_counter() - began), failed


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2


def main(name: str, workload_file: str, out: str, started: str) -> None:
    """Writes what came of it as JSON, whole or not at all."""
    workload = Workload.load(Path(workload_file))
    module = importlib.import_module((PEERS | VARIANTS)[name])
    result = work(lambda: module.load(workload.embedder, workload.reader, workload.top_k), workload, float(started))
    half = Path(f"{out}.half")
    half.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    half.replace(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
