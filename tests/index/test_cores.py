"""Parts that are computed side by side."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from index.cores import Cores, Meet


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_every_part_is_computed_and_they_meet(parts: int) -> None:
    came: list[int] = []
    seen: list[int] = []

    def work(part: int, meet: Meet) -> None:
        came.append(part)
        meet()
        seen.append(len(came))

    Cores(3).compute(parts, work)
    assert sorted(came) == list(range(parts))
    assert seen == [parts] * parts


def test_each_has_one_core_and_whoever_comes_later_has_all() -> None:
    cores = torch.get_num_threads()
    used: list[int] = []
    Cores(2).compute(2, lambda part, meet: used.append(torch.get_num_threads()))
    with ThreadPoolExecutor(1) as another:
        assert used == [1, 1]
        assert another.submit(torch.get_num_threads).result() == cores


def test_a_single_core_is_the_callers() -> None:
    threads: list[threading.Thread] = []
    Cores(1).compute(1, lambda part, meet: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_what_a_part_raises_is_raised_and_the_others_do_not_wait(failing: int) -> None:
    cores = Cores(3)

    def work(part: int, meet: Meet) -> None:
        if part == failing:
            raise ZeroDivisionError(part)
        meet()

    with pytest.raises(ZeroDivisionError, match=str(failing)):
        cores.compute(3, work)
    done: list[int] = []
    cores.compute(3, lambda part, meet: done.append(part))
    assert sorted(done) == [0, 1, 2]


def test_two_pieces_of_work_do_not_mix() -> None:
    cores = Cores(2)
    here: list[str] = []

    def piece(name: str) -> None:
        def work(part: int, meet: Meet) -> None:
            meet()
            here.append(name)
            meet()

        for _ in range(50):
            cores.compute(2, work)

    with ThreadPoolExecutor(2) as two:
        for each in [two.submit(piece, name) for name in "ab"]:
            each.result(timeout=120)
    pairs = list(zip(here[::2], here[1::2], strict=True))
    assert len(pairs) == 100
    assert all(first == second for first, second in pairs)
