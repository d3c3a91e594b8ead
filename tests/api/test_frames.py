"""How far it is from the HTTP route to the model: as many functions of ours as somebody can keep in mind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import httpx
import openvino
import pytest

from api.app import create_app
from api.settings import Settings
from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.engine import Sourcespan
from tests.conftest import fake_library
from tests.fakes import BagOfWordsEmbedder

MOST = 10
ROOT = Path(__file__).parents[2]
OURS = ("api", "index", "rag", "sourcespan")
BEGINNINGS = {"ask", "Backend.ask", "Batcher._run"}
"""Where a question comes into a task: the route, what it waits for, and the loop that answers."""


def coroutine_frames(coroutine: object | None) -> Iterator[FrameType]:
    """Those that wait for one another, the outermost first."""
    while frame := getattr(coroutine, "cr_frame", None):
        yield frame
        coroutine = getattr(coroutine, "cr_await", None)


def thread_frames() -> Iterator[FrameType]:
    """Those of this thread, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back


def is_ours(frame: FrameType) -> bool:
    file = Path(frame.f_code.co_filename)
    return file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] in OURS


def names(frames: Iterator[FrameType]) -> list[str]:
    return [frame.f_code.co_qualname for frame in frames if is_ours(frame)]


@pytest.mark.model
def test_from_the_route_to_the_forward_pass_there_are_few_frames_of_ours(
    library: Sourcespan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks: list[list[str]] = []

    async def ask() -> None:
        loop, infer = asyncio.get_running_loop(), openvino.InferRequest.infer

        def noting_infer(request: openvino.InferRequest) -> object:
            tasks = [names(coroutine_frames(task.get_coro())) for task in asyncio.all_tasks(loop)]
            waiting = [
                name
                for task in tasks
                if (first := next((n for n, name in enumerate(task) if name in BEGINNINGS), None)) is not None
                for name in task[first:]
            ]
            stacks.append([*waiting, *reversed(names(thread_frames()))])
            return infer(request)

        monkeypatch.setattr(openvino.InferRequest, "infer", noting_infer)
        index = PassageIndex(tmp_path, BagOfWordsEmbedder())
        index.add(DocumentDraft("town", "Marta Quill founded the bakery in 1987."))
        app = create_app(fake_library(index, library.reader), Settings(_env_file=None))  # type: ignore[call-arg]
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
        ):
            response = await client.post("/v1/ask", json={"question": "Who founded the bakery?"})
            assert response.json()["answers"][0]["text"] == "Marta Quill"

    asyncio.run(ask())
    assert stacks
    for stack in stacks:
        assert {"ask", "Batcher._run", "ExtractiveReader.read_many"} <= set(stack)
        assert len(stack) <= MOST, "\n".join(stack)
