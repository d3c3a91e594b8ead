"""Retrieval scores against trec_eval, and BEIR folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import NotASuite
from eval.measures.retrieval import SCORES, measure_retrieval, search_all
from eval.suites.beir import RetrievalQuery, read_beir, retrieval_of
from eval.suites.choosing import Choice, open_suite
from eval.suites.datasets import squad_suite
from index.documents import DocumentDraft
from index.errors import MalformedFile
from index.passage_index import PassageIndex
from rag.config import RetrieverConfig
from tests.eval.suites.test_squad import PARAGRAPHS
from tests.fakes import BagOfWordsEmbedder, PreferringReranker

KEYS = [f"d{n}" for n in range(30)]


@given(
    ranking=st.lists(st.sampled_from(KEYS), unique=True),
    relevant=st.dictionaries(st.sampled_from(KEYS), st.integers(1, 4), min_size=1),
)
def test_scores_are_those_of_trec_eval(ranking: list[str], relevant: dict[str, int]) -> None:
    evaluator = pytrec_eval.RelevanceEvaluator({"q": relevant}, {"recall.1,5,20", "ndcg_cut.10"})
    reciprocal = pytrec_eval.RelevanceEvaluator({"q": relevant}, {"recip_rank"})
    run = {key: float(-rank) for rank, key in enumerate(ranking)}
    expected = {"recall_1": 0.0, "recall_5": 0.0, "recall_20": 0.0, "mrr_10": 0.0, "ndcg_10": 0.0}
    if run:
        said = evaluator.evaluate({"q": run})["q"]
        first_ten = reciprocal.evaluate({"q": {key: run[key] for key in ranking[:10]}})["q"]
        expected = {
            **{name: said[name] for name in ("recall_1", "recall_5", "recall_20")},
            "mrr_10": first_ten["recip_rank"],
            "ndcg_10": said["ndcg_cut_10"],
        }
    assert {name: score(ranking, relevant) for name, score in SCORES.items()} == pytest.approx(expected)


def beir(folder: Path, *, ending: str = "", qrels: str = "qrels.tsv") -> Path:
    corpus = [
        {"_id": "1", "title": "Ferries", "text": "The ferry leaves at noon."},
        {"_id": "2", "title": "", "text": "Bread is baked at dawn."},
        {"_id": "3", "title": "", "text": " "},
    ]
    queries = [{"_id": "a", "text": "ferry at noon"}, {"_id": "b", "text": "baked bread"}, {"_id": "c", "text": "x"}]
    judged = "query-id\tcorpus-id\tscore\na\t1\t2\nb\t2\t1\nb\t1\t0\nc\t2\t0\n"
    (folder / qrels).parent.mkdir(exist_ok=True)
    opener = gzip.open if ending else open
    for name, content in (
        ("corpus.jsonl", "".join(json.dumps(row) + "\n" for row in corpus)),
        ("queries.jsonl", "".join(json.dumps(row) + "\n" for row in queries)),
        (qrels, judged),
    ):
        with opener(folder / f"{name}{ending}", "wt") as file:
            file.write(content)
    return folder


@pytest.mark.parametrize(("ending", "qrels"), [("", "qrels.tsv"), (".gz", "qrels.tsv"), ("", "qrels/test.tsv")])
def test_a_beir_folder_is_read(tmp_path: Path, ending: str, qrels: str) -> None:
    suite = read_beir(beir(tmp_path, ending=ending, qrels=qrels))
    assert {key: draft.text for key, draft in suite.documents.items()} == {
        "1": "Ferries\n\nThe ferry leaves at noon.",
        "2": "Bread is baked at dawn.",
    }
    assert {q.id: dict(q.relevant) for q in suite.queries} == {"a": {"1": 2}, "b": {"2": 1}}
    assert len(read_beir(tmp_path, limit=1).queries) == 1


def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path) -> None:
    beir(tmp_path)
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1", "text": "x"}\n{"_id": "2"}\n')
    with pytest.raises(MalformedFile, match=r"corpus.jsonl.*line 2 has no text"):
        read_beir(tmp_path)
    (tmp_path / "queries.jsonl").unlink()
    (tmp_path / "corpus.jsonl").write_text("")
    with pytest.raises(NotASuite, match=r"it has no queries.jsonl"):
        open_suite(str(tmp_path), Choice(), served=False)


def test_every_arm_is_measured_and_equal_documents_share_their_place(index: PassageIndex, tmp_path: Path) -> None:
    suite = read_beir(beir(tmp_path))
    ids = {key: index.add(draft)[0].id for key, draft in suite.documents.items()}
    keys = {ids["1"]: ["1", "copy"], ids["2"]: ["2"]}
    queries = [*suite.queries, RetrievalQuery("copy", "noon ferry", {"copy": 1})]
    outcomes = list(search_all(index, BagOfWordsEmbedder(), queries, keys))
    by_id = {o.id: o.scores for o in outcomes}
    assert by_id["a"]["lexical"]["recall_1"] == by_id["a"]["fused"]["ndcg_10"] == 1
    assert by_id["copy"]["lexical"]["mrr_10"] == 1 / 2
    figures = measure_retrieval(outcomes, resamples=50)
    assert figures["lexical.mrr_10"].value == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert figures["fused.recall_20"].over == 3


def test_a_reranker_is_an_arm_of_its_own(index: PassageIndex, tmp_path: Path) -> None:
    suite = read_beir(beir(tmp_path))
    ids = {key: index.add(draft)[0].id for key, draft in suite.documents.items()}
    wrong_way_round = [suite.documents["2"].text, suite.documents["1"].text]
    for depth, recall in ((20, 0), (1, 1)):
        (outcome,) = search_all(
            index, BagOfWordsEmbedder(), suite.queries[:1], {ids[key]: [key] for key in ids},
            RetrieverConfig(rerank_depth=depth), PreferringReranker(
                wrong_way_round if "1" in suite.queries[0].relevant else wrong_way_round[::-1]
            ),
        )  # fmt: skip
        assert outcome.scores["fused"]["recall_1"] == 1
        assert outcome.scores["reranked"]["recall_1"] == recall
        assert outcome.scores["reranked"]["recall_5"] == 1, "what is beyond the depth comes after"
        figures = measure_retrieval([outcome], resamples=20)
        adds = outcome.scores["reranked"]["ndcg_10"] - outcome.scores["fused"]["ndcg_10"]
        assert figures["reranked_over_fused.ndcg_10"].value == pytest.approx(adds)


def test_a_document_ranks_where_its_best_passage_does(index: PassageIndex) -> None:
    filler = " ".join(f"Sentence {n} speaks of nothing much at all." for n in range(30))
    long = index.add(DocumentDraft("", f"The ferry leaves. {filler} The ferry returns."))[0].id
    short = index.add(DocumentDraft("", "A ferry sank."))[0].id
    (found,) = search_all(
        index, BagOfWordsEmbedder(), [RetrievalQuery("q", "ferry", {"short": 1})], {long: ["long"], short: ["short"]}
    )
    assert found.scores["lexical"]["mrr_10"] in (1, 1 / 2)


def test_a_squad_file_is_a_retrieval_set_too() -> None:
    suite = squad_suite("s", PARAGRAPHS, whole=True, absent=0.4, limit=None, seed=3)
    task = retrieval_of(suite)
    assert {key for query in task.queries for key in query.relevant} == set(suite.documents)
    assert len(task.queries) == len(suite.documents)
