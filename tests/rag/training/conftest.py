from __future__ import annotations

import pytest

from tests.rag.training.support import Files, paragraphs, tiny_reader, write_squad_json


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("files")
    return Files(
        tiny_reader(folder / "init"),
        write_squad_json(folder / "train.json", paragraphs(60, seed=1)),
        write_squad_json(folder / "more.data.json", paragraphs(40, seed=2)),
        write_squad_json(folder / "dev.json", paragraphs(20, seed=3)),
    )
