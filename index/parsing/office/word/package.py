"""The parts of a .docx, which is a zip archive, and how they refer to each other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from index.parsing.content import File
from index.parsing.office import packages
from index.parsing.office.word.xml import Element, parsed, tag

_CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


class Package:
    """The parts of a .docx. Raises UnsafeArchive of a bomb; whatever `zipfile` raises of no archive."""

    def __init__(self, file: File) -> None:
        self._archive = packages.opened(file)
        self._names = frozenset(self._archive.namelist())
        self.main = next((target for _, kind, target in self._relations("") if kind == "officeDocument"), "")
        """The name of the part that holds the text."""
        # of the main part: by the key that it refers with, the kind of another part and its name
        self._targets = {key: (kind, target) for key, kind, target in self._relations(self.main)}

    def part(self, name: str) -> Element | None:
        """The XML of a part; None where there is none."""
        return parsed(self._archive.read(name)) if name in self._names else None

    def only(self, kind: str) -> Element | None:
        """The XML of the part of a kind, "styles", of which there is one at most."""
        return next((self.part(name) for found, name in self._targets.values() if found == kind), None)

    def target(self, key: str) -> str:
        """The name of the part that the main part refers to with ``key``; "" of none."""
        return self._targets.get(key, ("", ""))[1]

    def _relations(self, name: str) -> Iterator[tuple[str, str, str]]:
        """Key, kind and target of what a part refers to within the file."""
        folder, base = posixpath.split(name)
        root = self.part(posixpath.join(folder, "_rels", f"{base}.rels"))
        for relation in () if root is None else root.iter(tag("rel:Relationship")):
            if relation.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
                yield relation.get("Id", ""), relation.get("Type", "").rpartition("/")[2], target


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A .docx of these parts: "document", "styles", "footnotes", "endnotes"."""
    kinds = {"document": "document.main"}
    types = "".join(
        f'<Override PartName="/word/{part}.xml" ContentType="{_CONTENT}.{kinds.get(part, part)}+xml"/>'
        for part in parts
    )
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    inner = "".join(_relation(part, f"{part}.xml") for part in parts if part != "document")
    return packages.packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{rels}{types}</Types>',
            "_rels/.rels": _relations_of(_relation("officeDocument", "word/document.xml")),
            "word/_rels/document.xml.rels": _relations_of(inner),
            **{f"word/{part}.xml": xml for part, xml in parts.items()},
        }
    )


def _relation(kind: str, target: str) -> str:
    return f'<Relationship Id="r{kind}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations_of(relations: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'
