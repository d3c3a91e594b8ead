from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict

import pytest

from eval.benchmarks.decoding.choices import Decoding, measure, variants
from eval.suites.datasets import EvalQuestion
from index.documents import DocumentDraft
from rag.config import ModelConfig
from rag.engine import Sourcespan


def test_every_variant_differs_from_the_default_in_one_thing() -> None:
    def flat(decoding: Decoding) -> dict[str, object]:
        fields = asdict(decoding)
        return {**fields.pop("reader"), **fields.pop("passage"), **fields}

    default, *others = [flat(decoding) for _, _, decoding in variants()]
    for other in others:
        changed = {name for name in other if other[name] != default[name]}
        pairs = ({"max_window_tokens", "stride"}, {"max_tokens", "overlap_tokens"}, {"fitted", "sure"})
        assert len(changed) == 1 or changed in pairs


@pytest.mark.model
def test_a_reader_that_sees_more_passages_finds_what_one_passage_lacks(library: Sourcespan) -> None:
    for n in range(8):
        library.index.add(DocumentDraft("", f"Pier {n} is where the ferry number {n} lies. It is painted blue."))
    asked = [
        EvalQuestion("a", "Who founded the bakery?", ("Marta Quill",)),
        EvalQuestion("b", "Which colour has the ferry at pier 3?", ("blue",)),
        EvalQuestion("c", "Who shot the president of Chile?", ()),
    ]
    library.index.add(DocumentDraft("", "Marta Quill founded the bakery in 1987 with her sister."))
    chosen = ("default", "passages read")
    rows = list(measure(lambda _: nullcontext(library), ModelConfig(), asked, lambda work, *_: work, chosen))
    assert [row.value for row in rows] == ["", "1", "2", "3", "8", "12"]
    assert all(row.f1 == 1.0 and row.f1_all == 1.0 and row.milliseconds > 0 for row in rows)
