"""Formats of text that pandoc reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from index.errors import MalformedFile
from index.parsing.blocks import from_blocks
from index.parsing.content import Content, File, left_out
from index.parsing.html import declared, html
from index.parsing.office.converter import syntax_tree
from index.parsing.office.pandoc import blocks_of
from index.parsing.plain.text import decoded

_HEAD = 4_096
# how texts in XML begin, by the format; an article is in JATS unless it says otherwise
_IN_XML = {
    "html": re.compile(rb"<html[\s>]"),
    "fb2": re.compile(rb"<FictionBook[\s>]"),
    "opml": re.compile(rb"<opml[\s>]"),
    "docbook": re.compile(rb"docbook|<(?:\w+:)?(?:book|chapter|refentry)[\s>]", re.IGNORECASE),
    "jats": re.compile(rb"<article[\s>]"),
}


def by_pandoc(format_name: str, rewritten: Callable[[str], str] = str) -> Callable[[File], Content]:
    """A reader of a text format of pandoc's, in whatever encoding, ``rewritten`` as pandoc can read it.

    It raises MalformedFile, DocumentTooComplex.
    """
    return partial(_content, format_name=format_name, rewritten=rewritten)


def xml(file: File) -> Content:
    """A text in XML, in whichever of the formats that are read. Raises MalformedFile, DocumentTooComplex."""
    head = file.data[:_HEAD].replace(b"\0", b"")
    for format_name, mark in _IN_XML.items():
        if mark.search(head):
            return html(file) if format_name == "html" else _content(file, format_name)
    reason = "not XML of a kind that is read, which are DocBook, JATS, FictionBook, OPML and XHTML"
    raise MalformedFile(file.name, f"{reason}: save it as HTML or text")


def _content(file: File, format_name: str, rewritten: Callable[[str], str] = str) -> Content:
    read = decoded(file, declared(file.data))
    tree = syntax_tree(file, rewritten(read.text).encode(), format_name)
    raw: list[str] = []
    blocks = list(blocks_of(tree, raw))
    return from_blocks(blocks, notes=[*read.notes, *tree["notes"], *left_out("markup of other programs", raw)])
