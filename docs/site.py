"""Puts all pages of the documentation into one folder, of which `make docs` builds the site.

The pages are those of ``docs/``, the repository's Markdown files that stand elsewhere, and one written from
``docs/openapi.json``. A link from one file of the repository to another becomes a link between pages; a link to a file
that is no page leaves its words alone. Usage: ``python -m docs.site FOLDER``.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

from docs.http_page import http_page

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "rag/models/reader-v6/MODEL_CARD.md": "model-card.md",
}
_LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]*)\]\((?!https?:|#)(?P<path>[^)#\s]+)(?P<fragment>#[^)\s]*)?\)")
_PICTURE = re.compile(r"(!\[[^\]]*\]\()docs/")


class DeadLink(Exception):
    """A page links to a file that is not there."""

    def __init__(self, page: Path, target: str) -> None:
        super().__init__(f"{page.relative_to(ROOT)} links to {target!r}, which is not there")


def pages() -> dict[Path, str]:
    """The file of every page, with the name that the page has on the site."""
    here = {path: path.name for path in sorted((ROOT / "docs").glob("*.md"))}
    here |= {path: f"connect-{path.name}" for path in sorted((ROOT / "docs/connect").glob("*.md"))}
    return here | {ROOT / path: name for path, name in ELSEWHERE.items()}


def page_text(file: Path) -> str:
    """The Markdown of a page, its links as the site has them. Raises DeadLink."""
    names = pages() | {ROOT / "docs/openapi.json": "http.md"}

    def relinked(link: re.Match[str]) -> str:
        target = (file.parent / link["path"]).resolve()
        if not target.exists():
            raise DeadLink(file, link["path"])
        if target in names:
            return f"[{link['words']}]({names[target]}{link['fragment'] or ''})"
        return f"[{link['words']}]({target.name})" if target.suffix == ".png" else link["words"]

    return _PICTURE.sub(r"\1", _LINK.sub(relinked, file.read_text(encoding="utf-8")))


def write_pages(folder: Path) -> None:
    """Writes every page and picture into ``folder``, which is emptied first. Raises DeadLink."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, name in pages().items():
        (folder / name).write_text(page_text(file), encoding="utf-8")
    for asset in (*(ROOT / "docs").glob("*.png"), ROOT / "docs/openapi.json"):
        shutil.copy(asset, folder)
    api = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
    (folder / "http.md").write_text(http_page(api), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
