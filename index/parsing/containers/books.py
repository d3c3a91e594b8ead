"""Books (.epub): their chapters in the order in which they are read, each a page of HTML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Container, Iterator
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from index.errors import EncryptedFile
from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, counted, left_out, malformed, one_line
from index.parsing.html import Page, declared, page_of
from index.parsing.office.packages import opened
from index.parsing.office.word.xml import Element, parsed
from index.parsing.plain.text import decode

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_STYLE_SHEET = re.compile(r"<link\b[^<>]{0,300}?\bhref\s*=\s*[\"']([^\"'<>]{1,300}\.css)[\"']", re.IGNORECASE)


def epub(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive, EncryptedFile."""
    with malformed(file.name, "not a book (.epub), or a damaged one"), opened(file) as archive:
        package = _attributes(parsed(archive.read(_CONTAINER)), "rootfile", "full-path")[0]
        root = parsed(archive.read(package))
        title = one_line(next(iter(root.xpath("//*[local-name()='title']/text()")), ""))
        blocks: list[Block] = []
        notes: list[str] = []
        contents: list[str] = []
        missing = 0
        paths, locked = frozenset(archive.namelist()), _locked(archive)
        for path, is_contents in _chapters(root, dirname(package)):
            if path not in paths:
                missing += 1
                continue
            if path in locked:
                raise EncryptedFile(file.name)
            page = _page(file, archive, path, paths)
            if is_contents:
                contents.append(one_line(" ".join(block.text for block in page.blocks)))
                continue
            blocks += page.blocks
            notes += page.notes
    notes += left_out("the table of contents", contents)
    if missing:
        notes.append(f"not read: {counted(missing, 'chapter')} that the file does not hold")
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    ahead = [heading(title, 1)] if title and title != one_line(first) else []
    return from_blocks([*ahead, *blocks], title, notes=notes)


def _chapters(root: Element, folder: str) -> Iterator[tuple[str, bool]]:
    """The paths of the pages in reading order, and of each whether it is the table of contents."""
    items = {item.get("id"): item for item in root.xpath("//*[local-name()='manifest']/*")}
    for name in _attributes(root, "itemref", "idref"):
        if (item := items.get(name)) is not None and "html" in item.get("media-type", ""):
            yield _path(folder, item.get("href", "")), "nav" in item.get("properties", "").split()


def _attributes(root: Element, element: str, name: str) -> list[str]:
    return [str(found) for found in root.xpath(f"//*[local-name()='{element}']/@{name}")]


def _path(folder: str, address: str) -> str:
    return normpath(join(folder, unquote(address.partition("#")[0])))


def _locked(archive: zipfile.ZipFile) -> frozenset[str]:
    """The paths of what is encrypted."""
    if _ENCRYPTION not in archive.namelist():
        return frozenset()
    return frozenset(_attributes(parsed(archive.read(_ENCRYPTION)), "CipherReference", "URI"))


def _page(file: File, archive: zipfile.ZipFile, path: str, paths: Container[str]) -> Page:
    data = archive.read(path)
    text = decode(File(file.name, data), declared(data))
    sheets = (_path(dirname(path), address) for address in _STYLE_SHEET.findall(text))
    styles = (archive.read(sheet).decode(errors="replace") for sheet in sheets if sheet in paths)
    return page_of("".join(f"<style>{style}</style>" for style in styles) + text, has_menus=False)
