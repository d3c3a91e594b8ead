"""Bits that flip on the disk: whatever comes of them is a finding or an error in words, never a traceback."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from api.feedback import FEEDBACK_FILE, Excerpt, Feedback, FeedbackStore
from api.feedback import examine as examine_feedback
from index.documents import DocumentDraft, Heading, Outline
from index.errors import SourcespanError
from index.passage_index import PassageIndex
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.reader_states import STATES_FILE, StatesFile, states_in_8_bits
from index.upkeep.doctor import examine, mend
from index.vectors.snapshots import Snapshots
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder

TEXTS = [" ".join(f"Ferry {n} of line {line} leaves at {n}." for n in range(20)) for line in range(4)]
FLIPS_OF_EACH = 30
EMBEDDER = BagOfWordsEmbedder()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every kind of file, as it lies there while a service is running: with logs."""
    folder, copy = tmp_path_factory.mktemp("whole") / "data", tmp_path_factory.mktemp("copy") / "data"
    with PassageIndex(folder, EMBEDDER) as index:
        store = FeedbackStore(folder)
        for number, text in enumerate(TEXTS):
            outline = Outline((0, 9), (Heading(3, 1, "Ferries"),))
            index.add(DocumentDraft(f"Line {number}", text, "a.txt", {"line": number}, outline))
            about = Excerpt("d", "s", "Line", text, "Ferry", 0)
            store.add(Feedback("When?", "right", "Ferry", "d", about, has_truth=True))
            index.save_snapshot()
        shutil.copytree(folder, copy)
        store.close()
    return copy


def look(folder: Path) -> None:
    """All that opening, examining and asking read. Raises SourcespanError."""
    for finding in (*examine(folder, EMBEDDER), examine_feedback(folder)):
        assert finding.says
    with PassageIndex(folder, EMBEDDER) as index:
        hits = index.search_dense(EMBEDDER.embed_queries(["ferry"])[0], 50) + index.search_lexical("ferry", 50)
        index.passages([hit.key for hit in hits])
        for document in index.documents(limit=50):
            index.with_text(document.id)
            index._catalogue.outline(document.id)


def flip(path: Path, rng: random.Random) -> None:
    """One to four bits, or bytes; half of the time where the pages of a database begin and say what is in them."""
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 1, 4])):
        at = rng.randrange(len(content))
        if rng.random() < 0.5:
            at = min(at - at % 4096 + rng.randrange(120), len(content) - 1)
        content[at] = content[at] ^ 1 << rng.randrange(8) if rng.random() < 0.7 else rng.randrange(256)
    path.write_bytes(content)


@pytest.mark.parametrize("kind", [CATALOGUE_FILE, f"{CATALOGUE_FILE}-wal", FEEDBACK_FILE, "*.faiss", "*.json"])
def test_whatever_flips_is_told_in_words(whole: Path, tmp_path: Path, kind: str) -> None:
    for seed in range(FLIPS_OF_EACH):
        folder = tmp_path / str(seed)
        shutil.copytree(whole, folder)
        (path,) = folder.glob(kind)
        flip(path, random.Random(f"{kind} {seed}"))
        try:
            with suppress(SourcespanError):
                look(folder)
            FeedbackStore(folder).close()
            with suppress(SourcespanError):
                mend(folder, EMBEDDER)
            with suppress(SourcespanError):
                look(folder)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE documents SET text = x'ff00' WHERE rowid = 2",
        "UPDATE documents SET text = CAST(x'ff00ff' AS TEXT) WHERE rowid = 2",
        "UPDATE documents SET title = x'ff'",
        "UPDATE documents SET id = CAST(x'ff' AS TEXT) WHERE rowid = 2",
        "UPDATE documents SET created_at = 'noon'",
        "UPDATE documents SET metadata = '{'",
        "UPDATE documents SET metadata = '[]'",
        "UPDATE documents SET characters = 'many'",
        "UPDATE passages SET text = x'ff00' WHERE key = 2",
        "UPDATE passages SET text = CAST(x'ff00ff' AS TEXT) WHERE key = 2",
        "UPDATE passages SET start = 'a' WHERE key = 2",
        "UPDATE passages SET end = 1e300 WHERE key = 2",
        "UPDATE passages SET document_id = 'x' WHERE key = 2",
        "UPDATE headings SET text = x'ff'",
        "UPDATE headings SET start = 'x'",
        "UPDATE pages SET start = -5",
        "DELETE FROM meta",
        "DELETE FROM meta WHERE name = 'text_bytes'",
        "DROP TRIGGER generation_moved_on; UPDATE meta SET value = 'x' WHERE name = 'generation'",
        "UPDATE meta SET value = x'ff' WHERE name = 'embedder'",
        "DELETE FROM history",
        "UPDATE history SET token = x'ff'",
        "DROP TABLE documents",
        "DROP TABLE tombstones",
        "PRAGMA user_version = 1",
        "PRAGMA user_version = -1",
    ],
)
def test_a_damaged_row_is_a_finding_and_no_traceback(whole: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(whole, tmp_path / "data")
    with sqlite3.connect(tmp_path / "data" / CATALOGUE_FILE) as db:
        db.executescript(damage)
    db.close()
    findings = list(examine(tmp_path / "data", EMBEDDER))
    assert any(finding.severity != "fine" for finding in findings), findings
    with suppress(SourcespanError):
        look(tmp_path / "data")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE documents SET metadata = '{'",
        "UPDATE documents SET title = x'ff'",
        "UPDATE passages SET text = x'ff00'",
        "UPDATE passages SET text = CAST(x'ff00ff' AS TEXT)",
        "UPDATE passages SET start = 'a'",
        "UPDATE headings SET text = x'ff'",
        "DELETE FROM history",
        "DELETE FROM meta",
    ],
)
def test_over_http_a_damaged_row_is_503(server: Server, tmp_path: Path, damage: str) -> None:
    document = server.add("Ferries", f"# Ferries\n\n{TEXTS[0]}")
    with sqlite3.connect(tmp_path / "server-0" / CATALOGUE_FILE) as db:
        db.execute("INSERT INTO headings SELECT id, 0, 1, 1, 'Ferries' FROM documents")
        db.execute(damage)
    db.close()
    answers = [
        httpx.post(f"{server.url}/v1/ask", json={"question": "«Ferry 3 of line»?"}),
        httpx.post(f"{server.url}/v1/search", json={"query": "ferry"}),
        httpx.get(f"{server.url}/v1/documents"),
        httpx.get(f"{server.url}/v1/documents/{document}"),
        httpx.get(f"{server.url}/v1/documents/{document}/text"),
        httpx.get(f"{server.url}/readyz"),
        httpx.post(f"{server.url}/v1/documents", json={"title": "New", "text": "Anything else."}),
    ]
    assert {answer.status_code for answer in answers} <= {200, 201, 503}, [answer.text for answer in answers]


def broken(vector: bytes, how: str) -> bytes | str | None:
    values = np.frombuffer(vector, "<f4").copy()
    match how:
        case "bit":
            values.view(np.uint32)[3] ^= 1 << 30
        case "nan":
            values[0] = np.nan
        case "infinite":
            values[:] = np.inf
        case "zero":
            values[:] = 0
        case "short":
            return vector[:-4]
        case "text":
            return "text"
        case "empty":
            return b""
    return values.tobytes()


HOW = ["bit", "nan", "infinite", "zero", "short", "text", "empty"]


@pytest.mark.parametrize("with_snapshot", [False, True])
@pytest.mark.parametrize("how", HOW)
def test_a_damaged_vector_is_a_finding_and_is_embedded_anew(tmp_path: Path, how: str, with_snapshot: bool) -> None:
    query = EMBEDDER.embed_queries([TEXTS[0]])[0]
    with PassageIndex(tmp_path, EMBEDDER) as index:
        for text in TEXTS:
            index.add(DocumentDraft("", text))
        keys, before = index._catalogue.keys(), index.search_dense(query, 100)
    if not with_snapshot:
        for path in tmp_path.glob("vectors-*"):
            path.unlink()
    with sqlite3.connect(tmp_path / CATALOGUE_FILE) as db:
        for key in (2, 3, int(keys[-1])):
            (vector,) = db.execute("SELECT vector FROM passages WHERE key = ?", (key,)).fetchone()
            db.execute("UPDATE passages SET vector = ? WHERE key = ?", (broken(vector, how), key))
    db.close()
    faults = [finding for finding in examine(tmp_path, EMBEDDER) if finding.severity == "fault"]
    assert [(fault.check, fault.says[:9]) for fault in faults] == [("vectors", "3 stored ")]
    with PassageIndex(tmp_path, EMBEDDER) as index:
        assert len(index.search_lexical("ferry", 100)) == len(keys), "found by its words"
        index.add(DocumentDraft("", "Another."))
        index.search_dense(query, 100)
    with PassageIndex(tmp_path, EMBEDDER) as following:
        generation = following._catalogue.generation.number
        done = mend(tmp_path, EMBEDDER)
        assert any(line.startswith("3 vectors") for line in done)
        assert following._catalogue.generation.number == generation + 1, "one change, which all follow"
        after = following.search_dense(query, 101)
        assert [round(hit.score, 5) for hit in after if hit.score > 0.5][: len(before)] == [
            round(hit.score, 5) for hit in before
        ][: len([hit for hit in after if hit.score > 0.5])]
        assert len(after) == len(before) + 1
    assert {finding.severity for finding in examine(tmp_path, EMBEDDER)} == {"fine"}


def test_without_the_embedder_damaged_vectors_stay_and_are_told(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "data")
    with sqlite3.connect(tmp_path / "data" / CATALOGUE_FILE) as db:
        db.execute("UPDATE passages SET vector = x'00' WHERE key = 1")
    db.close()
    mend(tmp_path / "data", None)
    assert any(finding.severity == "fault" for finding in examine(tmp_path / "data", EMBEDDER))


@pytest.mark.parametrize("content", [b"", None])
def test_a_catalogue_without_tables_is_a_fault_with_advice(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / CATALOGUE_FILE
    if content is None:
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA journal_mode = WAL")
        db.close()
    else:
        path.write_bytes(content)
    (finding,) = [finding for finding in examine(tmp_path, EMBEDDER) if finding.check == "catalogue"]
    assert (finding.severity, "restore" in finding.mend) == ("fault", True)


def test_a_catalogue_that_is_gone_leaves_traces(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "data")
    (tmp_path / "data" / CATALOGUE_FILE).unlink()
    (finding,) = examine(tmp_path / "data", EMBEDDER)
    assert (finding.severity, "restore" in finding.mend) == ("fault", True)
    assert not (tmp_path / "data" / CATALOGUE_FILE).exists()


def test_damaged_states_are_computed_anew(tmp_path: Path) -> None:
    file = StatesFile(tmp_path / STATES_FILE, model="m", width=8)
    file.keep({key: states_in_8_bits(np.ones((5, 8), np.float32)) for key in ("a", "b", "c")})
    with sqlite3.connect(tmp_path / STATES_FILE) as db:
        db.execute("UPDATE states SET states = x'00' WHERE tokens = 'a'")
        db.execute("UPDATE states SET states = 'text' WHERE tokens = 'b'")
    db.close()
    assert set(file.known(["a", "b", "c"])) == {"c"}
    file.close()


def test_a_manifest_with_another_number_is_none(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "data")
    (manifest,) = (tmp_path / "data").glob("*.json")
    fields = json.loads(manifest.read_text())
    for name, value in (("vectors", 1), ("probes", 3)):
        manifest.write_text(json.dumps({**fields, name: value}))
        assert Snapshots(tmp_path / "data").newest_first() == []
    manifest.write_text(json.dumps(fields))
    assert len(Snapshots(tmp_path / "data").newest_first()) == 1
    manifest.write_text("[]")
    assert Snapshots(tmp_path / "data").newest_first() == []
