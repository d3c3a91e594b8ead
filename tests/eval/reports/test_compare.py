"""Which of two runs is better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval.errors import NotComparable
from eval.measures.bootstrap import Figure
from eval.reports.compare import compare_results, show_comparison
from eval.reports.results import Result, read_result
from tests.eval.cases import outcome


def result(right: list[bool], *, first: int = 0) -> dict[str, Any]:
    outcomes = [outcome(("a",), "a" if r else "b", id=f"q{first + n}", question="Which?") for n, r in enumerate(right)]
    return Result("s", {"by": "r"}, {}, outcomes=outcomes).as_json()


@pytest.mark.parametrize(
    ("won", "lost", "expected"),
    [(0, 0, 1.0), (1, 0, 1.0), (14, 5, 0.063568115234375), (0, 9, 0.00390625), (70, 64, 0.6659501639)],
)
def test_the_p_value_is_that_of_mcnemars_exact_test(won: int, lost: int, expected: float) -> None:
    before, after = [False] * won + [True] * (lost + 1), [True] * won + [False] * lost + [True]
    assert compare_results(result(before), result(after)).p_value == pytest.approx(expected)


def test_better_worse_and_nothing_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = result([True] * 40 + [False] * 10), result([True] * 20 + [False] * 30)
    better = compare_results(bad, good)
    assert (len(better.won), len(better.lost), better.unpaired, better.same) == (20, 0, 0, 30)
    assert better.verdict.startswith("The second is better: F1 over all questions 40.0 → 80.0 (+40.0, 95% interval +2")
    assert compare_results(good, bad).verdict.startswith("The second is worse")
    same = compare_results(good, good)
    assert same.difference == Figure(0, 0, 0, 50)
    assert same.p_value == 1
    assert same.verdict.startswith("No difference can be told with 50 questions")
    show_comparison(better, "a.json", "b.json", per_question=True)
    printed = capsys.readouterr().out
    assert "Won (20)" in printed
    assert "20 won, 0 lost (McNemar's exact test: p = 1.9e-06)" in printed


def test_only_questions_that_both_have_are_compared() -> None:
    comparison = compare_results(result([True, False, True]), result([True, True], first=1))
    assert (comparison.before, comparison.after, comparison.unpaired) == (0.5, 1.0, 1)


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    one = result([True])
    with pytest.raises(NotComparable, match="no question in common"):
        compare_results(one, result([True], first=7))
    with pytest.raises(NotComparable, match="one is of answers, the other of retrieval"):
        compare_results(one, {**one, "task": "retrieval"})
    other = {**one, "questions": [{**one["questions"][0], "accepted": ["c"]}]}
    with pytest.raises(NotComparable, match="question q0 is not the same"):
        compare_results(one, other)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(NotComparable, match="not a result"):
        read_result(tmp_path / "x.json")
