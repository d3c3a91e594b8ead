"""``sourcespan mcp``: the documents for an agent on this machine, over stdin and stdout."""

from __future__ import annotations

import asyncio

from api.commands.opening import check_there, opened
from api.commands.options import Data, settings_with


def mcp(data: Data = None) -> None:
    """Serve an agent that starts this command. They speak the Model Context Protocol over stdin and stdout."""
    from api.mcp.tools import server_of
    from api.middleware.access import within
    from api.serving.backend import Backend

    settings = settings_with(data=data)
    check_there(settings)
    backend = Backend(opened(settings), settings)

    within.set(None)  # whoever starts it may read the folder

    async def serving() -> None:
        async with backend:
            await server_of(backend, settings).run_stdio_async()

    asyncio.run(serving())
