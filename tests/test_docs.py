"""The documentation cannot drift from the program, and no link in it leads nowhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from docs.http_page import http_page
from docs.settings_page import settings_page
from docs.site import ROOT, DeadLink, page_text, pages, write_pages
from sourcespan import Sourcespan

API = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))


def test_the_page_of_settings_is_that_of_the_program() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_page(), "run `make docs-settings`"


@pytest.mark.parametrize("file", pages(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_that_a_page_links_to_is_there(file: Path) -> None:
    assert page_text(file)


def test_the_page_of_python_names_what_the_door_has() -> None:
    page = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", "".join(line for line in page.splitlines() if line.startswith("| `"))))
    assert named == {name for name in dir(Sourcespan) if not name.startswith("_")}


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docs.site.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("See [this](nowhere.md).")
    with pytest.raises(DeadLink, match=r"page\.md links to 'nowhere\.md'"):
        page_text(page)


def test_links_between_files_become_links_between_pages(tmp_path: Path) -> None:
    write_pages(tmp_path / "pages")
    start = (tmp_path / "pages" / "index.md").read_text(encoding="utf-8")
    assert "](settings.md)" in start
    assert "](architecture.md)" in start
    assert "](chat.png)" in start
    assert "](docs/" not in start


def test_every_page_of_the_site_is_in_its_contents(tmp_path: Path) -> None:
    write_pages(tmp_path / "pages")
    listed = set()
    for section in yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]:
        for entry in section.values():
            listed |= {entry} if isinstance(entry, str) else {name for page in entry for name in page.values()}
    assert listed == {path.name for path in (tmp_path / "pages").glob("*.md")}


def test_the_http_reference_has_every_operation_and_every_field() -> None:
    page = http_page(API)
    for path, methods in API["paths"].items():
        for method in methods:
            assert f"## {method.upper()} {path}\n" in page
    for name, schema in API["components"]["schemas"].items():
        assert f"### {name}\n" in page
        assert all(f"| `{field}` |" in page for field in schema.get("properties", {}))
