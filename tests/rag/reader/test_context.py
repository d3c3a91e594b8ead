"""Whatever a document is and whatever a model says of it, no answer touches the words that were inserted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.bert.compiled_bert import Work
from index.documents import DocumentDraft
from index.parsing.content import Content
from index.passage_index import PassageIndex
from index.passages.reading_text import ReadingText
from rag.answering.pipeline import QuestionAnswerer
from rag.confidence.calibration import UNFITTED
from rag.config import ReaderConfig
from rag.interfaces import Reading
from rag.reader.extractive_reader import ExtractiveReader
from rag.reader.joint_encoder import JointEncoder, PassLogits
from rag.reader.windows import Window, WindowTokenizer
from rag.retrieval.retriever import HybridRetriever
from tests import strategies
from tests.fakes import BagOfWordsEmbedder
from tests.rag.training.support import tiny_tokenizer
from tests.strategies import texts


def random_reader(seed: int) -> ExtractiveReader:
    """Says anything of any window."""
    random = np.random.default_rng(seed)

    def logits(windows: Sequence[Window]) -> Iterator[PassLogits]:
        shape = len(windows), max(map(len, windows))
        start, end = random.normal(0, 5, (2, *shape)).astype(np.float32)
        yield [*range(len(windows))], start, end

    encoder = JointEncoder(logits, WindowTokenizer.of(tiny_tokenizer()), max_tokens=64, stride=8)
    config = ReaderConfig(spans_per_window=50, stride=8, max_answer_tokens=20)
    return ExtractiveReader(encoder, config, fingerprint="random", number_format="fp32", max_tokens=64, work=Work())


@given(strategies.contents, st.text("Ab c", max_size=20), texts, st.integers(0, 1_000))
@settings(max_examples=50)
def test_answers_are_stored_characters_of_one_cell_or_none(content: Content, title: str, more: str, seed: int) -> None:
    reader = random_reader(seed)
    draft = DocumentDraft(title, content.text, outline=content.outline)
    with TemporaryDirectory() as folder, PassageIndex(Path(folder), BagOfWordsEmbedder()) as index:
        index.add(draft)
        answerer = QuestionAnswerer(HybridRetriever(index, BagOfWordsEmbedder()), reader, index, UNFITTED)
        result = answerer.ask(f"a b {more[:20]}", n_best=10, min_confidence=0.0)
        for answer in (*result.answers, *result.candidates):
            assert content.text[answer.span.start : answer.span.end] == answer.text
        for retrieved in result.passages:
            passage = retrieved.passage
            for spans in reader.read_many([Reading("a b", [passage.reading])]):
                for _, found in spans:
                    assert 0 <= found.start < found.end <= len(passage.text)
                    assert _is_in_one_piece(passage.reading, found.start, found.end)


def _is_in_one_piece(reading: ReadingText, start: int, end: int) -> bool:
    return any(piece.start <= start + piece.shift and end + piece.shift <= piece.end for piece in reading.pieces)
