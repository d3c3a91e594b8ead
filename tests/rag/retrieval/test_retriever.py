from __future__ import annotations

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.answers import Place, RetrievedPassage, Span
from rag.config import RetrieverConfig
from rag.interfaces import Query, SearchMode
from rag.retrieval.retriever import HybridRetriever
from tests.fakes import BagOfWordsEmbedder


def test_one_arm_by_itself_goes_by_its_own_scores(index: PassageIndex) -> None:
    for text in ("Ferry, ferry, bread.", "The ferry leaves at noon, it says.", "At noon bread is baked.", "Noon."):
        index.add(DocumentDraft("t", text))

    def found(mode: SearchMode, dense_weight: float = 0.8) -> list[RetrievedPassage]:
        retriever = HybridRetriever(index, BagOfWordsEmbedder(), RetrieverConfig(dense_weight=dense_weight))
        (of_one,) = retriever.retrieve([Query("bread at noon", 4, mode=mode)])
        return list(of_one.passages)

    def texts(passages: list[RetrievedPassage]) -> list[str]:
        return [each.passage.text for each in passages]

    dense, lexical = found("dense"), found("lexical")
    assert texts(found("hybrid", dense_weight=1)) == texts(dense) != texts(lexical)
    assert [each.cosine for each in dense] == sorted((each.cosine for each in dense if each.cosine), reverse=True)
    assert [each.bm25 for each in lexical] == sorted((each.bm25 for each in lexical if each.bm25), reverse=True)
    assert all(0 <= each.score <= 1 + 1e-9 for each in dense + lexical)
    assert lexical[0].score == 1


def test_passages_with_the_same_words_take_one_place(index: PassageIndex) -> None:
    # documents of the same text are one anyway: these differ in white space and case, or in what follows
    leaflets = [f"The{' ' * n} architect of the museum is unknown." for n in range(1, 15)]
    kept = [index.add(DocumentDraft("", text))[0] for text in leaflets]
    letter, _ = index.add(DocumentDraft("", "Ms Ode was the architect."))
    (found,) = HybridRetriever(index, BagOfWordsEmbedder()).retrieve([Query("architect of the museum", 2)])
    first, second = found.passages
    assert second.passage.document_id == letter.id
    places = [Place(first.passage.document_id, Span(first.passage.start, first.passage.end)), *first.also_at]
    assert {place.document_id for place in places} == {document.id for document in kept}
    assert second.also_at == ()
