"""Hard negatives: each question with a passage that our own retriever finds for it and that does not hold the answer.

A reader that was only ever shown the right paragraph has never learnt to say "not here" about a near one (Karpukhin et
al., arXiv 2004.04906, mine the same way for retrievers). This is the one module of training that needs the index.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from index.documents import DocumentDraft
from index.ingestion.build import add_many
from index.interfaces import Progress
from index.passage_index import PassageIndex
from rag.confidence.answer_match import normalise
from rag.interfaces import Query, Retriever
from rag.squad import SquadParagraph, SquadQuestion, read_squad
from rag.training.data.split import write_squad


def mine_files(
    files: Sequence[Path], out: Path, *, limit: int, depth: int, seed: int, progress: Progress
) -> tuple[int, int]:
    """Writes a SQuAD 2.0 file of unanswerable questions; gives how many were mined and how many were tried.

    All paragraphs of ``files`` go into one index; of up to ``limit`` answerable questions drawn at random, each gets
    the best of the ``depth`` retrieved passages that holds none of its answers, if there is one.
    """
    from rag.config import ModelConfig
    from rag.models.loading import load_embedder
    from rag.retrieval.retriever import HybridRetriever

    paragraphs = [paragraph for file in files for paragraph in read_squad(file)]
    asked = [(p, q) for p in paragraphs for q in p.questions if q.answers]
    random.Random(seed).shuffle(asked)
    embedder = load_embedder(ModelConfig())
    with (
        tempfile.TemporaryDirectory(prefix="sourcespan-mine-") as folder,
        PassageIndex(Path(folder), embedder) as index,
    ):
        texts = sorted({paragraph.text for paragraph in paragraphs if paragraph.text.strip()})
        for _ in add_many(index, [DocumentDraft("", text) for text in texts], progress):
            pass
        mined = list(mine(asked[:limit], HybridRetriever(index, embedder), depth))
    write_squad(out, mined)
    return len(mined), min(limit, len(asked))


def mine(
    asked: Sequence[tuple[SquadParagraph, SquadQuestion]], retriever: Retriever, depth: int
) -> Iterator[SquadParagraph]:
    """Each question with the best passage that does not hold its answer, as a paragraph of its own."""
    for paragraph, question in asked:
        answers = [normalise(answer.text) for answer in question.answers]
        for retrieved in retriever.retrieve([Query(question.question, depth)])[0].passages:
            text = retrieved.passage.text
            if text not in paragraph.text and not any(f" {a} " in f" {normalise(text)} " for a in answers):
                yield SquadParagraph(paragraph.title, text, (replace(question, id=f"{question.id}-mined", answers=()),))
                break
