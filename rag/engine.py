"""The one door: a folder of documents, and what puts them in, finds them and answers from them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from index.bert.allocator import give_back
from index.errors import QuestionError
from index.ingestion.build import LateParser
from index.interfaces import Embedder
from index.isolation.limits import Limits
from index.passage_index import PassageIndex
from index.passages.splitting import PassageSize
from index.store.catalogue.quota import MAX_ORIGINAL, NO_LIMIT, Quota
from index.store.catalogue.shelves import Wanted
from index.vectors.vector_rule import VectorRule
from rag.answering.pipeline import QuestionAnswerer
from rag.answers import Result
from rag.confidence.calibration import UNFITTED, Calibration
from rag.config import DEFAULT_OCR, AskConfig, ModelConfig, ReaderConfig, RetrieverConfig
from rag.contents import Contents
from rag.interfaces import Reader, Reranker, Retrieval, SearchMode
from rag.models import loading
from rag.questions import Question, Turn
from rag.reader.self_test import QUESTION, reads
from rag.retrieval.retriever import HybridRetriever

if TYPE_CHECKING:
    pass

logger = logging.getLogger("sourcespan")


class Sourcespan(Contents):
    """Documents in a folder, and exact quotes from them as answers to questions.

    It may be used by several threads at once, and several processes may have the same folder open. Close it, or use it
    as a context manager, so that worker processes end and files are let go of.
    """

    def __init__(
        self,
        index: PassageIndex,
        embedder: Embedder,
        reader: Reader,
        calibration: Calibration = UNFITTED,
        reranker: Reranker | None = None,
        *,
        retriever: RetrieverConfig | None = None,
        ask: AskConfig | None = None,
        parser: LateParser | None = None,
        self_test_question: str = QUESTION,
    ) -> None:
        """Puts loaded parts together, and closes ``index`` and ``parser`` in the end; `open` loads them."""
        self.index = index
        self.embedder = embedder
        self.reader = reader
        self.calibration = calibration
        self.reranker = reranker
        self.answerer = QuestionAnswerer(
            HybridRetriever(index, embedder, retriever, reranker), reader, index, calibration, ask
        )
        self.parser = parser or LateParser()
        self._self_test_question = self_test_question

    @classmethod
    def open(
        cls,
        folder: str | PathLike[str],
        models: ModelConfig | None = None,
        *,
        size: PassageSize | None = None,
        retriever: RetrieverConfig | None = None,
        reader: ReaderConfig | None = None,
        ask: AskConfig | None = None,
        rule: VectorRule | None = None,
        quota: Quota = NO_LIMIT,
        parsing: Limits | None = None,
        max_document_bytes: int | None = None,
        max_original_bytes: int = MAX_ORIGINAL,
        ocr: str = DEFAULT_OCR,
        answers: bool = True,
        database: str = "",
        database_read: str = "",
    ) -> Self:
        """Loads the models and opens the documents in ``folder``, which is made if it is not there.

        Args:
            folder: Where documents, passages and vectors are kept.
            models: Which embedder, reader, reranker and calibration; by default the bundled ones.
            size: How long passages are, in tokens of the embedder.
            retriever: How passages are found.
            reader: How passages are read.
            ask: What a question gets that does not say otherwise.
            rule: From how many passages on which kind of vector index is used.
            quota: How much may be stored.
            parsing: How much memory and time a file may take to be read.
            max_document_bytes: How large a file, and the text in it, may be; by default `index.parsing.MAX_BYTES`.
            max_original_bytes: How large a file may be to be kept beside its text; 0: none is kept.
            ocr: Languages in which Tesseract, where it is installed, reads pictures of pages; empty: none.
            database: Address of a PostgreSQL (postgresql://…) that documents, passages and vectors are kept in instead,
                and that several processes on any machines may share; ``folder`` then holds what is derived from them.
            database_read: Address of a hot standby of it, which questions are read from.
            answers: False begins sooner, with neither reader nor reranker: asking then raises ModelNotFound.

        Raises:
            ModelError: A model is not there, or not one for its job.
            CalibrationMismatch: The calibration was fitted for other models.
            CatalogueError: The folder cannot be used, or was made with another embedder.
        """
        folder, models = Path(folder), models or ModelConfig()
        # what was opened before something fails is closed again; garbage is not looked for among what stays for good
        with ExitStack() as opened, loading.no_garbage():
            parser = LateParser(parsing, max_bytes=max_document_bytes, max_original=max_original_bytes, ocr=ocr)
            opened.callback(parser.close)
            if answers:  # a mistyped name should not cost the seconds of loading
                loading.check_names(models)
            else:
                parser.get().prepare()  # files are what comes next
            embedder = loading.load_embedder(models)
            loaded, calibration, preparation = loading.load_reader_if(
                answers, models, embedder.fingerprint, reader, folder
            )
            index = PassageIndex(
                folder,
                embedder,
                size=size,
                rule=rule,
                preparation=preparation,
                quota=quota,
                database=database,
                database_read=database_read,
            )
            opened.callback(index.close)
            reranker = loading.load_reranker(models) if answers else None
            opened.pop_all()
        give_back()
        if not calibration.knows_order_of(reranker.fingerprint if reranker else ""):
            logger.warning("The calibration was fitted for another order of passages: run `sourcespan calibrate`")
        return cls(index, embedder, loaded, calibration, reranker, retriever=retriever, ask=ask, parser=parser)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the worker processes, keeps a snapshot of the vectors if there is room for it, and closes the files."""
        self.parser.close()
        self.index.close()

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        document_ids: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        mode: SearchMode = "hybrid",
        explain: bool = False,
    ) -> Retrieval:
        """The ``top_k`` passages that fit ``query`` best, best first, without reading them.

        They are from these documents, and those that ``filter`` allows (`docs/filters.md`), by default from all.
        ``mode`` says whether meaning (``dense``), words (``lexical``) or both count. With ``explain`` each says which
        words of the query it has. Raises InvalidQuestion.
        """
        among = self._among(document_ids, filter)
        return self.answerer.search(query, top_k=top_k, document_ids=among, mode=mode, explain=explain)

    def ask(
        self,
        question: str,
        *,
        top_k: int | None = None,
        n_best: int | None = None,
        document_ids: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        min_confidence: float | None = None,
        history: Sequence[Turn] = (),
    ) -> Result:
        """Answers a question with exact quotes, or abstains where the documents do not hold the answer.

        At most ``top_k`` passages are read, only of these documents if any are named, and of those that ``filter``
        allows (`docs/filters.md`). The result has at most ``n_best`` answers and candidates. Given is what has
        ``min_confidence``, 0 to 1; by default the calibration decides. ``history`` is what was asked before, the oldest
        turn first: "And where is he held?" is resolved by it.
        Raises InvalidQuestion for a blank question or a number out of its limits, QuestionTooLong, and
        ModelNotFound where no reader was loaded.
        """
        return self.answerer.ask(
            question,
            top_k=top_k,
            n_best=n_best,
            document_ids=self._among(document_ids, filter),
            min_confidence=min_confidence,
            history=history,
        )

    def ask_many(self, questions: Sequence[str | Question]) -> list[Result | QuestionError]:
        """Answers several questions, faster than one by one.

        Gives a result for each, in order; of one that cannot be asked its error, which harms no other. Raises
        ModelNotFound where no reader was loaded.
        """
        return self.answerer.ask_many([Question(q) if isinstance(q, str) else q for q in questions])

    def self_test(self) -> bool:
        """Whether the reader still reads: it is asked a question of which the answer is known."""
        return reads(self.reader, self._self_test_question)

    def _among(self, document_ids: Sequence[str] | None, filter: Mapping[str, Any] | None) -> Sequence[str] | None:  # noqa: A002
        """The documents that are meant; None: all. Raises InvalidFilter."""
        return document_ids if filter is None else self.index.shelves.ids(Wanted(filter, document_ids))
