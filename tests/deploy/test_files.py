"""The files for operators: what a linter would say of them, and that they fit the program."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.settings import Settings
from index.store.databases.postgres_connections import MOST_CONNECTIONS
from tests.conftest import Server
from tests.deploy.image import DOCKERFILE, TOP, instructions

DEPLOY = TOP / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
REPLICAS = yaml.safe_load((DEPLOY / "compose.replicas.yaml").read_text(encoding="utf-8"))
SERVED = {
    name: service
    for name, service in (COMPOSE["services"] | REPLICAS["services"]).items()
    if name == "sourcespan" or name.startswith("replica-")
}


def of(wanted: str) -> list[str]:
    return [rest for word, rest in instructions() if word == wanted]


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "sourcespan.service", encoding="utf-8")
    return parser


@pytest.mark.parametrize(
    "lint",
    [
        ["hadolint", "--failure-threshold", "style", "Dockerfile"],
        [
            "check-jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            *(path.name for path in DEPLOY.glob("compose*")),
        ],
    ],
    ids=lambda lint: lint[0],
)
def test_the_linters_find_nothing(lint: list[str]) -> None:
    command = [str(Path(sys.executable).parent / lint[0]), *lint[1:]]
    found = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_image_installs_as_the_makefile_does() -> None:
    torch, project = re.findall(r"pip install [^&]*", next(run for run in of("RUN") if "pip install" in run))
    assert "torch==" in torch, "first and by itself"
    assert project.rstrip().endswith(' ".[postgres]"'), "and the driver of the database that replicas share"
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    (makes,) = re.findall(r"torch==[\d.]+$", makefile.partition(".venv/torch:")[2].partition("\n\n")[0], re.MULTILINE)
    assert makes in torch
    assert "--index-url" in torch
    assert "--index-url" not in project


def test_the_image_runs_as_little_as_it_can() -> None:
    assert all(re.search(r":\d[\w.-]+", image) for image in of("FROM")), "images by tag"
    (uid,) = of("USER")
    assert int(uid) > 0, "not root, and a cluster can see it"
    assert f"--uid {uid} " in DOCKERFILE.read_text(encoding="utf-8")
    assert not of("ADD"), "COPY is enough"
    for run in of("RUN"):
        for install in re.findall(r"pip install [^&]*", run):
            assert "--no-cache-dir" in install
            assert "--constraint constraints.txt" in install
    assert all(command.startswith("[") for command in (*of("ENTRYPOINT"), *of("CMD"))), "no shell between"
    assert len(of("HEALTHCHECK")) == 1


def test_the_image_has_every_package_and_the_pinned_torch() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {name for copy in of("COPY") if not copy.startswith("--") for name in copy.split()[:-1]}
    assert set(packages) | {"pyproject.toml", "constraints.txt"} <= copied
    ignored = (TOP / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in copied} <= set(ignored)
    (torch,) = re.findall(r"torch==[\d.]+", DOCKERFILE.read_text(encoding="utf-8"))
    assert torch in project["project"]["dependencies"]
    assert torch in (TOP / "constraints.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml", "compose.replicas.yaml", "sourcespan.service"])
def test_every_setting_that_is_named_is_one(file: str) -> None:
    named = re.findall(r"SOURCESPAN_([A-Z_]+)", (DEPLOY / file).read_text(encoding="utf-8"))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.mark.parametrize("service", SERVED.values(), ids=SERVED)
def test_the_container_is_locked_down_and_asks_for_keys(service: dict[str, Any]) -> None:
    assert "?" in service["environment"]["SOURCESPAN_API_KEYS"], "no keys, no start"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service["environment"]["SOURCESPAN_ALLOWED_HOSTS"].endswith(",127.0.0.1"), "as which HEALTHCHECK asks"
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_a_stop_has_the_time_that_the_service_takes_for_it() -> None:
    most = Settings.model_fields["shutdown_seconds"].default
    for service in (*SERVED.values(), REPLICAS["services"]["proxy"]):
        assert int(service["stop_grace_period"].removesuffix("s")) > most
    assert int(unit()["Service"]["TimeoutStopSec"]) > most


def test_replicas_share_a_database_and_have_all_else_of_their_own() -> None:
    replicas = {name: service for name, service in SERVED.items() if name in REPLICAS["services"]}
    database = REPLICAS["services"]["database"]
    assert len(replicas) == 3
    for service in replicas.values():
        address = urlsplit(service["environment"]["SOURCESPAN_DATABASE"])
        assert REPLICAS["services"][address.hostname] is database
        assert address.username == database["environment"]["POSTGRES_USER"]
        assert service["environment"]["PGPASSWORD"] == database["environment"]["POSTGRES_PASSWORD"]
        assert "?" in service["environment"]["PGPASSWORD"], "no password, no start"
        assert service["volumes"] == [of("VOLUME")[0]], "without a name: of each container its own"
        assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
        assert "test" not in service["healthcheck"], "the image's"
    waited_for = REPLICAS["services"]["proxy"]["depends_on"]
    assert waited_for == {name: {"condition": "service_healthy"} for name in replicas}
    # of documents and of feedback each, and some to connect anew
    most = (2 * MOST_CONNECTIONS + 8) * len(replicas)
    assert int(re.findall(r"max_connections=(\d+)", str(database["command"]))[0]) > most


def test_the_proxy_has_the_addresses_of_the_replicas_and_they_believe_it_alone() -> None:
    sample = (DEPLOY / "nginx.replicas.conf").read_text(encoding="utf-8")
    proxy = REPLICAS["services"]["proxy"]
    assert proxy["volumes"] == ["./nginx.replicas.conf:/etc/nginx/nginx.conf:ro"]
    replicas = [service for name, service in SERVED.items() if name in REPLICAS["services"]]
    (port,) = of("EXPOSE")
    addresses = [f"{service['networks']['default']['ipv4_address']}:{port}" for service in replicas]
    assert re.findall(r"^ +server ([\d.:]+) ", sample, re.MULTILINE) == addresses
    believed = {service["environment"]["SOURCESPAN_TRUSTED_PROXIES"] for service in replicas}
    assert believed == {proxy["networks"]["default"]["ipv4_address"]}
    (network,) = REPLICAS["networks"]["default"]["ipam"]["config"]
    assert re.findall("set_real_ip_from (.*);", sample) == [network["gateway"]]
    (published,) = proxy["ports"]
    assert published.startswith("127.0.0.1:"), "whoever comes that way is believed"
    assert published.endswith(f":{re.findall('listen (.*);', sample)[0]}")


def test_the_unit_is_locked_down() -> None:
    service = unit()["Service"]
    assert service["ExecStart"].endswith("/sourcespan serve")
    for wanted in ("DynamicUser", "NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"):
        assert service[wanted] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "sourcespan"


def test_open_webui_asks_the_service_under_its_name_and_with_a_key() -> None:
    beside = yaml.safe_load((DEPLOY / "compose.open-webui.yaml").read_text(encoding="utf-8"))
    (name,) = COMPOSE["services"]
    webui = beside["services"]["open-webui"]
    (published,) = COMPOSE["services"][name]["ports"]
    link = beside["services"][name]["environment"]["SOURCESPAN_PUBLIC_URL"]
    assert published.rpartition(":")[0] in link, "where a browser reaches it"
    (port,) = of("EXPOSE")
    assert webui["environment"]["OPENAI_API_BASE_URL"] == f"http://{name}:{port}/v1"
    assert "?" in webui["environment"]["OPENAI_API_KEY"], "no key, no start"
    assert list(webui["depends_on"]) == [name]
    assert all(each.startswith("127.0.0.1:") for each in webui["ports"])


def test_every_metric_on_the_dashboard_is_told_by_the_service(server: Server) -> None:
    httpx.post(f"{server.url}/v1/ask", json={"question": "guess?"})
    families = list(text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text))
    told = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    dashboard = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = [dashboard["templating"]["list"][1]["query"]["query"], *targets]
    for expression in asked:
        named = re.findall(r"\b(?:sourcespan|process)_\w+", expression)
        assert named
        assert set(named) <= set(told), expression
        by = {label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(", ")}
        assert by <= told[named[0]], expression
    assert len({panel["title"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
