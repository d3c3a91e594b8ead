from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index.embedder import ALL_MINILM_L6_V2_SHA256, load_embedder_from, weights_sha256
from index.errors import ModelCorrupted, ModelNotFound, ModelUnsuitable
from rag.config import DEFAULT_READER, ModelConfig
from rag.engine import Sourcespan
from rag.models.loading import load_reader, reader_folder
from tests.index.test_embedder import tiny_embedder

ROOT = Path(__file__).parents[3]

OFFLINE = """
import os, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        os.write(2, f"the network was asked for: {event} {arguments[1:]}".encode())  # some thread may hide the error
        raise AssertionError(event)
sys.addaudithook(refuse)
from pathlib import Path
from index.documents import DocumentDraft
from rag.engine import Sourcespan
library = Sourcespan.open(sys.argv[1])
library.add(DocumentDraft("t", "Marta Quill founded the bakery in 1987."))
print(library.ask("Who founded the bakery?", min_confidence=0).answers[0].text)
"""


@pytest.mark.model
def test_loading_and_asking_never_touch_the_network(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # libraries may behave in CI, and keep what they know of the user in his home
    environment = {**{name: value for name, value in os.environ.items() if name != "CI"}, "HOME": str(home)}
    command = [sys.executable, "-c", OFFLINE, str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert (done.returncode, done.stdout) == (0, "Marta Quill\n"), done.stderr
    assert "the network was asked for" not in done.stderr
    assert not list(home.iterdir())


HEAVY = """
import sys
from pathlib import Path
from index.documents import DocumentDraft
from rag.config import ModelConfig
from rag.engine import Sourcespan
library = Sourcespan.open(sys.argv[1], ModelConfig(embedder=sys.argv[2], calibration="none") if sys.argv[2:] else None)
library.add(DocumentDraft("t", "Marta Quill founded the bakery in 1987."))
print(library.ask("Who founded the bakery?", min_confidence=0).answers[0].text)
heavy = ("sentence_transformers", "torch", "transformers", "sklearn", "scipy")
parsing = ("docx", "lxml", "markdown_it", "pypdfium2", "index.parsing")
print([name for name in heavy + parsing if name in sys.modules])
"""


def imported(*arguments: object) -> str:
    """What of the heavy libraries a process has imported that indexed and answered."""
    command = [sys.executable, "-c", HEAVY, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    answer, names = done.stdout.splitlines()
    assert answer == "Marta Quill"
    return names


@pytest.mark.model
def test_the_default_models_load_and_answer_without_the_heavy_libraries(tmp_path: Path) -> None:
    assert imported(tmp_path) == "[]"


@pytest.mark.model
def test_an_embedder_of_another_make_is_what_they_are_loaded_for(tmp_path: Path) -> None:
    names = imported(tmp_path / "data", tiny_embedder(tmp_path, "cls", {}))
    assert "'sentence_transformers', 'torch', 'transformers'" in names


@pytest.mark.model
def test_the_bundled_models_are_the_expected_ones(library: Sourcespan) -> None:
    assert ALL_MINILM_L6_V2_SHA256[:16] in library.embedder.fingerprint
    assert library.calibration.reader == library.reader.fingerprint
    assert library.calibration.embedder == library.embedder.fingerprint


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"tampered")
    with pytest.raises(ModelCorrupted, match=weights_sha256(tmp_path)):
        load_embedder_from(tmp_path, "tampered", expected_sha256=ALL_MINILM_L6_V2_SHA256)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsuitable, match="holds no weights"):
        load_embedder_from(tmp_path, "empty")


def test_a_hub_name_needs_permission(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="'nobody/nothing' was not found: no such folder, and the network"):
        Sourcespan.open(tmp_path, ModelConfig(reader="nobody/nothing"))


@pytest.mark.model
def test_a_reader_from_a_folder_without_calibration_goes_by_its_own_null(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(reader_folder(DEFAULT_READER, allow_hub=False), folder)
    (folder / "calibration.json").unlink()
    reader, calibration = load_reader(ModelConfig(reader=str(folder)), "any@1")
    assert reader.fingerprint.startswith("mine@")
    assert calibration.reader == ""
