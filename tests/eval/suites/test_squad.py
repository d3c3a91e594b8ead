from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval.askers import InProcess
from eval.run import run
from eval.suites.datasets import squad_suite
from index.passage_index import PassageIndex
from rag.answers import Span
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion
from tests.conftest import fake_library

PARAGRAPHS = [
    SquadParagraph("t", f"The ferry f{n} leaves at noon.", (SquadQuestion(f"{n}", f"«f{n}»?", (answer,)),))
    for n in range(50)
    for answer in [AcceptedAnswer(f"f{n}", 10)]
]


def test_a_share_of_the_paragraphs_is_left_out_and_their_questions_have_no_answer() -> None:
    suite = squad_suite("s", PARAGRAPHS, whole=True, absent=0.4, limit=None, seed=3)
    assert 15 < len(suite.documents) < 45
    assert {q.home for q in suite.questions if q.accepted} == set(suite.documents)
    assert len(suite.questions) == 50
    assert squad_suite("s", PARAGRAPHS, whole=True, absent=0.4, limit=None, seed=3) == suite
    assert squad_suite("s", PARAGRAPHS, whole=True, absent=0.4, limit=5, seed=3).questions == suite.questions[:5]


def test_only_the_paragraphs_that_are_asked_are_put_in_where_each_question_has_its_own() -> None:
    suite = squad_suite("s", PARAGRAPHS, whole=False, absent=0, limit=4, seed=0)
    assert suite.own_document_only
    assert set(suite.documents) == {q.home for q in suite.questions}


def test_an_id_that_comes_twice_is_told_apart() -> None:
    suite = squad_suite("s", [*PARAGRAPHS[:1], *PARAGRAPHS[:1]], whole=True, absent=0, limit=None, seed=0)
    assert [q.id for q in suite.questions] == ["0", "0#2"]


def test_a_question_for_one_document_is_asked_of_no_other(index: PassageIndex) -> None:
    suite = squad_suite("s", PARAGRAPHS[:3], whole=False, absent=0, limit=None, seed=0)
    asker = InProcess(fake_library(index))
    ids = dict(zip(suite.documents, asker.add(list(suite.documents.values())), strict=True))
    others = dict(zip(ids, [*list(ids.values())[1:], next(iter(ids.values()))], strict=True))
    own, other = (next(run(asker, suite.questions, top_k=5, ids=at, own_document_only=True)) for at in (ids, others))
    assert (own.right, own.rank, own.overlap, own.verbatim, own.verdict) == (True, 1, 1, True, "right")
    assert (own.start, own.answer, own.sentence) == (
        10,
        own.question.accepted[0],
        suite.documents[own.question.home].text,
    )
    assert (other.answer, other.abstained, other.rank, other.overlap) == ("", True, None, 0)


def test_the_same_words_in_another_document_are_no_overlap(index: PassageIndex) -> None:
    paragraph = SquadParagraph("t", "A red ferry.", (SquadQuestion("q", "«red»?", (AcceptedAnswer("red", 2),)),))
    suite = squad_suite("s", [paragraph], whole=True, absent=0, limit=None, seed=0)
    assert suite.questions[0].spans == (Span(2, 5),)
    asker = InProcess(fake_library(index))
    ids = dict(zip(suite.documents, asker.add(list(suite.documents.values())), strict=True))
    (right,) = run(asker, suite.questions, top_k=5, ids=ids)
    (elsewhere,) = run(asker, suite.questions, top_k=5, ids={suite.questions[0].home: "another"})
    assert (right.overlap, elsewhere.overlap, elsewhere.right) == (1, 0, True)


@pytest.mark.model
@pytest.mark.parametrize("scope", ["--gold", "--open"])
def test_a_squad_file_is_measured(tmp_path: Path, scope: str) -> None:
    context = "Marta Quill founded the bakery in 1987. It stands on Pier 9, beside the lighthouse."
    asked = [("Who founded the bakery?", "Marta Quill"), ("When was the bakery founded?", "1987")]
    qas = [{"id": q, "question": q, "answers": [{"text": a, "answer_start": context.index(a)}]} for q, a in asked]
    data = {"data": [{"title": "t", "paragraphs": [{"context": context, "qas": qas}]}]}
    with gzip.open(tmp_path / "small.json.gz", "wt") as file:
        json.dump(data, file)
    command = [str(Path(sys.executable).parent / "sourcespan"), "eval", "small.json.gz", scope, "--json", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    measures = {name: figure["value"] for name, figure in json.loads(done.stdout)["measures"].items()}
    assert (measures["exact_match"], measures["passage_recall"], measures["overlap"]) == (1, 1, 1)
