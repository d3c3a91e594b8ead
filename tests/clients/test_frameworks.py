"""What frameworks and tools of others say of what is made for them."""

from __future__ import annotations

import json

from api.settings import Settings
from tests.clients.conftest import ROOT, Run

CHART = str(ROOT / "deploy" / "helm")
OF_HELM = """
import json, sys
import kubernetes_validate, yaml
from helm_python import HelmError, chart

values = json.loads(sys.argv[2])
report = chart.lint(sys.argv[1], values, strict=True)
wrong = [*report["errors"], *(one for one in report["messages"] if one["severity"] > 1)]
loaded = chart.Chart.load(sys.argv[1])
try:
    texts = loaded.render(values, name="docs").values()
except HelmError as error:
    print(json.dumps({"wrong": [str(error)], "rendered": []}))
    sys.exit()
rendered = [one for one in (yaml.safe_load(text) for text in texts) if isinstance(one, dict)]
for version in ("1.25", "1.30", "1.36"):
    for one in rendered:
        kubernetes_validate.validate(one, version, strict=True)
print(json.dumps({"wrong": wrong, "rendered": rendered}))
"""


def test_our_retriever_passes_the_tests_of_langchain(run: Run) -> None:
    """None of them is left out, and none is skipped."""
    tests = str(ROOT / "tests" / "clients" / "langchain_retriever.py")
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "-o", "filterwarnings=default"]
    assert "5 passed" in run("python", "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *options, tests)


def test_the_chart_is_linted_and_rendered_by_helm_and_held_to_the_schemas_of_kubernetes(run: Run) -> None:
    values = {
        "keysSecret": "keys",
        "settings": {"ALLOWED_HOSTS": "answers.example.org", "MAX_DOCUMENTS": 10_000_000},
        "storage": {"className": "fast"},
        "ingress": {"host": "answers.example.org", "tlsSecret": "tls", "className": "nginx"},
        "podAnnotations": {"prometheus.io/scrape": "true"},
    }
    told = json.loads(run("python", "-c", OF_HELM, CHART, json.dumps(values)))
    assert told["wrong"] == []
    kinds = {one["kind"]: one for one in told["rendered"]}
    assert set(kinds) == {"Deployment", "Service", "PersistentVolumeClaim", "Ingress"}
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    settings = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
    assert settings["SOURCESPAN_ALLOWED_HOSTS"] == "answers.example.org,$(POD_IP)", "probes ask by the pod's address"
    assert settings["POD_IP"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert settings["SOURCESPAN_MAX_DOCUMENTS"] == "10000000", "as it was written, not as 1e+07"
    claimed = next(one for one in pod["volumes"] if one["name"] == "data")["persistentVolumeClaim"]["claimName"]
    assert claimed == kinds["PersistentVolumeClaim"]["metadata"]["name"]
    assert kinds["Service"]["spec"]["selector"] == kinds["Deployment"]["spec"]["selector"]["matchLabels"]


def test_documents_that_are_there_already_are_claimed_anew(run: Run) -> None:
    values = {"keysSecret": "keys", "storage": {"existingClaim": "old"}}
    told = json.loads(run("python", "-c", OF_HELM, CHART, json.dumps(values)))
    assert {one["kind"] for one in told["rendered"]} == {"Deployment", "Service"}


def test_replicas_share_a_database_and_each_has_a_folder_of_its_own(run: Run) -> None:
    affinity = {"nginx.ingress.kubernetes.io/upstream-hash-by": "$remote_addr"}
    ingress = {"host": "answers.example.org", "annotations": affinity}
    values = {"keysSecret": "keys", "replicas": 3, "database": {"secret": "shared"}, "ingress": ingress}
    told = json.loads(run("python", "-c", OF_HELM, CHART, json.dumps(values)))
    assert told["wrong"] == []
    kinds = {one["kind"]: one for one in told["rendered"]}
    assert set(kinds) == {"Deployment", "Service", "PodDisruptionBudget", "Ingress"}, "no volume that all claim"
    assert kinds["Ingress"]["metadata"]["annotations"] == affinity
    deployment = kinds["Deployment"]["spec"]
    assert deployment["replicas"] == 3
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    address = {"secretKeyRef": {"name": "shared", "key": "url"}}
    assert {"name": "SOURCESPAN_DATABASE", "valueFrom": address} in container["env"]
    assert next(one for one in pod["volumes"] if one["name"] == "data")["emptyDir"] == {"sizeLimit": "10Gi"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (_, waits) = container["lifecycle"]["preStop"]["exec"]["command"]
    stops = Settings.model_fields["shutdown_seconds"].default
    assert int(waits) + stops < pod["terminationGracePeriodSeconds"]
    assert kinds["PodDisruptionBudget"]["spec"]["selector"] == deployment["selector"]
    assert kinds["Service"]["spec"]["sessionAffinity"] == "ClientIP"


def test_one_replica_may_use_a_database_and_more_must(run: Run) -> None:
    one = {"keysSecret": "keys", "database": {"secret": "shared"}}
    told = json.loads(run("python", "-c", OF_HELM, CHART, json.dumps(one)))
    assert told["wrong"] == []
    assert {each["kind"] for each in told["rendered"]} == {"Deployment", "Service"}
    more = {"keysSecret": "keys", "replicas": 2}
    told = json.loads(run("python", "-c", OF_HELM, CHART, json.dumps(more)))
    assert "replicas: more than one needs database.secret" in told["wrong"][0]


def test_without_keys_nothing_is_installed(run: Run) -> None:
    told = json.loads(run("python", "-c", OF_HELM, CHART, "{}"))
    assert "sourcespan key" in told["wrong"][0]
