"""A server with fake models in a process of its own: ``python -m tests.attacks.serving FOLDER`` prints its address."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from api.app import create_app
from api.serving.server import Server, bound
from api.settings import Settings
from index.passage_index import PassageIndex
from tests.conftest import fake_library
from tests.fakes import BagOfWordsEmbedder


def main(folder: Path, given: dict[str, object]) -> None:
    """Serves until it is told to stop."""
    settings = Settings(_env_file=None, port=0, **given)  # type: ignore[call-arg, arg-type]
    index = PassageIndex(folder, BagOfWordsEmbedder(), database=settings.database)
    socket = bound(settings)
    socket.listen()
    print(f"http://{settings.host}:{socket.getsockname()[1]}", flush=True)
    Server(create_app(fake_library(index), settings), settings).run(sockets=[socket])


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
