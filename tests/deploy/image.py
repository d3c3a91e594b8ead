"""Builds the image of deploy/Dockerfile, starts it and asks it: by Docker or Podman, else its steps in a chroot.

    python -m tests.deploy.image [--torch-index URL] [--base FOLDER]

A chroot needs root and debootstrap, takes some minutes and 5 GB, and begins with Debian and its Python, which is what
the image's base is made of. What this machine has set for pip and for proxies goes along. Exit code 1: it doesn't work.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dockerfile_parse import DockerfileParser
from dockerfile_parse.util import WordSplitter, extract_key_values

from api.keys import hash_of, new_key

TOP = Path(__file__).parents[2]
DOCKERFILE = TOP / "deploy" / "Dockerfile"
_SECONDS_TO_START = 300
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# what changes nothing until it is started
_KEPT = {"ARG", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
_ASK = """
import json, sys, urllib.request
import pgvector, psycopg
def call(path, **body):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + sys.argv[1]}
    request = urllib.request.Request("http://127.0.0.1:8000" + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request, timeout=120))
call("/v1/documents", title="Timetable", text="The ferry to Oban leaves at 07:30 from pier two.")
print(json.dumps(call("/v1/ask", question="When does the ferry to Oban leave?")))
"""


def instructions() -> list[tuple[str, str]]:
    """(instruction, what follows) of the Dockerfile, without its comments."""
    structure = DockerfileParser(path=str(DOCKERFILE)).structure
    return [(each["instruction"], each["value"]) for each in structure if each["instruction"] != "COMMENT"]


class Image(Protocol):
    """An image, however it is built and run."""

    def build(self, arguments: dict[str, str]) -> None:
        """Takes the steps of the Dockerfile."""

    def start(self, environment: dict[str, str]) -> None:
        """Starts the service as the compose file does: only /data and /tmp can be written to."""

    def inside(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command beside the service, as its user."""

    def stop(self) -> int:
        """Ends it as the image says; gives how it ended."""


class EngineImage:
    """By a container engine."""

    def __init__(self, engine: str) -> None:
        self._engine, self._name = engine, f"sourcespan-test-{os.getpid()}"

    def build(self, arguments: dict[str, str]) -> None:
        """Takes the steps of the Dockerfile."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        subprocess.run([self._engine, "build", f"--file={DOCKERFILE}", f"--tag={self._name}", *given, TOP], check=True)

    def start(self, environment: dict[str, str]) -> None:
        """Starts a container."""
        locked = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        given = [f"--env={name}={value}" for name, value in environment.items()]
        command = [self._engine, "run", "--detach", f"--name={self._name}", *locked, *given, self._name]
        subprocess.run(command, check=True)

    def inside(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command in the container."""
        return _output([self._engine, "exec", self._name, *command])

    def stop(self) -> int:
        """Stops and removes the container."""
        subprocess.run([self._engine, "stop", "--time=40", self._name], check=True)
        ended = _output([self._engine, "inspect", "--format={{.State.ExitCode}}", self._name]).stdout
        subprocess.run([self._engine, "rm", "--volumes", self._name], check=True)
        return int(ended)


class ChrootImage:
    """Its steps taken one by one in folders of this machine, and its service in namespaces of its own."""

    def __init__(self, folder: Path, base: Path | None = None) -> None:
        self._folder, self._base = folder, base or folder / "base"
        self._roots: dict[str, Path] = {}
        self._root = folder
        self._environment: dict[str, str] = {}
        self._rest: dict[str, str] = {}

    def build(self, arguments: dict[str, str]) -> None:
        """Takes the steps of the Dockerfile. Raises ValueError for one that it cannot take."""
        given = arguments | {
            name: value for name, value in os.environ.items() if re.search("^PIP_|_proxy$", name, re.IGNORECASE)
        }
        for instruction, value in instructions():
            print(f"{instruction} {value[:100]}", flush=True)
            if instruction == "FROM":
                image, _, stage = value.partition(" AS ")
                self._begin(image, stage or "last")
            elif instruction == "RUN":
                command = ["env", f"--chdir={self._rest['WORKDIR']}", *_pairs(self._environment | given), "sh", "-ec"]
                subprocess.run(self._chroot([*command, value]), check=True)
            elif instruction == "COPY":
                self._copy(value)
            elif instruction == "ENV":
                self._environment |= extract_key_values(
                    env_replace=False, args={}, envs={}, instruction_value=" ".join(value.split())
                )
            elif instruction == "WORKDIR":
                self._within(value).mkdir(parents=True, exist_ok=True)
                self._rest[instruction] = value
            elif instruction in _KEPT:
                self._rest[instruction] = value
            else:
                raise ValueError(f"no way to take the step {instruction}")

    def start(self, environment: dict[str, str]) -> None:
        """Starts the service; the network is its own too, so that its port is free."""
        root, rest = self._root, self._rest
        mounts = (
            f"mount --bind {root} {root}; mount --bind {root}/data {root}/data; mount --bind /proc {root}/proc; "
            f"mount --rbind /sys {root}/sys; mount -t tmpfs tmpfs {root}/tmp; "  # noqa: S108
            f"mount -o remount,ro,bind {root}; ip link set lo up"
        )
        entry = [*json.loads(rest["ENTRYPOINT"]), *json.loads(rest["CMD"])]
        user = ["setpriv", "--no-new-privs", "chroot", f"--userspec={rest['USER']}:", str(root)]
        served = ["env", "-i", f"--chdir={rest['WORKDIR']}", *_pairs(self._environment | environment), *entry]
        command = ["unshare", "--mount", "--net", "sh", "-ec", f'{mounts}; exec "$@"', "sh", *user, *served]
        self._process = subprocess.Popen(command)

    def inside(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command in the namespaces of the service."""
        target = [f"--target={self._process.pid}", "--mount", "--net", "--root", f"--setuid={self._rest['USER']}"]
        return _output(["nsenter", *target, *command])

    def stop(self) -> int:
        """Signals the service."""
        self._process.send_signal(signal.Signals[self._rest["STOPSIGNAL"]])
        return self._process.wait(60)

    def _begin(self, image: str, stage: str) -> None:
        (suite,) = re.findall(r"^python:3\.\d+-slim-(\w+)$", image)
        if not self._base.exists():
            tools = "--include=python3,python3-venv,ca-certificates"
            subprocess.run(["debootstrap", "--variant=minbase", tools, suite, self._base], check=True)
        self._root = self._roots[stage] = self._folder / stage
        subprocess.run(["cp", "--archive", self._base, self._root], check=True)
        (self._root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        folders = [path for path in os.environ.get("PIP_FIND_LINKS", "").split() if Path(path).is_dir()]
        for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt", *folders):
            self._within(path).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "--recursive", "--dereference", path, self._within(path)], check=True)
        self._environment, self._rest = {"PATH": _PATH}, {"WORKDIR": "/"}

    def _copy(self, value: str) -> None:
        *names, target = WordSplitter(value).split()
        context = TOP
        if names[0].startswith("--from="):
            context = self._roots[names.pop(0).removeprefix("--from=")]
        into = self._within(str(Path(self._rest["WORKDIR"]) / target))
        for name in names:
            source = context / name.lstrip("/")
            options = ["--archive", "--no-target-directory"] if source.is_dir() else ["--archive"]
            subprocess.run(["cp", *options, source, into], check=True)

    def _within(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _chroot(self, command: Sequence[str]) -> list[str]:
        mounts = f"mount --bind /proc {self._root}/proc"
        return ["unshare", "--mount", "sh", "-ec", f'{mounts}; exec "$@"', "sh", "chroot", str(self._root), *command]


def check(image: Image, arguments: dict[str, str]) -> None:
    """Builds it, starts it, waits until it is healthy, asks it, stops it. Raises AssertionError, CalledProcessError."""
    image.build(arguments)
    key = new_key()
    image.start({"SOURCESPAN_API_KEYS": f"write:{hash_of(key)}", "TMPDIR": "/data"})
    try:
        healthy = json.loads(dict(instructions())["HEALTHCHECK"].partition("CMD ")[2])
        until = time.monotonic() + _SECONDS_TO_START
        while image.inside(healthy).returncode != 0 and time.monotonic() < until:
            time.sleep(1)
        asked = image.inside(["/opt/sourcespan/bin/python", "-c", _ASK, key])
        assert asked.returncode == 0, asked.stderr
        (best, *_) = json.loads(asked.stdout)["answers"]
        print(f"it answers {best['text']!r}")
        user = image.inside(["stat", "--format=%u", "/data/index"]).stdout.strip()
        pictures = image.inside(["tesseract", "--version"]).stdout.split("\n")[0]
        print(f"as user {user}, with {pictures}")
        refused = [image.inside(["touch", path]).returncode for path in ("/opt/a", "/data/a", "/tmp/a")]  # noqa: S108
    finally:
        ended = image.stop()
    print(f"and ends with {ended}")
    expected = ("07:30", dict(instructions())["USER"], [1, 0, 0], 0)
    assert (best["text"], user, refused, ended) == expected


def _pairs(values: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def _output(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def main() -> None:
    """Chooses how, by what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-index", default="", help="where pip finds the CPU build of PyTorch")
    parser.add_argument("--base", type=Path, help="for a chroot: where debootstrap put Debian; made if it is not there")
    given = parser.parse_args()
    arguments = {"TORCH_INDEX": given.torch_index}
    engines = [name for name in ("docker", "podman") if shutil.which(name) and not _output([name, "info"]).returncode]
    if engines:
        check(EngineImage(engines[0]), arguments)
        return
    with tempfile.TemporaryDirectory(prefix="sourcespan-image-") as folder:
        check(ChrootImage(Path(folder), given.base), arguments)


if __name__ == "__main__":
    main()
