"""Files over HTTP: one, many, with progress, and hostile ones."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path, PureWindowsPath
from urllib.parse import quote

import httpx
import pytest

from index.interfaces import Vectors
from index.parsing import SUPPORTED_SUFFIXES
from index.parsing.limits import MAX_NESTING
from tests.api.helpers import UPLOADS_ENDED, assert_problem, metric, stream, text_of, until
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder
from tests.samples.files import docx_of, zip_of

Parts = list[tuple[str, tuple[str, bytes]]]


def files(*named: tuple[str, str | bytes]) -> Parts:
    return [("files", (name, data.encode() if isinstance(data, str) else data)) for name, data in named]


def upload(server: Server, parts: Parts) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/documents", files=parts, timeout=60)


def test_one_file_is_a_document_like_any_other(server: Server) -> None:
    response = upload(server, files(("notes/Ferry 👩‍👧.md", "# Timetable\r\n\r\nNoon.")))
    assert response.status_code == 201
    document = response.json()
    assert document.pop("outcome") == "new"
    assert (document["title"], document["source"]) == ("Timetable", "Ferry 👩‍👧.md")
    assert text_of(server, document["id"]) == "Timetable\n\nNoon."
    assert httpx.get(f"{server.url}{response.headers['location']}").json() == document
    again = upload(server, files(("other.md", "# Timetable\n\nNoon.")))
    assert again.status_code == 200
    assert again.json() == {**document, "outcome": "known", "sources": ["Ferry 👩‍👧.md", "other.md"]}


def test_many_files_are_stored_and_a_bad_one_stops_no_other(server: Server) -> None:
    response = upload(
        server, files(("a.txt", "One."), ("b.exe", "Two."), ("c.txt", b"\x00\x01\x02"), ("d.md", "Four."))
    )
    assert response.status_code == 201
    told = response.json()["files"]
    assert [(f["file"], f["is_new"], f["problem"] and f["problem"]["status"]) for f in told] == [
        ("a.txt", True, None),
        ("b.exe", False, 415),
        ("c.txt", False, 422),
        ("d.md", True, None),
    ]
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 2
    assert upload(server, files(("a.txt", "One."), ("d.md", "Four."))).status_code == 200
    assert_problem(upload(server, files(("a.exe", "One."), ("b.exe", "Two."))), 422, "a.exe", "b.exe")


def test_the_progress_of_a_long_ingest_is_streamed(server: Server) -> None:
    long = "\n\n".join(f"Paragraph {n} is about the number {n} and nothing but the number." for n in range(400))
    told = stream(server, "/v1/documents", files=files(("long.txt", long), ("bad.exe", "x"), ("short.txt", "Short.")))
    steps = [(said["done"], said["total"]) for name, said in told if name == "progress" and said["file"] == "long.txt"]
    assert len(steps) > 1
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]
    ended = [said for name, said in told if name == "file"]
    assert [(f["file"], f["document"] is not None) for f in ended] == [
        ("long.txt", True),
        ("bad.exe", False),
        ("short.txt", True),
    ]
    assert told[-1] == ("done", {"files": ended})
    assert ended[0]["document"]["passages"] == steps[-1][1]


def test_json_can_be_streamed_too(server: Server) -> None:
    told = stream(server, "/v1/documents", json={"title": "a", "text": "The ferry."})
    assert [name for name, _ in told] == ["progress", "file", "done"]


def test_what_is_wrong_from_the_start_has_its_status(server: Server) -> None:
    headers = {"Accept": "text/event-stream"}
    assert_problem(httpx.post(f"{server.url}/v1/documents", json={"title": "a"}, headers=headers), 422, "text")
    assert_problem(httpx.post(f"{server.url}/v1/documents", content=b"x", headers={"content-type": "text/plain"}), 415)
    assert_problem(httpx.post(f"{server.url}/v1/documents", content=b"x"), 415)
    no_boundary = {"content-type": "multipart/form-data"}
    assert_problem(httpx.post(f"{server.url}/v1/documents", content=b"x", headers=no_boundary), 400)
    assert_problem(httpx.post(f"{server.url}/v1/documents", files={"files": ("", b"")}), 400)
    assert_problem(upload(server, files(("a.txt", " \n"))), 422, "no text")


def test_an_archive_is_unpacked_and_each_file_in_it_reported(server: Server) -> None:
    inner = zip_of({"c.docx": docx_of([("Normal", "Third.")])})
    members = {"a.txt": b"First.", "sub/b.md": b"# Second", "d.zip": inner, "bad.pdf": b"no PDF", "../e.txt": b"Out."}
    packed = zip_of({**members, "picture.png": b"x", "__MACOSX/a.txt": b"x"})
    response = upload(server, files(("my/all.zip", packed)))
    assert response.status_code == 201
    told = response.json()["files"]
    assert [(f["file"], f["is_new"], f["problem"] and f["problem"]["status"]) for f in told] == [
        ("all.zip/a.txt", True, None),
        ("all.zip/sub/b.md", True, None),
        ("all.zip/d.zip/c.docx", True, None),
        ("all.zip/bad.pdf", False, 422),
        ("all.zip/../e.txt", False, 422),
        ("all.zip/picture.png", False, 415),
    ]
    assert "out of the archive" in told[4]["problem"]["detail"]
    assert [f["document"]["source"] for f in told[:3]] == [f["file"] for f in told[:3]]
    assert text_of(server, told[2]["document"]["id"]) == "Third."
    again = upload(server, files(("all.zip", packed)))
    assert (again.status_code, [f["is_new"] for f in again.json()["files"]]) == (200, [False] * 6)


def test_the_progress_of_an_archive_names_the_files_in_it(server: Server) -> None:
    packed = zip_of({"a.txt": b"First.", "b.exe.txt": b"", "c.txt": b"Third."})
    told = stream(server, "/v1/documents", files=files(("all.zip", packed), ("z.txt", "Last.")))
    assert [(name, said["file"]) for name, said in told if name != "done"] == [
        ("progress", "all.zip/a.txt"),
        ("file", "all.zip/a.txt"),
        ("file", "all.zip/b.exe.txt"),
        ("progress", "all.zip/c.txt"),
        ("file", "all.zip/c.txt"),
        ("progress", "z.txt"),
        ("file", "z.txt"),
    ]
    assert told[-1] == ("done", {"files": [said for name, said in told if name == "file"]})


def test_an_archive_that_does_harm_or_holds_nothing_is_refused(start_server: Callable[..., Server]) -> None:
    server = start_server(max_document_bytes=200_000)
    bomb = zip_of({"a.txt": b"0" * 5_000_000})
    nested = zip_of({"a.txt": b"Deep down."})
    for _ in range(MAX_NESTING):
        nested = zip_of({"in.zip": nested})
    assert_problem(upload(server, files(("bomb.zip", bomb))), 422, "bomb.zip", "not unpacked")
    assert_problem(upload(server, files(("deep.zip", nested))), 422, "archive in 3 others")
    assert_problem(upload(server, files(("broken.zip", b"PK\x03\x04 and no more"))), 422, "damaged")
    assert_problem(upload(server, files(("pictures.zip", zip_of({"a.png": b"x"})))), 422, "no text")
    assert_problem(upload(server, files(("large.zip", zip_of({"a.txt": b"ab" * 150_000})))), 413, "large.zip/a.txt")
    many = upload(server, files(("empty.zip", zip_of({f"{n}.txt": b"" for n in range(25)}))))
    assert_problem(many, 422, "empty.zip/0.txt", "and 5 more")
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 0


def test_a_title_that_ends_like_an_archive_is_a_title(server: Server) -> None:
    response = httpx.post(f"{server.url}/v1/documents", json={"title": "a//b.zip", "text": "The ferry."})
    assert (response.status_code, response.json()["title"]) == (201, "a//b.zip")
    told = stream(server, "/v1/documents", json={"title": "a//b.zip", "text": "The ferry."})
    assert [said["file"] for name, said in told if name == "file"] == ["a//b.zip"]


def test_what_is_refused_says_what_is_taken(server: Server) -> None:
    assert_problem(upload(server, files(("x.exe", b"MZ"))), 415, *SUPPORTED_SUFFIXES)


def test_a_name_is_a_label_and_never_a_path(server: Server, tmp_path: Path) -> None:
    for name in ("../../etc/passwd.txt", "/etc/cron.txt", "C:\\windows\\cron.txt", "a\x00b.txt", f"{'x' * 900}.txt"):
        document = upload(server, files((name, f"Named {name!r}."))).raise_for_status().json()
        assert not set(document["source"]) & set("/\\\x00")
        assert len(document["source"]) < 300
    assert not list(tmp_path.rglob("*.txt"))
    unnamed = upload(server, [("files", ("..", b"Text."))])
    assert_problem(unnamed, 415)


@pytest.mark.parametrize(
    "name",
    [
        *("C:\\Users\\me\\My Files\\Größe.txt", "\\\\server\\share\\a.txt", "D:/mixed\\up/a.txt", "folder\\CON.txt"),
        *("nul.txt", "AUX", "a:b.txt", "what?.txt", "<now>|*.txt", "dots...txt", "Größe – 文書 👩‍👧.txt"),
    ],
)
def test_names_of_other_systems_are_kept_and_come_back(server: Server, name: str) -> None:
    """What Windows could not have, or means by a name, is nothing here: files lie under their hashes."""
    wanted = PureWindowsPath(name).name if "\\" in name else name
    suffixed = wanted if "." in wanted else f"{wanted}.txt"
    given = name if "." in wanted else f"{name}.txt"
    document = upload(server, files((given, f"Named {name!r}."))).raise_for_status().json()
    assert document["source"] == suffixed
    original = httpx.get(f"{server.url}/v1/documents/{document['id']}/original")
    assert original.text == f"Named {name!r}."
    disposition = original.headers["content-disposition"]
    assert f"filename*=utf-8''{quote(suffixed)}" in disposition or f'filename="{suffixed}"' in disposition


def test_names_that_differ_in_case_or_in_how_letters_are_composed(server: Server) -> None:
    """macOS decomposes letters: people who type the name mean that file, and none whose case is another."""
    for n, name in enumerate(("Größe.txt", "größe.txt", "GRÖSSE.TXT")):
        upload(server, files((unicodedata.normalize("NFD", name), f"The text {n}."))).raise_for_status()
    for name in ("Größe.txt", "größe.txt", "GRÖSSE.TXT"):
        asked = {"query": "text", "filter": {"source": name}}
        found = httpx.post(f"{server.url}/v1/search", json=asked).raise_for_status().json()["passages"]
        assert len(found) == 1, name


def test_uploads_have_limits(start_server: Callable[..., Server]) -> None:
    server = start_server(max_document_bytes=1_000, max_upload_files=2)
    assert_problem(upload(server, files(("a.txt", "x" * 1_001))), 413, "1,001 bytes; the limit is 1,000")
    assert_problem(upload(server, files(*[(f"{n}.txt", "x") for n in range(3)])), 400, "2")
    assert_problem(upload(server, files(("a.txt", "x" * 6_001))), 413)
    assert upload(server, files(("a.txt", "x" * 1_000))).status_code == 201


def test_an_ingest_whose_client_hangs_up_stops_and_leaves_nothing_half_done(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed = threading.Event()
    embed = BagOfWordsEmbedder.embed_passages

    def held(embedder: BagOfWordsEmbedder, texts: Sequence[str]) -> Vectors:
        """Lets the first passages through, and the others once the server has seen that the client is gone."""
        calls.append(len(texts))
        assert len(calls) == 1 or noticed.wait(60)
        return embed(embedder, texts)

    calls: list[int] = []
    monkeypatch.setattr(BagOfWordsEmbedder, "embed_passages", held)
    long = "\n\n".join(f"Paragraph {n} is about the number {n} and nothing but the number." for n in range(6_000))
    headers = {"Accept": "text/event-stream"}
    parts = files(("long.txt", long), ("next.txt", "The next one."))
    with httpx.stream("POST", f"{server.url}/v1/documents", files=parts, headers=headers, timeout=60) as response:
        next(response.iter_lines())
    until(lambda: metric(server, UPLOADS_ENDED) == 1)
    noticed.set()
    until(lambda: metric(server, "sourcespan_ingests_pending") == 0)
    assert len(calls) == 2
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"title": "\\ud800", "text": "x"}', b"\xff"])
def test_malformed_json_is_a_problem(server: Server, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert_problem(httpx.post(f"{server.url}/v1/documents", content=body, headers=headers), 422)
