from __future__ import annotations

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.retrieval.retriever import HybridRetriever
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion
from rag.training.data.mining import mine
from tests.fakes import BagOfWordsEmbedder

OWN = "The ferry leaves Pier 9 at noon."
SAYS_SO_TOO = "At NOON, the ferry leaves."
NEAR = "The ferry leaves when it is full, in the afternoon."
FAR = "Marta baked bread."


def test_the_nearest_passage_without_the_answer_is_taken(index: PassageIndex) -> None:
    for text in (OWN, SAYS_SO_TOO, NEAR, FAR):
        index.add(DocumentDraft("t", text))
    question = SquadQuestion("q", "When does the ferry leave?", (AcceptedAnswer("noon", OWN.index("noon")),))
    paragraph = SquadParagraph("t", OWN, (question,))
    (mined,) = mine([(paragraph, question)], HybridRetriever(index, BagOfWordsEmbedder()), depth=4)
    assert mined.text == NEAR
    assert [(q.question, q.answers) for q in mined.questions] == [(question.question, ())]


def test_where_every_passage_holds_the_answer_nothing_is_mined(index: PassageIndex) -> None:
    index.add(DocumentDraft("t", SAYS_SO_TOO))
    question = SquadQuestion("q", "When does the ferry leave?", (AcceptedAnswer("noon", OWN.index("noon")),))
    assert not list(
        mine([(SquadParagraph("t", OWN, (question,)), question)], HybridRetriever(index, BagOfWordsEmbedder()), 4)
    )
