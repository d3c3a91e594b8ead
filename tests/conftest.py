from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from api.app import create_app
from api.serving.server import Server as HttpServer
from api.serving.server import bound
from api.settings import Settings
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.confidence.calibration import UNFITTED, Calibration
from rag.config import AskConfig
from rag.engine import Sourcespan
from rag.interfaces import Reader
from rag.retrieval.retriever import HybridRetriever
from tests.fakes import BagOfWordsEmbedder, QuotingReader
from tests.postgres.server import PostgresServer, postgres_server

# Speed is measured in benchmarks; a busy machine must not fail a test. In CI the examples are the same each time: new
# ones are for those who can look into what they find.
hypothesis_settings.register_profile(
    "sourcespan", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
hypothesis_settings.load_profile("sourcespan")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sourcespan]:
    """The real models over a folder of its own."""
    with Sourcespan.open(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.fixture(scope="session")
def parser() -> Iterator[Parser]:
    """Worker processes that read files."""
    with Parser() as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def database() -> str:
    """Where documents are kept: in the folder. Modules that import `tests.stores.over_both` run over both stores."""
    return ""


@pytest.fixture
def index(tmp_path: Path, database: str) -> Iterator[PassageIndex]:
    """An empty index with a fake embedder."""
    with PassageIndex(tmp_path / "data", BagOfWordsEmbedder(), database=database) as opened:
        yield opened


@pytest.fixture
def answerer(index: PassageIndex) -> QuestionAnswerer:
    """Everything real but the models."""
    return fake_answerer(index)


def fake_library(index: PassageIndex, reader: Reader | None = None, self_test_question: str = "«blue»?") -> Sourcespan:
    """Everything real but the models."""
    return Sourcespan(index, BagOfWordsEmbedder(), reader or QuotingReader(), self_test_question=self_test_question)


def fake_answerer(
    index: PassageIndex,
    reader: Reader | None = None,
    calibration: Calibration = UNFITTED,
    config: AskConfig | None = None,
) -> QuestionAnswerer:
    retriever = HybridRetriever(index, BagOfWordsEmbedder())
    return QuestionAnswerer(retriever, reader or QuotingReader(), index, calibration, config)


@dataclass(frozen=True)
class Server:
    """A real server on a port of its own, with fake models behind it."""

    url: str
    index: PassageIndex
    begin_stop: Callable[[], None]
    join: Callable[[], None]

    def add(self, title: str, text: str, source: str = "note.txt") -> str:
        """Adds a document over HTTP and gives its id."""
        response = httpx.post(
            f"{self.url}/v1/documents", json={"title": title, "text": text, "source": source}, timeout=60
        )
        response.raise_for_status()
        return str(response.json()["id"])


PageServer = Server


@pytest.fixture
def start_server(tmp_path: Path, database: str) -> Iterator[Callable[..., Server]]:
    """Starts servers with given settings, and stops them when the test ends."""
    stops: list[Callable[[], None]] = []
    joins: list[Callable[[], None]] = []

    def start(reader: Reader | None = None, **given: object) -> Server:
        settings = Settings(_env_file=None, port=0, **given)  # type: ignore[call-arg, arg-type]
        folder = tmp_path / f"server-{len(stops)}"
        opened = PassageIndex(folder, BagOfWordsEmbedder(), quota=settings.quota, database=database)
        socket = bound(settings)
        socket.listen()  # whoever connects before uvicorn is ready waits instead of being refused
        server = HttpServer(create_app(fake_library(opened, reader), settings), settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()

        def join() -> None:
            thread.join()
            socket.close()

        stops.append(server.stop)
        joins.append(join)
        return Server(f"http://127.0.0.1:{socket.getsockname()[1]}", opened, server.stop, join)

    yield start
    for stop in (*stops, *joins):
        stop()


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    """A server with default settings."""
    return start_server()


@pytest.fixture
def page_server(server: Server) -> Server:
    """The server that the chat page's tests open."""
    return server
