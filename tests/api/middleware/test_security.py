"""Who may do what, from where and how often; and that nothing leaks."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import index
from api.keys import find_key, hash_of, is_loopback, new_key, parse_keys
from api.middleware.rate import RateLimit
from api.settings import Settings
from index.errors import UnsafeAddress
from tests import strategies
from tests.api.helpers import assert_problem
from tests.conftest import Server
from tests.fakes import FailingReader

READ, WRITE = new_key(), new_key()
KEYS = f"read:{hash_of(READ)}, write:{hash_of(WRITE)}"
DOCUMENT: dict[str, object] = {"title": "a", "text": "The ferry leaves at noon."}

CALLS: list[tuple[str, str, dict[str, object] | None, str]] = [
    ("POST", "/v1/documents", DOCUMENT, "write"),
    ("PUT", "/v1/documents/x", DOCUMENT, "write"),
    ("DELETE", "/v1/documents/x", None, "write"),
    ("GET", "/v1/feedback/export", None, "write"),
    ("GET", "/v1/documents", None, "read"),
    ("GET", "/v1/documents/x", None, "read"),
    ("GET", "/v1/documents/x/text", None, "read"),
    ("POST", "/v1/ask", {"question": "«ferry»?"}, "read"),
    ("POST", "/v1/search", {"query": "ferry"}, "read"),
    ("POST", "/v1/feedback", {"question": "?", "answer": None, "verdict": "wrong"}, "read"),
    ("GET", "/metrics", None, "read"),
    ("GET", "/v1/nothing", None, "write"),
]


def call(server: Server, method: str, path: str, body: object = None, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.request(method, f"{server.url}{path}", json=body, headers=headers)


@pytest.fixture
def locked(start_server: Callable[..., Server]) -> Server:
    """A server that asks for keys."""
    return start_server(api_keys=KEYS)


def test_every_call_needs_a_key_of_its_scope(locked: Server) -> None:
    for method, path, body, scope in CALLS:
        for wrong in (None, "ss_wrong", hash_of(WRITE)):
            refused = call(locked, method, path, body, wrong)
            assert_problem(refused, 401, "API key")
            assert refused.headers["www-authenticate"] == "Bearer"
        if scope == "write":
            assert_problem(call(locked, method, path, body, READ), 403, "write")
        else:
            assert call(locked, method, path, body, READ).status_code in {200, 201, 404}
        assert call(locked, method, path, body, WRITE).status_code in {200, 201, 404}


def test_what_shows_no_documents_needs_no_key(locked: Server) -> None:
    for path in ("/", "/static/app.js", "/healthz", "/readyz", "/openapi.json"):
        assert call(locked, "GET", path).status_code == 200


def test_who_has_no_key_cannot_make_the_server_read_a_body(locked: Server) -> None:
    response = httpx.post(f"{locked.url}/v1/documents", content=b"x" * 10_000_000)
    assert_problem(response, 401)


@given(shown=st.one_of(st.text(), strategies.header_values), scope=st.sampled_from(["read", "write"]))
def test_only_the_key_itself_opens(shown: str, scope: str) -> None:
    key = new_key()
    keys = parse_keys(f"{scope}:{hash_of(key)},read:{hash_of('other')}")
    assert (found := find_key(key, keys)) is not None
    assert found.allows("read")
    assert found.allows("write") == (scope == "write")
    if shown not in {key, "other"}:
        assert find_key(shown, keys) is None


@pytest.mark.parametrize("wrong", ["ss_plain-key", "admin:" + "0" * 64, "read:123", "reader"])
def test_a_setting_that_is_no_hash_is_refused_without_being_repeated(wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, api_keys=wrong)  # type: ignore[call-arg]
    assert "sourcespan key" in str(refused.value)
    assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.1.4", "example.org", "")),  # noqa: S104
    ],
)
def test_other_machines_are_served_only_with_keys_or_when_said_so(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback
    for given_settings in ({"api_keys": KEYS}, {"allow_anonymous": True}):
        Settings(_env_file=None, host=host, **given_settings).check_address()  # type: ignore[call-arg]
    bare = Settings(_env_file=None, host=host)  # type: ignore[call-arg]
    if loopback:
        bare.check_address()
    else:
        with pytest.raises(UnsafeAddress, match="SOURCESPAN_API_KEYS"):
            bare.check_address()


def test_a_name_that_is_made_to_point_here_opens_nothing(server: Server, start_server: Callable[..., Server]) -> None:
    rebound = {"Host": "attacker.example"}
    assert_problem(httpx.get(f"{server.url}/v1/documents", headers=rebound), 421)
    port = server.url.rsplit(":", 1)[1]
    assert httpx.get(f"{server.url}/v1/documents", headers={"Host": f"localhost:{port}"}).is_success
    anonymous = f"{start_server(allow_anonymous=True).url}/v1/documents"
    assert_problem(httpx.get(anonymous, headers=rebound), 421, "SOURCESPAN_ALLOWED_HOSTS")
    named = f"{start_server(allow_anonymous=True, allowed_hosts='attacker.example').url}/v1/documents"
    assert httpx.get(named, headers=rebound).is_success


def test_pages_of_other_sites_may_change_nothing(server: Server, start_server: Callable[..., Server]) -> None:
    foreign = {"Origin": "https://attacker.example"}
    parts = [("files", ("a.txt", b"Planted."))]
    assert_problem(httpx.post(f"{server.url}/v1/documents", files=parts, headers=foreign), 403)
    assert_problem(httpx.post(f"{server.url}/v1/documents", files=parts, headers={"Origin": "null"}), 403)
    assert httpx.post(f"{server.url}/v1/documents", files=parts, headers={"Origin": server.url}).status_code == 201
    assert "access-control-allow-origin" not in httpx.get(f"{server.url}/v1/documents", headers=foreign).headers
    welcoming = start_server(cors_origins="https://attacker.example, https://b.example/")
    preflight = httpx.options(
        f"{welcoming.url}/v1/ask",
        headers={**foreign, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
    )
    assert preflight.headers["access-control-allow-origin"] == foreign["Origin"]
    assert httpx.post(f"{welcoming.url}/v1/search", json={"query": "x"}, headers=foreign).is_success


def test_who_calls_too_often_is_told_when_to_come_back(start_server: Callable[..., Server]) -> None:
    server = start_server(rate_limit=3, api_keys=KEYS)
    responses = [call(server, "GET", "/v1/documents", key=READ) for _ in range(5)]
    assert [response.status_code for response in responses] == [200, 200, 200, 429, 429]
    assert 1 <= int(responses[-1].headers["retry-after"]) <= 20
    assert_problem(responses[-1], 429)
    assert call(server, "GET", "/v1/documents", key=WRITE).status_code == 200, "each client has its own"
    assert call(server, "GET", "/healthz").status_code == 200


@given(
    per_minute=st.integers(1, 100), gaps=st.lists(st.floats(0, 30), min_size=1, max_size=200), calls=st.integers(1, 5)
)
def test_no_client_gets_more_than_its_rate(per_minute: int, gaps: list[float], calls: int) -> None:
    now = 0.0
    limit = RateLimit(per_minute, clock=lambda: now)
    allowed = 0
    for gap in gaps:
        now += gap
        for _ in range(calls):
            wait = limit.wait("a")
            allowed += wait == 0
            assert 0 <= wait <= 60 / per_minute + 1e-6
    assert allowed <= per_minute + now * per_minute / 60 + 1e-6
    now += 60 / per_minute + 1e-6
    assert limit.wait("a") == 0
    assert RateLimit(0).wait("a") == 0


def test_the_memory_of_clients_is_bounded() -> None:
    limit = RateLimit(1)
    for n in range(10_050):
        limit.wait(str(n))
    assert len(limit._buckets) == 10_000


def test_a_body_that_is_too_large_for_its_path_is_refused(server: Server) -> None:
    assert_problem(httpx.post(f"{server.url}/v1/ask", content=b"x" * 256_001), 413, "256,000 bytes")


def test_headers_that_every_response_has(server: Server) -> None:
    for path in ("/", "/v1/documents", "/v1/nothing", "/static/app.js"):
        headers = httpx.get(f"{server.url}{path}").headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in policy


def test_an_unexpected_error_has_these_headers_too(start_server: Callable[..., Server]) -> None:
    server = start_server(reader=FailingReader())
    server.add("a", "The ferry leaves at noon.")
    broken = httpx.post(f"{server.url}/v1/ask", json={"question": "break"})
    assert_problem(broken, 500)
    usual = httpx.get(f"{server.url}/v1/documents").headers
    assert {name for name in usual if name != "content-length"} <= set(broken.headers)
    assert broken.headers["x-request-id"]


def test_no_error_tells_a_path_of_the_server(server: Server) -> None:
    here = index.__file__.rsplit("/", 2)[0]
    answers = [
        httpx.get(f"{server.url}/v1/documents/..%2f..%2fetc%2fpasswd"),
        httpx.get(f"{server.url}/static/..%2f..%2fsettings.py"),
        httpx.post(f"{server.url}/v1/documents", files=[("files", ("/etc/passwd", b"x"))]),
        httpx.post(f"{server.url}/v1/ask", content=b"{", headers={"content-type": "application/json"}),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert here not in answer.text
        assert "Traceback" not in answer.text
