"""What is told of the processor, against what PyTorch finds by asking it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from index.bert import processor
from index.bert.processor import described, has_instructions, threads


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Linux, which tells of its processors in files."""
    monkeypatch.setattr(processor, "_TOLD", tmp_path / "none")
    monkeypatch.setattr(processor, "_CPUS", tmp_path / "none")
    processor._instructions.cache_clear()
    yield
    processor._instructions.cache_clear()


def as_torch_says() -> dict[str, bool]:
    asked = torch.cpu
    return {
        "avx2": torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"),
        "avx512f": torch.backends.cpu.get_cpu_capability() == "AVX512",
        "avx512_vnni": asked._is_vnni_supported(),
        "avx512_bf16": asked._is_avx512_bf16_supported(),
        "amx_tile": asked._is_amx_tile_supported(),
    }


def test_its_instructions_are_those_that_torch_finds() -> None:
    assert {name: has_instructions(name) for name in as_torch_says()} == as_torch_says()


@pytest.mark.usefixtures("elsewhere")
def test_torch_is_asked_where_the_system_does_not_tell() -> None:
    assert {name: has_instructions(name) for name in as_torch_says()} == as_torch_says()
    assert threads() >= 1


def test_of_several_instructions_one_is_enough() -> None:
    has = [name for name, found in as_torch_says().items() if found]
    assert has_instructions("none", *has) is bool(has)
    assert not has_instructions("none")


@pytest.mark.parametrize(("wanted", "taken"), [("3", 3), ("2,1", 2)])
def test_as_many_threads_as_are_wanted(monkeypatch: pytest.MonkeyPatch, wanted: str, taken: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert threads() == taken


@pytest.mark.parametrize("wanted", ["", "0", "many"])
def test_otherwise_as_many_as_there_are_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5}, raising=False)
    monkeypatch.setattr(processor, "_CPUS", tmp_path)
    for cpu, siblings in {0: "0,4", 1: "1,5", 2: "2,6", 5: "1,5"}.items():
        (tmp_path / f"cpu{cpu}" / "topology").mkdir(parents=True)
        (tmp_path / f"cpu{cpu}" / "topology" / "thread_siblings_list").write_text(f"{siblings}\n")
    assert threads() == 3


def test_it_is_described_by_name_cores_and_instructions() -> None:
    cores = f", 7 threads of {os.cpu_count()} cores, "
    name, _, widest = described(7).partition(cores)
    assert name
    assert widest in ("AVX512", "AVX2", "no AVX2")
