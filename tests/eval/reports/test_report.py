"""The page and the JSON say what was measured, and nothing in a document can break them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from eval.measures.answers import measure
from eval.measures.retrieval import ARMS, SCORES, SearchOutcome, measure_retrieval
from eval.reports.plots import histogram, waterfall
from eval.reports.report import page, save_page
from eval.reports.results import Result, read_result
from eval.reports.terminal import NO_TRAP, groups, show
from tests.eval.cases import outcome

NASTY = "<script>alert('&')</script> [bold]\u202e"
OUTCOMES = [
    outcome(("red ferry",), "the red ferry", id="a", question=NASTY, kind=NASTY, overlap=1.0),
    outcome((NASTY,), NASTY, id="b<b>", question="What?", kind="what", trap="negation", confidence=0.2),
    outcome((), "train", id="c", question="Who?", absence="near", abstained=True, total=80.0),
]


def result() -> Result:
    return Result("<i>suite</i>", {"by": "r&d"}, measure(OUTCOMES, resamples=50), outcomes=OUTCOMES)


def searches(arms: Sequence[str] = (*ARMS, "reranked")) -> Result:
    scores = {arm: dict.fromkeys(SCORES, 0.5) for arm in arms}
    found = [SearchOutcome("q", NASTY, scores)]
    return Result("s", {"by": "e"}, measure_retrieval(found, resamples=50), searches=found)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 (made a moment ago, by us)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open = ""
        self.marked: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.open = tag
        self.links += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "onload", "onclick")]

    def handle_data(self, data: str) -> None:
        if self.open == "mark":
            self.marked.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.open = ""


@pytest.mark.parametrize("made", [result, searches])
def test_the_page_needs_nothing_else_and_escapes_everything(made: Callable[[], Result]) -> None:
    html = page(made())
    tags = Tags()
    tags.feed(html)
    assert not {"script", "i", "b", "img", "link", "iframe"} & set(tags.seen)
    assert tags.links == []
    assert "http://" not in html
    assert "https://" not in html
    assert "&lt;script&gt;" in html


def test_reranking_is_shown_where_there_was_some(capsys: pytest.CaptureFixture[str]) -> None:
    for made, shown in ((searches(), True), (searches(ARMS), False)):
        show(made, per_question=False)
        assert ("reranked" in page(made)) == shown
        assert ("Reranking adds" in " ".join(capsys.readouterr().out.split())) == shown


def test_the_source_is_highlighted_where_the_answer_stands() -> None:
    tags = Tags()
    tags.feed(page(result()))
    assert [re.sub(r"\s+", " ", text) for text in tags.marked] == [re.sub(r"\s+", " ", o.answer) for o in OUTCOMES]


def test_every_plot_is_there_and_is_well_formed() -> None:
    html = page(result())
    plots = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    titles = [parsed(plot).findtext("title") for plot in plots]
    assert [title.split(":")[0] for title in titles if title] == [
        "Where answers were lost",
        "Reliability",
        "Risk–coverage",
        "How long questions took",
        "By kind",
        "By absence",
        "By trap",
    ]


def test_the_waterfall_ends_with_what_is_left() -> None:
    svg = parsed(waterfall([("not retrieved", 2), ("outranked", 1)], 10))
    assert [text.text for text in svg.iter("text")][1::2] == ["10", "2", "1", "7"]
    widths = [float(bar.get("width", 0)) for bar in svg.iter("rect")]
    assert widths[0] == pytest.approx(sum(widths[1:]), abs=0.3)


def test_every_question_is_in_the_histogram() -> None:
    values = np.array([1.0, 2.0, 3.0, 500.0])
    svg = parsed(histogram(values, [("p50", 2.0), ("p95", 500.0)], unit="ms"))
    assert sum(int((title.text or "").rsplit(": ")[-1]) for title in svg.iterfind(".//rect/title")) == 4


def test_json_can_be_read_again(tmp_path: Path) -> None:
    result().save(tmp_path / "r.json")
    save_page(result(), tmp_path / "r.html")
    saved = read_result(tmp_path / "r.json")
    assert saved == json.loads(json.dumps(result().as_json()))
    assert saved["measures"]["f1"]["over"] == 2
    assert saved["questions"][0]["sentence"]["text"][7:20] == "the red ferry"
    searches().save(tmp_path / "s.json")
    assert read_result(tmp_path / "s.json")["questions"][0]["scores"]["fused.ndcg_10"] == 0.5


@pytest.mark.parametrize("made", [result, searches])
def test_the_terminal_shows_it_brackets_and_all(made: Callable[[], Result], capsys: pytest.CaptureFixture[str]) -> None:
    show(made(), per_question=True)
    printed = capsys.readouterr().out
    assert "95% interval" in printed or "ndcg_10" in printed


def test_questions_without_a_trap_are_a_group_beside_those_with_one() -> None:
    assert {name: len(of) for name, of in groups(OUTCOMES)["trap"].items()} == {NO_TRAP: 2, "trap: negation": 1}
    assert "trap" not in groups([OUTCOMES[0], OUTCOMES[2]])
