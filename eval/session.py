"""One measurement from beginning to end: put the documents in, ask, keep every answer, make figures of them."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.progress import track

from eval.askers import MAX_DOCUMENT_IDS, Asker, InProcess, Server
from eval.benchmarks.models import number_format_of
from eval.errors import NotASuite
from eval.journal import Journal
from eval.measures.answers import measure
from eval.measures.retrieval import SearchOutcome, measure_retrieval, search_all
from eval.reports.results import Result
from eval.run import Outcome, run
from eval.suites.beir import RetrievalQuery, RetrievalSuite
from eval.suites.datasets import EvalQuestion, Suite
from index.errors import WouldOverwrite
from index.upkeep.terminal import Console
from rag.config import MAX_N_BEST, AskConfig, ModelConfig, RetrieverConfig

if TYPE_CHECKING:
    from rag.engine import Sourcespan

T = TypeVar("T")
Asked = TypeVar("Asked", EvalQuestion, RetrievalQuery)


@dataclass(frozen=True, slots=True)
class Session:
    """How a suite is measured: with which models, or by which server, and where answers are kept meanwhile."""

    models: ModelConfig
    url: str = ""
    """A server to ask; empty for the models in this process."""
    top_k: int = 5
    retriever: RetrieverConfig = field(default_factory=RetrieverConfig)
    output: Path | None = None
    """What will be written in the end: the answers are kept beside it. None keeps nothing."""
    database: str = ""
    """The address of an empty PostgreSQL for the documents; without one they lie in a folder."""

    @property
    def kept(self) -> Path | None:
        """Where answers are kept until the output is written."""
        return self.output and self.output.with_suffix(".answers.jsonl")


def measured(suite: Suite | RetrievalSuite, session: Session) -> Result:
    """Asks every question of the suite that was not answered before. Raises EvaluationError, ModelError."""
    if isinstance(suite, RetrievalSuite):
        if session.url:
            raise NotASuite(suite.name, "a retrieval set is searched in this process, not on a server")
        with opened(session) as library:
            return searched(suite, library, session)
    if session.url:
        with Server(session.url) as server:
            return asked(suite, server, session, {"by": session.url})
    with opened(session) as library:
        by = {
            "by": library.reader.fingerprint,
            "embedder": library.embedder.fingerprint,
            "precision": number_format_of(library.reader),
            "calibration": _digest(repr(library.calibration)),
            **_ordered(library, session),
        }
        return asked(suite, InProcess(library), session, by)


def asked(suite: Suite, asker: Asker, session: Session, by: Mapping[str, str]) -> Result:
    """The result of asking ``asker``; ``by`` says who that is."""
    scope = "own document" if suite.own_document_only else f"{len(suite.documents)} documents"
    facts = {
        **by,
        "top_k": session.top_k,
        "asked_of": scope if suite.documents else "what the server holds",
        "suite_sha256": _digest(repr((suite.questions, sorted(suite.documents)))),
    }

    def ask(questions: Sequence[EvalQuestion]) -> Iterator[Outcome]:
        added = _tracked(asker.add(list(suite.documents.values())), "Indexing", len(suite.documents))
        ids = dict(zip(suite.documents, added, strict=True))
        # a server may hold other documents; where the contract cannot name all of ours, it is asked for everything
        among = list(ids.values()) if session.url and 0 < len(ids) <= MAX_DOCUMENT_IDS else None
        asker.ask(questions[0].question, top_k=session.top_k, document_ids=None)  # the first one pays for warming up
        return run(
            asker,
            questions,
            top_k=session.top_k,
            ids=ids,
            own_document_only=suite.own_document_only,
            among=among,
        )

    outcomes = _resumed(suite.questions, ask, Outcome, lambda o: o.question.id, {"name": suite.name, **facts}, session)
    return Result(suite.name, facts, measure(outcomes), outcomes=outcomes)


def searched(suite: RetrievalSuite, library: Sourcespan, session: Session) -> Result:
    """The result of searching, without reading."""
    facts = {
        "by": library.embedder.fingerprint,
        "precision": number_format_of(library.embedder),
        **_ordered(library, session),
        "asked_of": f"{len(suite.documents)} documents",
        "suite_sha256": _digest(repr((suite.queries, sorted(suite.documents)))),
    }

    def search(queries: Sequence[RetrievalQuery]) -> Iterator[SearchOutcome]:
        keys: dict[str, list[str]] = {}  # two documents with the same text are one
        added = _tracked(library.add_many(list(suite.documents.values())), "Indexing", len(suite.documents))
        for key, one in zip(suite.documents, added, strict=True):
            keys.setdefault(one.document_or_error().id, []).append(key)
        return search_all(library.index, library.embedder, queries, keys, session.retriever, library.reranker)

    outcomes = _resumed(suite.queries, search, SearchOutcome, lambda o: o.id, {"name": suite.name, **facts}, session)
    return Result(suite.name, facts, measure_retrieval(outcomes), searches=outcomes)


def _resumed(
    questions: Sequence[Asked],
    ask: Callable[[Sequence[Asked]], Iterator[T]],
    kind: type[T],
    id_of: Callable[[T], str],
    facts: dict[str, Any],
    session: Session,
) -> list[T]:
    """The outcomes of all questions in their order, of which only those are asked that no journal holds."""
    if session.kept is None:
        return list(_tracked(ask(questions), "Asking", len(questions)))
    with Journal(session.kept, facts, kind) as journal:
        known = {id_of(row) for row in journal.rows}
        left = [question for question in questions if question.id not in known]
        for row in _tracked(ask(left), "Asking", len(left)) if left else ():
            journal.keep(row)
        by_id = {id_of(row): row for row in journal.rows}
    return [by_id[question.id] for question in questions]


@contextmanager
def opened(session: Session) -> Iterator[Sourcespan]:
    """The models over an empty index, of which a folder is thrown away. Raises WouldOverwrite."""
    from rag.engine import Sourcespan

    with tempfile.TemporaryDirectory(prefix="sourcespan-eval-") as folder:
        # as a user asks, but for more answers: among them one may be that another outranked
        asking = AskConfig(n_best=MAX_N_BEST)
        with Sourcespan.open(
            folder, session.models, retriever=session.retriever, ask=asking, database=session.database
        ) as library:
            if not library.index.is_untouched:
                raise WouldOverwrite("the database holds documents already", "name one that is empty")
            yield library


def _ordered(library: Sourcespan, session: Session) -> dict[str, Any]:
    """What puts passages in order."""
    by = {"dense_weight": session.retriever.dense_weight}
    if library.reranker is None:
        return by
    return {**by, "reranker": library.reranker.fingerprint, "rerank_depth": session.retriever.rerank_depth}


def _tracked(work: Iterable[T], what: str, total: int) -> Iterable[T]:
    return track(work, what, total=total, console=Console(stderr=True), transient=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
