"""However a request is written, it gets past the gate only to the route whose rules were checked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.keys import hash_of, new_key
from api.middleware.gate import Gate
from api.middleware.hosts import answers_to
from api.middleware.paths import SoundPaths
from api.middleware.rules import find_rules
from api.settings import Settings
from index.passage_index import PassageIndex
from tests.api.helpers import assert_problem, until
from tests.attacks.raw import Raw, hang_up_after
from tests.conftest import Server, fake_library
from tests.fakes import BagOfWordsEmbedder

READ, WRITE = new_key(), new_key()
KEYS = f"read:{hash_of(READ)},write:{hash_of(WRITE)}"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "INVENTED")

# what each route must need, written down a second time; `x` is the id of no document
NEEDS: dict[tuple[str, str], str | None] = {
    ("POST", "/v1/ask"): "read",
    ("POST", "/v1/search"): "read",
    ("GET", "/v1/documents"): "read",
    ("POST", "/v1/documents"): "write",
    ("GET", "/v1/documents/x"): "read",
    ("PUT", "/v1/documents/x"): "write",
    ("DELETE", "/v1/documents/x"): "write",
    ("PATCH", "/v1/documents/x"): "write",
    ("GET", "/v1/collections"): "read",
    ("POST", "/v1/collections"): "write",
    ("DELETE", "/v1/collections/x"): "write",
    ("GET", "/v1/documents/x/text"): "read",
    ("POST", "/v1/feedback"): "read",
    ("DELETE", "/v1/feedback"): "read",
    ("GET", "/v1/feedback/export"): "write",
    ("GET", "/v1/access"): "read",
    ("GET", "/v1/examples"): "read",
    ("GET", "/v1/models"): "read",
    ("GET", "/v1/models/x"): "read",
    ("POST", "/v1/chat/completions"): "read",
    ("POST", "/v1/completions"): "read",
    ("POST", "/v1/responses"): "read",
    ("POST", "/v1/embeddings"): "read",
    ("POST", "/retrieval"): "read",
    ("GET", "/metrics"): "read",
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/"): None,
}
# these take every method and refuse what they don't know themselves
EVERY_METHOD: dict[str, str | None] = {"/mcp": "read", "/static/app.js": None}
PATHS = sorted({path for _, path in NEEDS} | set(EVERY_METHOD))

BODY = json.dumps({"title": "planted", "text": "The planted text."}).encode()
JSON = {"Content-Type": "application/json"}

Keyed = tuple[str | None, str | None]
"""What a key may do, and the key."""


def needs(method: str, path: str) -> str | None:
    return EVERY_METHOD[path] if path in EVERY_METHOD else NEEDS.get((method, path), "write")


def misspellings(path: str) -> list[str]:
    """Other ways to write a path, of which some reader somewhere says that they mean the same."""
    behind = (
        "%0a",
        "%0d%0a",
        "%00",
        "%20",
        "%09",
        "%7f",
        "%c2%85",
        "%e2%80%a8",
        "%2f",
        "%252f",
        "%5c",
        "%25",
        "%ff",
        "%c0%af",
    )
    others = (
        "/",
        ".",
        "..",
        "/.",
        "/..",
        "/../x",
        "//",
        ";a=1",
        ";",
        "%3b",
        "%3f",
        "#",
        "\\",
        "%",
        "%zz",
        "%2e",
        "+",
        "~",
    )
    inside = (
        path.replace("/", "//", 1),
        path.replace("/", "/./", 1),
        path.replace("/", "/x/../", 1),
        path.replace("/", "/%2e/", 1),
        path.replace("/", "\\", 1),
        path.replace("/", "/%2f", 1),
        path[:-1] + f"%{ord(path[-1]):02x}" if path != "/" else "/%2f",
        path[:-1] + f"%25{ord(path[-1]):02x}",
        path.upper() if path != "/" else "//",
        path.replace("s", "\u017f".encode().hex("%").join(("%", ""))),
        path.replace("/v1", "/%76%31", 1),
        f"http://localhost{path}",
        path.lstrip("/"),
        "*",
    )
    return [written for written in (*(path + end for end in (*behind, *others)), *inside) if written not in {"", path}]


def keyed() -> list[tuple[str | None, str | None]]:
    return [(None, None), (None, "ss_wrong"), ("read", READ), ("write", WRITE)]


def bearer(key: str | None) -> dict[str, str]:
    return JSON if key is None else {**JSON, "Authorization": f"Bearer {key}"}


@pytest.fixture
def locked(start_server: Callable[..., Server]) -> Server:
    """A server that asks for keys and takes any number of calls."""
    return start_server(api_keys=KEYS, rate_limit=0)


@pytest.fixture
def raw(locked: Server) -> Iterator[Raw]:
    connection = Raw(locked)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The app itself, not served."""
    folder: Path = tmp_path_factory.mktemp("gate")
    with PassageIndex(folder, BagOfWordsEmbedder()) as index:
        app = create_app(fake_library(index), Settings(_env_file=None, api_keys=KEYS))  # type: ignore[call-arg]
        yield app
        app.state.backend.feedback.close()


def test_the_table_of_this_test_has_every_route(app: FastAPI) -> None:
    listed = {(method, path.replace("/x", "")) for method, path in NEEDS} | {("", "/mcp"), ("", "/static")}
    routes = {
        (method, str(route.path).partition("/{")[0] + ("/text" if str(route.path).endswith("/text") else ""))
        for route in iter_route_contexts(app.routes)
        for method in (route.methods or {""}) - {"HEAD"}
    }
    assert {(method, path.removesuffix("/x")) for method, path in listed} == routes


def test_every_route_method_and_key(locked: Server, raw: Raw) -> None:
    for path in PATHS:
        for method in METHODS:
            wanted = needs(method, path)
            for scope, key in keyed():
                status, _, _ = raw(method, path, bearer(key), BODY)
                where = (method, path, scope, status)
                if wanted is not None and scope is None:
                    assert status == 401, where
                elif wanted == "write" and scope == "read":
                    assert status == 403, where
                else:
                    assert status not in {400, 401, 403}, where
                    assert status < 500, where


def test_no_other_way_to_write_a_path_reaches_a_route(locked: Server, raw: Raw) -> None:
    for path in PATHS:
        for written in misspellings(path):
            for method in ("GET", "POST", "PUT", "DELETE"):
                for key in (None, READ):
                    status, headers, _ = raw(method, written, bearer(key), BODY)
                    where = (method, written, key == READ, status)
                    if written == "/static/app.js/":
                        continue  # the file, which is open to all
                    assert status in {400, 401, 403, 404, 405}, where
                    assert headers["content-type"] == "application/problem+json", where
    assert locked.index.count() == (0, 0)
    for written in (written for path in PATHS for written in misspellings(path)):
        assert raw("POST", written, bearer(WRITE), BODY)[0] in {400, 404, 405}, written


def test_what_the_issue_names(raw: Raw, start_server: Callable[..., Server]) -> None:
    assert raw.problem("POST", "/v1/documents%0a", bearer(READ), BODY)[0] == 400
    assert raw.problem("GET", "/v1/feedback/export%0a", bearer(READ))[0] == 400
    limited = Raw(start_server(rate_limit=2))
    statuses = [
        limited("GET", path)[0] for path in ("/v1/models", "/v1/models", "/v1/models", "/v1/models%0a", "/v1/x")
    ]
    assert statuses == [200, 200, 429, 400, 429]
    limited.close()


def test_a_refused_path_is_shown_in_short_and_escaped(raw: Raw) -> None:
    _, details = raw.problem("GET", "/v1/%0a" + "%00" * 5_000, bearer(READ))
    assert len(details["detail"]) < 500
    assert details["detail"].isprintable()


def path_of(method: str, path: str) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(errors="replace"),
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }


async def ignore(*_: Any) -> Any:  # noqa: ANN401
    """Takes or gives nothing."""


_PIECES = st.one_of(
    st.sampled_from(
        [
            "/",
            "//",
            "\n",
            "\r\n",
            "\0",
            ".",
            "..",
            ";",
            "%2f",
            "\\",
            "v1",
            "documents",
            "feedback",
            "export",
            "text",
            "mcp",
        ]
    ),
    st.text(max_size=4),
)
PATHS_LIKE_OURS = st.one_of(
    st.sampled_from(PATHS),
    st.tuples(st.sampled_from(PATHS), st.lists(_PIECES, max_size=3).map("".join), st.integers(0, 24)).map(
        lambda parts: parts[0][: parts[2]] + parts[1] + parts[0][parts[2] :]
    ),
    st.lists(_PIECES, max_size=6).map(lambda pieces: "/" + "".join(pieces)),
)


@settings(max_examples=1_500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS_LIKE_OURS, method=st.sampled_from(METHODS))
@example(path="/v1/documents\n", method="POST")
@example(path="/v1/feedback/export\n", method="GET")
def test_gate_and_router_mean_the_same_route(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, path: str, method: str
) -> None:
    """Whatever the path, even one that is refused before: the endpoint that runs is the one that declared the rules."""
    ran: list[object] = []

    async def note(self: Route | Mount, scope: Scope, receive: Receive, send: Send) -> None:
        if not (isinstance(self, Route) and self.methods and scope["method"] not in self.methods):
            ran.append(scope["endpoint"])

    for kind in (APIRoute, Route, Mount):
        monkeypatch.setattr(kind, "handle", note)
    monkeypatch.setattr(app.router, "default", ignore)
    checked = find_rules(app.routes, path_of(method, path))
    anyio.run(app.router, path_of(method, path), ignore, ignore)
    if ran:
        assert getattr(ran[0], "sourcespan_rules", None) == checked
    else:
        assert checked.needs == "write"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.one_of(
        PATHS_LIKE_OURS,
        st.tuples(st.sampled_from(PATHS), st.binary(max_size=4)).map(
            lambda parts: parts[0] + "".join(f"%{byte:02x}" for byte in parts[1])
        ),
    ),
    method=st.sampled_from(("POST", "PUT", "DELETE", "GET")),
)
def test_a_read_key_changes_nothing_whatever_the_path(locked: Server, raw: Raw, path: str, method: str) -> None:
    written = "".join(c if "!" <= c <= "~" and c != "?" else "".join(f"%{b:02x}" for b in c.encode()) for c in path)
    if not written.startswith("/"):
        return
    status, _, _ = raw(method, written, bearer(READ), BODY)
    assert locked.index.count() == (0, 0)
    assert status < 500
    if status < 400:
        assert needs(method, path) in {None, "read"}


@given(raw_path=st.one_of(st.binary(max_size=12), st.text("ab/.%2fF5C0aA;\\", max_size=14).map(str.encode)))
def test_a_path_that_is_taken_means_one_thing(raw_path: bytes) -> None:
    written = b"/" + raw_path
    taken = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        taken.append(scope["path"])

    scope = {**path_of("GET", unquote(written.decode("latin-1"))), "raw_path": written}
    anyio.run(SoundPaths(note), scope, ignore, ignore)
    for path in taken:
        assert path.isprintable()
        assert unquote(path) == path, "decoded once, it is decoded"
        assert "\\" not in path
        assert "//" not in path
        assert not any(segment.endswith(".") for segment in path.split("/"))
        assert path.count("/") == written.count(b"/")


def test_a_route_that_declares_nothing_needs_the_highest_scope() -> None:
    toy = FastAPI()
    toy.add_middleware(Gate, settings=Settings(_env_file=None, api_keys=KEYS))  # type: ignore[call-arg]

    @toy.get("/new")
    def new() -> str:
        return "new"

    async def asked(key: str | None) -> int:
        transport = httpx.ASGITransport(app=toy)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/new", headers=bearer(key))).status_code

    assert [anyio.run(asked, key) for key in (None, READ, WRITE)] == [401, 403, 200]


def test_pages_and_monitors_have_a_limit_of_their_own(start_server: Callable[..., Server]) -> None:
    raw = Raw(start_server(rate_limit=3))
    paths = ("/healthz", "/", "/static/app.js", "/openapi.json")
    statuses = [raw("GET", paths[n % len(paths)])[0] for n in range(35)]
    assert statuses[:30] == [200] * 30
    assert 429 in statuses[30:]
    assert raw("GET", "/v1/documents")[0] == 200, "in another bucket"
    raw.close()


def test_who_shows_wrong_keys_has_no_more_tries_than_others(start_server: Callable[..., Server]) -> None:
    raw = Raw(start_server(rate_limit=5, api_keys=KEYS))
    statuses = [raw("GET", "/v1/documents", bearer(f"ss_{n}"))[0] for n in range(8)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert raw("GET", "/v1/documents", bearer(READ))[0] == 200
    raw.close()


def test_nobody_gets_a_new_limit_by_naming_another_address(start_server: Callable[..., Server]) -> None:
    raw = Raw(start_server(rate_limit=3))
    statuses = [raw("GET", "/v1/documents", {"X-Forwarded-For": f"10.0.0.{n}"})[0] for n in range(8)]
    assert statuses == [200] * 3 + [429] * 5
    raw.close()


def test_a_trusted_proxy_tells_clients_apart_by_what_it_added_itself(start_server: Callable[..., Server]) -> None:
    raw = Raw(start_server(rate_limit=2, trusted_proxies="127.0.0.0/8"))
    for client in ("10.0.0.1", "10.0.0.2"):
        forwarded = [{"X-Forwarded-For": f"9.9.9.{n}, {client}"} for n in range(4)]
        assert [raw("GET", "/v1/documents", headers)[0] for headers in forwarded] == [200, 200, 429, 429]
    nowhere = [{"X-Forwarded-For": "x" * n} for n in range(1, 5)]
    assert [raw("GET", "/v1/documents", headers)[0] for headers in nowhere] == [200, 200, 429, 429]
    raw.close()


def test_neighbours_in_one_ipv6_network_are_one_client(start_server: Callable[..., Server]) -> None:
    raw = Raw(start_server(rate_limit=2, trusted_proxies="127.0.0.1"))
    same = [{"X-Forwarded-For": f"2001:db8::{n:x}:1"} for n in range(4)]
    assert [raw("GET", "/v1/documents", headers)[0] for headers in same] == [200, 200, 429, 429]
    for other in ("2001:db8:0:1::1", "::1", "::ffff:10.0.0.1", "::ffff:10.0.0.2"):
        assert raw("GET", "/v1/documents", {"X-Forwarded-For": other})[0] == 200
    statuses = [raw("GET", "/v1/documents", {"X-Forwarded-For": "10.0.0.1"})[0] for _ in range(2)]
    assert statuses == [200, 429], "written as IPv6 before"
    raw.close()


@pytest.mark.parametrize("wrong", ["*", "localhost", "10.0.0.1/8", "10.0.0.1, x"])
def test_only_addresses_and_networks_can_be_trusted(wrong: str) -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(_env_file=None, trusted_proxies=wrong)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "served_on", "answered"),
    [
        *((name, "127.0.0.1", True) for name in ("localhost", "127.0.0.1", "127.1.2.3", "::1")),
        *((name, "127.0.0.1", False) for name in ("attacker.example", "localhost.attacker.example", "10.0.0.7", "")),
        ("10.0.0.7", "10.0.0.7", True),
        ("10.0.0.8", "10.0.0.7", False),
        ("docs.example", "docs.example", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        *((name, served_on, True) for name in ("10.0.0.7", "::1", "localhost") for served_on in ("0.0.0.0", "::")),  # noqa: S104
        *(("attacker.example", served_on, False) for served_on in ("0.0.0.0", "::", "docs.example")),  # noqa: S104
    ],
)
def test_names_that_are_answered_without_a_setting(name: str, served_on: str, answered: bool) -> None:
    assert answers_to(name, (), served_on) == answered
    assert answers_to(name, ("*",), served_on)
    assert not answers_to(name, ("other.example",), served_on)


def test_other_names_than_the_allowed_are_refused(start_server: Callable[..., Server]) -> None:
    def statuses(names: tuple[str, ...], **given_settings: object) -> list[int]:
        raw = Raw(start_server(**given_settings))
        got = [raw("GET", "/openapi.json", {"Host": name})[0] for name in names]
        raw.close()
        return got

    names = ("localhost:8000", "docs.example", "DOCS.example.:443", "attacker.example")
    assert statuses(names) == [200, 421, 421, 421]
    assert statuses(names, allow_anonymous=True) == [200, 421, 421, 421]
    assert statuses(names, allow_anonymous=True, allowed_hosts="docs.example") == [421, 200, 200, 421]
    assert statuses(names, allow_anonymous=True, allowed_hosts="*") == [200] * 4
    assert statuses(names, api_keys=KEYS) == [200] * 4
    assert statuses(names, api_keys=KEYS, allowed_hosts="localhost, docs.example") == [200, 200, 200, 421]


MALFORMED_HOSTS = (
    "[",
    "http://[",
    "a b",
    "a/b",
    "a@b",
    "a:b",
    "a:99999",
    "[::1",
    "[zz]",
    "\u00e4",
    "a\\b",
    "a,b",
    "a:1:2",
)
MALFORMED_ORIGINS = (
    "http://[",
    "http://",
    "x",
    "//a",
    "http://a/b",
    "http://a b",
    "http://u@a",
    "http://a:99999",
    "",
    "\u00ff",
)


@pytest.mark.parametrize("given_settings", [{}, {"api_keys": KEYS}, {"allow_anonymous": True, "allowed_hosts": "*"}])
def test_malformed_names_are_the_clients_fault(
    start_server: Callable[..., Server], caplog: pytest.LogCaptureFixture, given_settings: dict[str, object]
) -> None:
    raw = Raw(start_server(**given_settings))
    for method, path in (("GET", "/healthz"), ("POST", "/v1/ask"), ("GET", "/v1/documents"), ("GET", "/v1/nothing")):
        for host in MALFORMED_HOSTS:
            assert raw.problem(method, path, {"Host": host})[0] == 400, host
        for origin in MALFORMED_ORIGINS:
            assert raw.problem(method, path, {"Origin": origin})[0] == 400, origin
        assert raw.problem(method, path, [("Origin", "http://a"), ("Origin", "http://localhost")])[0] == 400
    raw.close()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_of_two_authorizations_none_counts(raw: Raw) -> None:
    for first, second in ((READ, WRITE), (WRITE, READ), (WRITE, WRITE), ("ss_wrong", WRITE)):
        headers = [("Authorization", f"Bearer {first}"), ("Authorization", f"Bearer {second}")]
        assert raw.problem("GET", "/v1/documents", headers)[0] == 400
    for value in (f"Bearer {READ}, Bearer {WRITE}", f"Bearer {READ} {WRITE}", f"Basic {WRITE}", "Bearer", WRITE, ""):
        assert raw.problem("GET", "/v1/documents", {"Authorization": value})[0] == 401


def test_there_is_no_way_in_by_a_web_socket(app: FastAPI) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    scope = {**path_of("GET", "/v1/documents"), "type": "websocket", "subprotocols": [], "client": ("127.0.0.1", 1)}
    anyio.run(app, scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/ask", "application/json"),
        ("/v1/documents", "application/json"),
        ("/v1/documents", "multipart/form-data; boundary=b"),
        ("/v1/chat/completions", "application/json"),
        ("/mcp", "application/json"),
    ],
)
def test_a_client_that_goes_away_is_no_error(
    server: Server, caplog: pytest.LogCaptureFixture, path: str, kind: str
) -> None:
    def gone() -> bool:
        return 'status="499"' in httpx.get(f"{server.url}/metrics").text

    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
    hang_up_after(
        server, f"{head}Accept: application/json, text/event-stream\r\nContent-Length: 99\r\n\r\n--b\r\n".encode()
    )
    until(gone)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_malformed_request_is_answered_with_the_headers_that_all_have(raw: Raw) -> None:
    for path, headers in (("/%0a", {}), ("/healthz", {"Host": "["})):
        status, answered, _ = raw("GET", path, headers)
        assert status == 400
        assert answered["x-content-type-options"] == "nosniff"
        assert answered["x-request-id"]


def test_what_is_possible_at_a_path_is_told(server: Server) -> None:
    refused = httpx.request("POST", f"{server.url}/v1/documents/x")
    assert_problem(refused, 405)
    assert refused.headers["allow"] == "DELETE, GET, PATCH, PUT"
