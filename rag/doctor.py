"""Examines an installation: libraries, models, calibration, and the index that they work on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from index.errors import CalibrationMismatch, ModelError, SourcespanError
from index.interfaces import Embedder
from index.upkeep.doctor import examine
from index.upkeep.finding import Finding
from index.vectors.vector_rule import VectorRule
from rag.config import ModelConfig
from rag.interfaces import Reranker
from rag.models.loading import load_embedder, load_reader, load_reranker
from rag.reader.self_test import ANSWER, PASSAGE, QUESTION, reads

_FAR = "Interest rates rose again in March."
_OTHER_RERANKER = "set SOURCESPAN_RERANKER to a cross-encoder of English, or leave it empty"


def examine_all(data: Path, models: ModelConfig, rule: VectorRule | None = None) -> Iterator[Finding]:
    """Every check, cheap ones first; each finding is yielded as it is known."""
    yield _libraries()
    embedder = None
    try:
        embedder = load_embedder(models)
        yield _embedder(embedder)
    except ModelError as error:
        yield Finding("embedder", "fault", str(error), "set SOURCESPAN_EMBEDDER, or install the model anew")
    reranker = None
    try:
        reranker = load_reranker(models)
        if reranker is not None:
            yield _reranker(reranker)
    except ModelError as error:
        yield Finding("reranker", "fault", str(error), _OTHER_RERANKER)
    yield from _reader(data, models, embedder, reranker)
    yield from examine(data, embedder, rule)


def _libraries() -> Finding:
    """Whether what is installed is what the project asks for."""
    try:
        requirements = [Requirement(line) for line in metadata.requires("sourcespan") or []]
    except metadata.PackageNotFoundError:
        return Finding("libraries", "warning", "Sourcespan is not installed as a package", "run `pip install -e .`")
    wrong = []
    for wanted in requirements:
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            installed = "missing"
        if installed == "missing" or not wanted.specifier.contains(installed, prereleases=True):
            wrong.append(f"{wanted.name} is {installed}, wanted: {wanted.specifier or 'any'}")
    versions = f"Sourcespan {metadata.version('sourcespan')}, SQLite {sqlite3.sqlite_version}"
    if wrong:
        return Finding("libraries", "fault", "; ".join(wrong), "run `pip install -c constraints.txt -e .`")
    return Finding("libraries", "fine", f"{versions}; every library is of a version that is asked for")


def _embedder(embedder: Embedder) -> Finding:
    (question,), passages = embedder.embed_queries([QUESTION]), embedder.embed_passages([PASSAGE, _FAR])
    near, far = passages @ question
    if near > far:
        return Finding("embedder", "fine", f"{embedder.fingerprint} loads and tells near from far")
    says = f"{embedder.fingerprint} finds a passage that does not fit nearer than one that does"
    return Finding("embedder", "fault", says, "install the model anew")


def _reranker(reranker: Reranker) -> Finding:
    near, far = reranker.score(QUESTION, [PASSAGE, _FAR])
    if near > far:
        return Finding("reranker", "fine", f"{reranker.fingerprint} loads and tells what fits a question")
    says = f"{reranker.fingerprint} puts a passage that does not fit before one that does"
    return Finding("reranker", "fault", says, _OTHER_RERANKER)


def _reader(data: Path, models: ModelConfig, embedder: Embedder | None, reranker: Reranker | None) -> Iterator[Finding]:
    """Whether the reader loads and reads, and whether the calibration was fitted for these weights."""
    try:
        reader, calibration = load_reader(models, embedder.fingerprint if embedder else "", data=data)
    except CalibrationMismatch as error:
        advice = "run `sourcespan calibrate`, or set SOURCESPAN_CALIBRATION to `none`"
        if embedder is None:
            yield Finding("calibration", "warning", "not compared: there is no embedder", "mend the embedder first")
        else:
            yield Finding("calibration", "fault", str(error), advice)
        return
    except SourcespanError as error:
        yield Finding("reader", "fault", str(error), "set SOURCESPAN_READER, or install the model anew")
        return
    sound = reads(reader)
    if (precomputed := reader.precomputed) is not None:
        precomputed.forget([PASSAGE])
        says = f"its lower layers were computed over {precomputed.prepared():,} passages, and are kept"
        yield Finding("ahead", "fine", f"{says}; over others they are when these are read")
        precomputed.close()
    if sound:
        yield Finding("reader", "fine", f"{reader.fingerprint} loads and reads")
    else:
        says = f"{reader.fingerprint} does not find {ANSWER!r} in {PASSAGE!r}"
        yield Finding("reader", "fault", says, "set SOURCESPAN_READER to a reader of English, or install it anew")
    if not calibration.knows_order_of(reranker.fingerprint if reranker else ""):
        says = "fitted for these weights, but for passages that came in the order of another reranker, or of none"
        yield Finding("calibration", "warning", says, "run `sourcespan calibrate` with held-out questions")
    elif calibration.reader:
        yield Finding("calibration", "fine", f"fitted for these weights, threshold {calibration.threshold:.3f}")
    else:
        advice = "run `sourcespan calibrate` with held-out questions"
        yield Finding("calibration", "warning", "none: confidence is the reader's own, not a probability", advice)
