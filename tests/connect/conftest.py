"""The service as the pages in docs/connect find it: the real models, and a timetable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.app import create_app
from api.serving.server import Server, bound
from api.settings import Settings
from sourcespan import Sourcespan

FERRY = "The ferry to Oban leaves at 07:30 from pier two."


@dataclass(frozen=True)
class Served:
    """A running service, and the folder that it serves."""

    url: str
    folder: Path


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(_env_file=None, port=0)  # type: ignore[call-arg]
    with Sourcespan.open(tmp_path_factory.mktemp("served")) as library:
        library.add(text=FERRY, title="Timetable", source="timetable.txt")
        socket = bound(settings)
        socket.listen()  # whoever connects before the server is ready waits
        server = Server(create_app(library, settings), settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        yield Served(f"http://127.0.0.1:{socket.getsockname()[1]}", library.folder)
        server.stop()
        thread.join()
        socket.close()
