"""The kept files over HTTP: given back, and shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from hashlib import sha256

import httpx
import PIL.Image
import pytest

from index.documents import DocumentDraft
from index.errors import CatalogueFull
from index.store.originals.in_folder import Incoming
from tests.api.helpers import assert_problem, text_of
from tests.conftest import Server
from tests.samples.files import pdf_of, zip_of

PDF = pdf_of([[("BodyText", "The ferry to the island leaves at noon.")], [("BodyText", "It takes an hour.")]])


def upload(server: Server, name: str, data: bytes) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/documents", files={"files": (name, data)}, timeout=60)


def get(server: Server, path: str, **given: str) -> httpx.Response:
    return httpx.get(f"{server.url}/v1/documents/{path}", headers=given, timeout=60)


def test_a_file_is_given_back_as_it_was_put_in(server: Server) -> None:
    document = upload(server, "Fährplan “neu”.pdf", PDF).json()
    digest = sha256(PDF).hexdigest()
    assert document["original"] == {
        "name": "Fährplan “neu”.pdf",
        "media_type": "application/pdf",
        "size": len(PDF),
        "sha256": digest,
    }
    response = get(server, f"{document['id']}/original")
    assert (response.status_code, response.content) == (200, PDF)
    headers = response.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"] == ("attachment; filename*=utf-8''F%C3%A4hrplan%20%E2%80%9Cneu%E2%80%9D.pdf")
    assert headers["content-security-policy"] == "sandbox"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["etag"] == f'"{digest}"'
    again = get(server, f"{document['id']}/original", **{"If-None-Match": headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_part_of_a_file_can_be_asked_for(server: Server) -> None:
    document = upload(server, "a.pdf", PDF).json()["id"]
    part = get(server, f"{document}/original", Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, PDF[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(PDF)}"
    changed = get(server, f"{document}/original", **{"Range": "bytes=5-9", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, PDF)
    assert get(server, f"{document}/original", Range=f"bytes={len(PDF)}-").status_code == 416


def test_each_file_of_an_archive_is_a_file_of_its_own(server: Server) -> None:
    report = upload(server, "all.zip", zip_of({"a/b.html": b"<p>The train.</p>", "c.txt": b"The boat."})).json()
    kept = [get(server, f"{file['document']['id']}/original") for file in report["files"]]
    assert [response.content for response in kept] == [b"<p>The train.</p>", b"The boat."]
    assert kept[0].headers["content-disposition"] == 'attachment; filename="b.html"'
    assert kept[0].headers["content-type"].startswith("text/html")
    assert kept[0].headers["content-security-policy"] == "sandbox"


def test_where_no_file_is_kept_that_is_a_problem_of_its_own(start_server: Callable[..., Server]) -> None:
    server = start_server()
    text = server.add("Ferries", "The ferry.")
    assert get(server, text).json()["original"] is None
    response = get(server, f"{text}/original")
    assert_problem(response, 404, text, "no original file is kept")
    assert response.json()["type"] == "urn:sourcespan:problem:original-not-kept"
    assert get(server, "nobody/original").json()["type"] == "about:blank"
    lost = upload(server, "lost.pdf", PDF).json()["id"]
    server.index.original(lost)[1].unlink()
    assert_problem(get(server, f"{lost}/original"), 404, lost, "no original file is kept")
    none = start_server(originals="none")
    assert upload(none, "a.pdf", PDF).json()["original"] is None
    small = start_server(max_original_bytes=100)
    document = upload(small, "a.pdf", PDF).json()
    assert document["original"] is None
    assert document["notes"] == [f"the file itself was not kept: it has {len(PDF):,} bytes, and the limit is 100"]


def test_a_file_for_which_there_is_no_room_stops_no_other(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = Incoming.keep

    def full(self: Incoming, draft: DocumentDraft, data: bytes) -> DocumentDraft:
        if draft.source == "a.txt":
            raise CatalogueFull
        return keep(self, draft, data)

    monkeypatch.setattr(Incoming, "keep", full)
    files = [("files", (name, name.encode())) for name in ("a.txt", "b.txt")]
    first, second = httpx.post(f"{server.url}/v1/documents", files=files, timeout=60).json()["files"]
    assert (first["problem"]["status"], second["is_new"]) == (507, True)
    assert_problem(upload(server, "a.txt", b"Alone."), 507)
    assert len(httpx.get(f"{server.url}/v1/documents").json()["documents"]) == 1


def test_a_file_goes_with_its_document(server: Server) -> None:
    document = upload(server, "a.pdf", PDF).json()["id"]
    httpx.delete(f"{server.url}/v1/documents/{document}").raise_for_status()
    assert_problem(get(server, f"{document}/original"), 404)
    assert not [path for path in (server.index.folder / "originals").rglob("*") if path.is_file()]


def test_places_of_the_text_on_the_pages(server: Server) -> None:
    document = upload(server, "a.pdf", PDF).json()["id"]
    text = text_of(server, document)
    start = text.index("noon")
    (page,) = get(server, f"{document}/boxes?start={start}&end={start + 4}").json()
    assert (page["page"], page["certain"], len(page["rectangles"])) == (1, True, 1)
    left, top, right, bottom = page["rectangles"][0]
    assert 0 < left < right < page["width"]
    assert 0 < top < bottom < page["height"] / 2, "the text stands in the upper half"
    assert [page["page"] for page in get(server, f"{document}/boxes?start=0&end={len(text)}").json()] == [1, 2]
    assert_problem(get(server, f"{document}/boxes?start=0&end={len(text) + 1}"), 422, "no range of a text")
    assert_problem(get(server, f"{document}/boxes?start=a&end=2"), 422)
    assert_problem(get(server, "nobody/boxes?start=0&end=2"), 404)


def test_documents_without_pages_say_so(server: Server) -> None:
    document = upload(server, "a.txt", b"The boat.").json()["id"]
    for path in ("boxes?start=0&end=3", "pages/1/image"):
        response = get(server, f"{document}/{path}")
        assert_problem(response, 409, "no PDF")
        assert response.json()["type"] == "urn:sourcespan:problem:no-pages"
    text = server.add("Ferries", "The ferry.")
    assert get(server, f"{text}/pages/1/image").json()["type"] == "urn:sourcespan:problem:original-not-kept"


@pytest.mark.parametrize("scale", [None, 0.5, 2])
def test_pictures_of_pages(server: Server, scale: float | None) -> None:
    document = upload(server, "a.pdf", PDF).json()["id"]
    response = get(server, f"{document}/pages/2/image" + (f"?scale={scale}" if scale else ""))
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    image = PIL.Image.open(io.BytesIO(response.content))
    assert image.size == pytest.approx((595 * (scale or 1.5), 842 * (scale or 1.5)), rel=0.01)


def test_a_picture_of_what_is_not_there_is_none(server: Server) -> None:
    document = upload(server, "a.pdf", PDF).json()["id"]
    assert_problem(get(server, f"{document}/pages/3/image"), 404, "no page 3")
    assert_problem(get(server, f"{document}/pages/{10**30}/image"), 404)
    assert_problem(get(server, f"{document}/pages/1/image?scale=9"), 422, "scale")
