from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

import pytest

from index.upkeep.finding import Finding
from rag.config import DEFAULT_READER, ModelConfig
from rag.doctor import examine_all
from rag.models.loading import reader_folder
from tests.processor import needs_int8
from tests.rag.retrieval.test_reranker import tiny_cross_encoder

pytestmark = pytest.mark.model


def findings(data: Path, models: ModelConfig) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine_all(data, models)}


def test_what_is_shipped_is_in_order(tmp_path: Path) -> None:
    found = findings(tmp_path, ModelConfig())
    assert list(found) == ["libraries", "embedder", "reader", "calibration", "catalogue"]
    assert [finding.severity for finding in found.values()] == ["fine"] * 4 + ["warning"]


@needs_int8
def test_a_calibration_of_other_weights_a_missing_one_and_missing_models_are_told(tmp_path: Path) -> None:
    bundled = reader_folder(DEFAULT_READER, allow_hub=False)
    mine = tmp_path / "mine"
    shutil.copytree(bundled, mine)
    with (mine / "model.safetensors").open("rb+") as weights:
        weights.seek(-1, 2)
        last = weights.read(1)[0]
        weights.seek(-1, 2)
        weights.write(bytes([last ^ 1]))
    misfit = findings(tmp_path, ModelConfig(reader=str(mine), precision="int8"))["reader"]
    assert misfit.severity == "fault"
    assert "activations.npz was measured with other weights" in misfit.says
    (mine / "activations.npz").unlink()
    assert findings(tmp_path, ModelConfig(reader=str(mine)))["calibration"].severity == "fault"
    (mine / "calibration.json").unlink()
    found = findings(tmp_path, ModelConfig(reader=str(mine)))
    assert (found["reader"].severity, found["calibration"].severity) == ("fine", "warning")
    (mine / "model.safetensors").write_bytes(b"broken")
    assert findings(tmp_path, ModelConfig(reader=str(mine)))["reader"].severity == "fault"
    found = findings(tmp_path, ModelConfig(embedder="nobody/nothing"))
    assert (found["embedder"].severity, found["calibration"].severity) == ("fault", "warning")


def test_a_reranker_is_examined_where_one_is_named(tmp_path: Path) -> None:
    found = findings(tmp_path, ModelConfig(reranker=str(tiny_cross_encoder(tmp_path / "cross"))))
    assert "cross@" in found["reranker"].says
    assert (found["reader"].severity, found["calibration"].severity) == ("fine", "warning")
    assert "another reranker" in found["calibration"].says
    missing = findings(tmp_path, ModelConfig(reranker="nobody/nothing"))["reranker"]
    assert (missing.severity, "SOURCESPAN_RERANKER" in missing.mend) == ("fault", True)


def test_libraries_that_are_missing_or_of_another_version_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["numpy>=999", "nothing-goes-by-this-name", 'other; extra == "dev"', "faiss-cpu"]
    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    libraries = next(examine_all(tmp_path, ModelConfig()))
    assert libraries.severity == "fault"
    assert "numpy is" in libraries.says
    assert "nothing-goes-by-this-name is missing, wanted: any" in libraries.says
    assert "faiss" not in libraries.says
