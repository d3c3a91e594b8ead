"""The command line as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.commands.indexing import _changes
from api.keys import find_key, parse_keys

ROOT = Path(__file__).parents[2]
SOURCESPAN = str(Path(sys.executable).parent / "sourcespan")


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "120", **environment}
    return subprocess.run([SOURCESPAN, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


def test_help_waits_for_no_heavy_library() -> None:
    heavy = ("numpy", "faiss", "openvino", "fastapi", "httpx", "sklearn", "index.parsing")
    code = f"import sys, api.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr


def test_on_windows_it_says_in_words_where_it_runs() -> None:
    code = "import sys; sys.platform = 'win32'; from api.start import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr == "Sourcespan runs on Linux and macOS; on Windows in WSL, or in a container.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of two files in its ``data``."""
    made = tmp_path_factory.mktemp("cli")
    (made / "docs").mkdir()
    (made / "docs" / "ferry.md").write_text(
        "# Timetable\n\nThe ferry to Elba leaves Pier 9 at noon. It takes an hour.\n"
    )
    (made / "docs" / "bakery.txt").write_text("Marta Quill founded the bakery in 1987.\n")
    done = run("index", "docs", cwd=made)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["new", "new"]
    assert "Traceback" not in done.stderr
    return made


@pytest.mark.model
def test_ask_prints_the_quote_and_where_it_stands(folder: Path) -> None:
    done = run("ask", "Who founded the bakery?", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(
        r"^Marta Quill \d+%\n  Marta Quill founded the bakery in 1987\.\n  bakery\.txt, characters 0–11", done.stdout
    )


@pytest.mark.model
def test_ask_as_json_is_the_answer_of_the_http_contract(folder: Path) -> None:
    body = json.loads(run("ask", "Who founded the bakery?", "--json", cwd=folder).stdout)
    assert (body["answers"][0]["text"], body["answers"][0]["span"]) == ("Marta Quill", {"start": 0, "end": 11})


@pytest.mark.model
def test_what_the_documents_do_not_say_is_exit_code_1(folder: Path) -> None:
    done = run("ask", "Who painted the Mona Lisa?", "--min-confidence", "1", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("The documents don't say.")


@pytest.mark.model
def test_of_what_it_is_not_sure_it_shows_the_closest_and_where(folder: Path) -> None:
    done = run("ask", "Who founded the bakery?", "--min-confidence", "1", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("Not sure. Closest: Marta Quill\n  Marta Quill founded")
    assert "bakery.txt, characters 0–11" in done.stdout


@pytest.mark.model
def test_a_question_goes_on_from_another(folder: Path) -> None:
    done = run("ask", "And what did she found?", "--after", "Who founded the bakery?", cwd=folder)
    assert done.stdout.startswith("read as: What did Marta Quill found?")
    done = run("ask", "Was kostet die Überfahrt?", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("This question seems to be in German")


@pytest.mark.model
def test_indexing_again_passes_over_what_is_there_and_names_what_fails(folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"no PDF")
    done = run("index", "docs", "broken.pdf", "--json", cwd=folder, SOURCESPAN_READER="nobody/nothing")
    (folder / "broken.pdf").unlink()
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [row.get("new") for row in rows] == [False, False, None], "which needs no reader"
    assert rows[2]["error"] == "'broken.pdf' cannot be read: not a PDF, or a damaged one"
    assert done.stderr.rstrip().endswith(f"1 file could not be read:\n  broken.pdf: {rows[2]['error']}")


@pytest.mark.model
def test_a_run_that_is_interrupted_keeps_what_it_has_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for n in range(700):
        (tmp_path / "docs" / f"{n:04}.txt").write_text(f"The ferry number {n} leaves Pier {n % 9} at noon.")
    process = subprocess.Popen(
        [SOURCESPAN, "index", "docs"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background has them ignore it, and what they start would do so too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("new")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert "the same command goes on from here" in told
    assert "Traceback" not in told
    again = run("index", "docs", cwd=tmp_path)
    assert again.returncode == 0
    states = Counter(line.split()[0] for line in again.stdout.splitlines())
    assert states.total() == 700
    assert states["unchanged"] >= 500, "the first group was durable when its first file was told"
    assert (
        f"{states['new']:,} new, 0 replaced, {states['unchanged']:,} unchanged, 0 removed, 0 skipped, 0 failed"
        in again.stderr
    )
    healthy = run("doctor", cwd=tmp_path)
    assert (healthy.returncode, healthy.stderr) == (0, "")


@pytest.mark.model
def test_the_doctor_says_what_is_wrong_and_mends_what_can_be_made_anew(folder: Path) -> None:
    snapshot = next((folder / "data").glob("*.faiss"))
    snapshot.write_bytes(b"broken")
    done = run("doctor", "--json", cwd=folder)
    faults = [finding for finding in json.loads(done.stdout) if finding["severity"] == "fault"]
    assert (done.returncode, [fault["check"] for fault in faults]) == (1, ["snapshot"])
    assert faults[0]["mend"] == "run `sourcespan doctor --mend`"
    assert run("doctor", "--mend", cwd=folder).returncode == 0


@pytest.mark.model
def test_an_empty_index_says_what_to_do(tmp_path: Path) -> None:
    done = run("ask", "Who?", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "sourcespan index PATH" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["ask", "Who?"], {"SOURCESPAN_READER": "nobody/nothing"}, "network is not allowed"),
        (["ask", "Who?"], {"SOURCESPAN_TOP_K": "0"}, "greater than or equal to 1"),
        (["ask", "Who?", "--data", "file"], {}, "data directory"),
        (["index", "gone.txt"], {}, "gone.txt"),
        (["serve", "--port", "99999"], {}, "less than or equal to 65535"),
        (["serve", "--host", "0.0.0.0"], {}, "SOURCESPAN_API_KEYS"),  # noqa: S104
        (["serve"], {"SOURCESPAN_API_KEYS": "ss_plain"}, "entry 1 is not read:HASH"),
        (["key", "--scope", "admin"], {}, "read, write"),
    ],
)
@pytest.mark.model
def test_mistakes_are_one_clear_message(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], says: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "data").mkdir()
    done = run(*arguments, cwd=tmp_path, **environment)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [[], ["serve"], ["index"], ["ask"], ["key"], ["doctor"], ["eval"], ["eval", "article"], ["eval", "scale"]],
)
def test_help_needs_no_model(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, "--help", cwd=tmp_path, SOURCESPAN_READER="nobody/nothing")
    assert done.returncode == 0
    assert "Usage: sourcespan" in done.stdout


@pytest.mark.model
def test_serve_indexes_the_article_once_and_says_where_it_is(tmp_path: Path) -> None:
    for first_start in (True, False):
        process = subprocess.Popen(
            [SOURCESPAN, "serve", "--port", "0"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"http://\S+", line)
        assert url is not None, line
        try:
            listed = httpx.get(f"{url.group()}/v1/documents").json()
            assert [document["source"] for document in listed["documents"]] == ["article.md"]
            body = httpx.post(
                f"{url.group()}/v1/ask", json={"question": "In which town is the detention centre?"}
            ).json()
            assert body["answers"][0]["text"] == "Bryanka"
            assert httpx.get(f"{url.group()}/readyz").json()["status"] == "ready"
        finally:
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate()
        assert ("Indexing the bundled article" in complaints) == first_start
        assert process.returncode == 0, complaints
        assert "Traceback" not in complaints


@pytest.mark.parametrize("scope", ["read", "write"])
def test_a_key_is_shown_with_the_hash_that_the_setting_takes(tmp_path: Path, scope: str) -> None:
    printed = run("key", "--scope", scope, cwd=tmp_path).stdout
    found = re.fullmatch(r"key   (\S+)\nhash  (\S+)\n", printed)
    assert found is not None, printed
    key = find_key(found[1], parse_keys(found[2]))
    assert key is not None
    assert key.scope == scope


def test_the_command_line_and_the_service_start_without_what_only_measuring_and_training_need() -> None:
    heavy = (
        "matplotlib",
        "pgvector",
        "psycopg",
        "ray",
        "scipy",
        "sentence_transformers",
        "sklearn",
        "torch",
        "transformers",
    )
    code = f"import sys, api.cli, api.app, rag.engine; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.model
def test_a_folder_is_indexed_and_asked_without_what_only_databases_and_clusters_need(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from rag.workers.bulk import workers
from rag.config import ModelConfig
from rag.engine import Sourcespan
Path("a.txt").write_text("The ferry to Holm leaves at noon.")
with Sourcespan.open("data") as library, workers(library, ModelConfig(), 1) as crew:
    assert [outcome.state for outcome in library.add_files(["a.txt"], crew=crew)] == ["new"]
    assert library.ask("When does the ferry to Holm leave?").answers[0].text == "at noon"
print([name for name in ("pgvector", "psycopg", "psycopg_pool", "ray") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_show_prints_how_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<title>Fares</title><h1>Fares</h1><p>In summer.</p><table><tr><td>Child<td>3</table>"
    )
    (tmp_path / "plain.txt").write_text("First.\n\nSecond.")
    (tmp_path / "slides.key").write_bytes(b"x")
    done = run("show", ".", cwd=tmp_path)
    assert done.returncode == 0
    assert re.search(r"page\.html “Fares”\n.* words, 1 headings", done.stdout)
    assert re.search(r"heading │ Fares\n", done.stdout)
    assert re.search(r"paragraph │ First\.\n +│ *\n +│ Second\.\n", done.stdout)
    assert "slides.key" in done.stderr
    rows = [json.loads(line) for line in run("show", ".", "--json", cwd=tmp_path).stdout.splitlines()]
    assert [(row["source"], row["title"]) for row in rows] == [("page.html", "Fares"), ("plain.txt", "plain")]
    start, end = rows[0]["blocks"][0]["start"], rows[0]["blocks"][0]["end"]
    assert rows[0]["text"][start:end] == "Fares"
    assert run("show", "slides.key", cwd=tmp_path).returncode == 2


@pytest.mark.model
def test_index_counts_and_names_what_is_of_no_kind_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("a.key", "b.key", "c.bin"):
        (tmp_path / "docs" / name).write_bytes(b"x")
    done = run("index", "docs", cwd=tmp_path)
    assert done.returncode == 2, "nothing was indexed"
    assert "0 new, 0 replaced, 0 unchanged, 0 removed, 3 skipped, 0 failed" in done.stderr
    assert "skipped 2 (.key is not read): a.key, b.key" in done.stderr
    (tmp_path / "docs" / "a.txt").write_text("The ferry leaves at noon.")
    done = run("index", "docs", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 new, 0 replaced, 0 unchanged, 0 removed, 3 skipped, 0 failed" in done.stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"sourcespan \d+\.\d+\.\d+\S*\n", done.stdout)


@pytest.mark.model
def test_the_words_of_a_question_need_no_quotes(folder: Path) -> None:
    done = run("ask", "Who", "founded", "the", "bakery", cwd=folder)
    assert done.stdout.startswith("Marta Quill")


@pytest.mark.parametrize("command", [("ask", "Who founded the bakery?"), ("mcp",)])
def test_a_mistyped_folder_is_not_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "--data", "dtaa", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sourcespan: there is no folder dtaa: run `sourcespan index PATH`\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (("--port", "99999"), {}, "--port: its value should be less than or equal to 65535"),
        ((), {"SOURCESPAN_PORT": "eighty"}, "SOURCESPAN_PORT: its value should be a valid integer"),
    ],
)
def test_a_setting_that_cannot_be_is_told_in_one_line(
    arguments: tuple[str, ...], environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    done = run("serve", *arguments, cwd=tmp_path, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sourcespan: {message}")
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sourcespan: cannot serve on 127.0.0.1, port {port} (")
    assert "--port" in done.stderr


def test_whoever_stops_it_while_it_starts_sees_no_traceback(tmp_path: Path) -> None:
    # stopped in the midst of its imports, which are slow enough to be hit
    code = (
        "import builtins\n"
        "importing = builtins.__import__\n"
        "def stopping(name, *more):\n"
        "    if name == 'typer': raise KeyboardInterrupt\n"
        "    return importing(name, *more)\n"
        "builtins.__import__ = stopping\n"
        "from api.start import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")


@pytest.mark.model
def test_documents_follow_their_folder_and_are_listed_renamed_and_removed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("The ferry leaves Pier 9 at noon.")
    (docs / "b.txt").write_text("The mill is closed in winter.")
    assert run("index", "docs", "--collection", "harbour", cwd=tmp_path).returncode == 0
    (docs / "a.txt").write_text("The ferry leaves Pier 9 at ten.")
    (docs / "b.txt").unlink()
    done = run("index", "docs", "--sync", cwd=tmp_path)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["replaced", "removed"]
    assert "0 new, 1 replaced, 0 unchanged, 1 removed, 0 skipped, 0 failed" in done.stderr
    (document,) = json.loads(run("documents", "--json", "--search", "a.TXT", cwd=tmp_path).stdout)
    assert (document["sources"], document["collections"]) == (["a.txt"], ["harbour"])
    for options in (["--document", document["id"]], ["--collection", "harbour"], ["--filter", '{"type": "txt"}']):
        assert run("ask", "When does the ferry leave?", *options, cwd=tmp_path).stdout.startswith("at ten")
    unknown = run("search", "ferry", "--collection", "other", cwd=tmp_path)
    assert (unknown.returncode, "there is no collection 'other'" in unknown.stderr) == (2, True)
    assert "has: ferry" in run("search", "ferry", "--explain", cwd=tmp_path).stdout
    wrong = run("search", "ferry", "--filter", '{"colour": "red"}', cwd=tmp_path)
    assert (wrong.returncode, "filter.colour" in wrong.stderr) == (2, True)
    assert run("documents", "rename", document["id"], "Timetable", cwd=tmp_path).returncode == 0
    assert "Timetable" in run("documents", cwd=tmp_path).stdout
    assert "The ferry leaves Pier 9 at ten." in run("documents", "show", document["id"], cwd=tmp_path).stdout
    assert run("documents", "remove", document["id"], cwd=tmp_path).returncode == 0
    gone = run("documents", "remove", document["id"], cwd=tmp_path)
    assert (gone.returncode, "was deleted on" in gone.stderr) == (2, True)


@pytest.mark.model
def test_of_what_is_watched_only_the_data_folder_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: dict[str, Any] = {}
    monkeypatch.setattr("watchfiles.watch", lambda *_folders, **how: watched.update(how) or iter(()))
    list(_changes([tmp_path], tmp_path / "data"))
    names = ["data/words/lock", "database/a.txt", "data.txt", "sub/../data/x", "a.txt"]
    seen = [name for name in names if watched["watch_filter"](None, str(tmp_path / name))]
    assert seen == ["database/a.txt", "data.txt", "a.txt"]


def test_a_watched_folder_is_followed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("The ferry leaves at noon.")
    process = subprocess.Popen(
        [SOURCESPAN, "index", "docs", "--sync", "--watch"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    stop = threading.Timer(300, process.kill)
    stop.start()
    assert process.stdout is not None
    told = iter(process.stdout.readline, "")
    try:
        assert next(line for line in told if line.startswith("Watching"))
        (docs / "b.txt").write_text("The mill stands.")
        assert "b.txt" in next(line for line in told if line.startswith("new"))
        (docs / "a.txt").unlink()
        assert "a.txt" in next(line for line in told if line.startswith("removed"))
    finally:
        stop.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def test_commands_that_read_make_no_folder(tmp_path: Path) -> None:
    for command in (["documents"], ["search", "x"], ["documents", "remove", "x"], ["ask", "x"]):
        done = run(*command, "--data", "gone", cwd=tmp_path)
        assert (done.returncode, "there is no folder gone" in done.stderr) == (2, True)
    assert not (tmp_path / "gone").exists()


def test_a_key_may_be_bound_to_collections(tmp_path: Path) -> None:
    made = run("key", "--scope", "write", "--collection", "sales", "--collection", "Beta 2", cwd=tmp_path).stdout
    (key,) = parse_keys(made.split("hash")[1].strip())
    assert (key.scope, key.collections) == ("write", frozenset({"sales", "Beta 2"}))
    assert run("key", "--collection", "a/b", cwd=tmp_path).returncode == 2
