from __future__ import annotations

import numpy as np
import pytest

from eval.benchmarks.bench import ask_all, matmul_rates, profile
from eval.benchmarks.memory import memory_mb
from index.documents import DocumentDraft
from rag.engine import Sourcespan


@pytest.mark.model
def test_every_step_of_ask_is_found_by_its_name(library: Sourcespan) -> None:
    document, _ = library.index.add(DocumentDraft("", "Marta Quill founded the bakery in 1987 with her sister."))
    try:
        steps = profile(library, ["Who founded the bakery?", "When was it founded?"])
    finally:
        library.index.delete(document.id)
    wanted = {"embed the question", "dense search", "lexical search", "tokenise and cut windows",
              "reader's forward pass", "best spans", "candidates", "evidence", "everything else"}  # fmt: skip
    assert set(steps) == wanted, "no reranker is set"
    assert all(milliseconds > 0 for milliseconds in steps.values())


@pytest.mark.model
def test_the_time_of_a_question_holds_its_parts(library: Sourcespan) -> None:
    for result in ask_all(library, ["Who founded the bakery?"]):
        timings = result.timings
        assert 0 < timings.embed + timings.retrieve + timings.read <= timings.total


def test_a_machine_multiplies_at_some_rate() -> None:
    assert all(np.isfinite(rate) and rate > 0 for rate in matmul_rates().values())


def test_memory_grows_by_what_is_held() -> None:
    before = memory_mb("VmRSS")
    held = np.ones(100 << 17)
    assert memory_mb("VmRSS") > before + 0.9 * held.nbytes / 2**20
    assert memory_mb("VmHWM") >= memory_mb("VmRSS")
