from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eval.datasets import squad_questions
from eval.run import run
from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.pipeline import QuestionAnswerer
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion

PARAGRAPHS = [
    SquadParagraph("t", f"The ferry f{n} leaves at noon.", (SquadQuestion(f"{n}", f"«f{n}»?", (answer,)),))
    for n in range(50)
    for answer in [AcceptedAnswer(f"f{n}", 10)]
]


def test_a_share_of_the_paragraphs_is_left_out_and_their_questions_have_no_answer() -> None:
    texts, asked = squad_questions(PARAGRAPHS, absent=0.4, limit=50, seed=3)
    assert 15 < len(texts) < 45
    assert {q.passage for q in asked if q.accepted} == set(texts)
    assert squad_questions(PARAGRAPHS, absent=0.4, limit=50, seed=3) == (texts, asked)
    assert squad_questions(PARAGRAPHS, absent=0.4, limit=5, seed=3)[1] == asked[:5]


def test_a_question_for_one_document_is_asked_of_no_other(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    ids = [index.add(DocumentDraft("", paragraph.text))[0].id for paragraph in PARAGRAPHS[:3]]
    _, (question, *_) = squad_questions(PARAGRAPHS[:1], absent=0, limit=1, seed=0)
    own, other = (next(run(answerer, [replace(question, document_id=at)], top_k=5)) for at in (ids[0], ids[1]))
    assert (own.said, own.right, own.retrieved) == ("f0", True, True)
    assert (other.said, other.abstained, other.retrieved) == ("", True, False)


@pytest.mark.model
@pytest.mark.parametrize("scope", ["--gold", "--open"])
def test_a_squad_file_is_measured(tmp_path: Path, scope: str) -> None:
    context = "Marta Quill founded the bakery in 1987. It stands on Pier 9, beside the lighthouse."
    asked = [("Who founded the bakery?", "Marta Quill"), ("When was the bakery founded?", "1987")]
    qas = [{"id": q, "question": q, "answers": [{"text": a, "answer_start": context.index(a)}]} for q, a in asked]
    data = {"data": [{"title": "t", "paragraphs": [{"context": context, "qas": qas}]}]}
    with gzip.open(tmp_path / "small.json.gz", "wt") as file:
        json.dump(data, file)
    command = [str(Path(sys.executable).parent / "sourcespan"), "eval", "squad", "small.json.gz", scope, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    measures = json.loads(done.stdout)["measures"]
    assert (measures["questions"], measures["exact_match"], measures["passage_recall"]) == (2, 1, 1)
