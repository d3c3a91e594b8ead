"""The chat page's files, each under an address that changes with them, so that browsers need not ask for one twice."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

_WEB = Path(__file__).parents[1] / "web"
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


class PageFiles(StaticFiles):
    """All files of the page, as it was when the service started; also by their plain names, which are asked anew."""

    def __init__(self) -> None:
        super().__init__(directory=_WEB)
        files = sorted(path for path in _WEB.rglob("*") if path.is_file())
        digest = hashlib.sha256()
        for path in files:
            digest.update(path.relative_to(_WEB).as_posix().encode() + path.read_bytes())
        self._version = digest.hexdigest()[:16]
        modules = [path.relative_to(_WEB).as_posix() for path in files if path.suffix == ".js" and path.stem != "theme"]
        # what modules import is fetched with them, not after them
        links = "".join(f'  <link rel="modulepreload" href="static/{name}">\n' for name in modules)
        page = (_WEB / "index.html").read_text(encoding="utf-8").replace("</head>", f"{links}</head>")
        self.page = page.replace('"static/', f'"static/{self._version}/')
        """The page itself, as HTML, which names its files."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, by either name."""
        plain = path.removeprefix(f"{self._version}/")
        response = await super().get_response(plain, scope)
        if plain != path:
            response.headers.update(_KEPT)
        return response
