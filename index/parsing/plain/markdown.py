"""Markdown: what it says as it is read where it is published, without its marks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from html import escape, unescape

import pyromark
from lxml.html import defs

from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, left_out, malformed, one_line
from index.parsing.html.tree import parse
from index.parsing.html.visible import keep_visible
from index.parsing.html.walk import blocks_of
from index.parsing.office.formulas import readable
from index.parsing.plain.text import decoded

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
    | pyromark.Options.ENABLE_DEFINITION_LIST
    | pyromark.Options.ENABLE_MATH
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FRONT_MATTER_IN_TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([\w][\w .-]{0,60}?)[ \t]*:(?:[ \t]+(.*))?$")
_ENTRY = re.compile(r"\s*-[ \t]+([^\s:{\[][^:{\[]*)$")
_MATH = re.compile(r'<span class="math math-(inline|display)">(.*?)</span>(?=(.?))', re.DOTALL)
# and not "5/" of $5/$6
_TEX = re.compile(r"[A-Za-z]{1,2}|.*[\\^_={}].*(?<![/–(,:-])|.*&[lg]t;.*", re.DOTALL)
_CLOSING = re.compile(r"</([A-Za-z][\w-]*)")
_OPENING = re.compile(r"<([A-Za-z][\w-]*)/?>")
# all that follows is theirs until they are closed
_RAW = frozenset("title textarea style script xmp iframe noembed noframes plaintext select".split())  # noqa: SIM905
_FENCE = re.compile(r"\s*(?:[-*+>]\s+)*(`{3,}|~{3,})")
_INCLUDE = re.compile(r"\{\{#[^{}\n]{0,500}\}\}")
_TEMPLATE_LINE = re.compile(r"\s*(?:\{%[^\n]*%\}|\{\{[<%][^\n]*[>%]\}\})\s*")
_DIRECTIVE = re.compile(r"\s*:{3,}[ \t]*(?:\{[^{}]*\}|[\w-]+)?[ \t]*(?:\{[^{}]*\})?[ \t]*\[?([^\]\n]*)\]?\s*")
_ADMONITION = re.compile(r'(\s*)(?:(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)[\w \t-]*|===[+!]?[ \t]+(?="))(?:"([^"]*)")?\s*')
_ALERT = re.compile(r"( {0,3}(?:>[ \t]?)+)\[!([A-Za-z][\w-]*)\][+-]?[ \t]*(.*)")
_INDENT = 4
_LONGEST_DIRECTIVE = 500


def markdown(file: File) -> Content:
    """Headings, paragraphs, items, tables, code and notes, and the fields that stand ahead of the text."""
    read = decoded(file)
    fields, body = _front_matter(read.text)
    page = pyromark.html("\n".join(_published(body.split("\n"))), options=_OPTIONS)
    page = _with_unknown_tags(_MATH.sub(_formula, page))
    with malformed(file.name, "its HTML cannot be parsed"):
        root = parse(page)
    hidden = keep_visible(root)
    blocks = blocks_of(root, counts_alone=True)
    notes = [*read.notes, *left_out("hidden on the page", hidden)]
    title = fields.pop("title", None)
    return from_blocks([*_ahead(title, fields, blocks), *blocks], title, notes=notes)


def _ahead(title: str | None, fields: Mapping[str, str], blocks: list[Block]) -> Iterator[Block]:
    """What the fields say, as it stands over a page that is published."""
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    if title and one_line(title) != one_line(first):
        yield heading(title, 1)
    if fields:
        yield Block("\n".join(f"{name}: {value}" for name, value in fields.items()))


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The simple fields ahead of the text, and the text."""
    if found := _FRONT_MATTER.match(text):
        return dict(_fields(found.group(1))), text[found.end() :]
    if found := _FRONT_MATTER_IN_TOML.match(text):
        return _toml_fields(found.group(1)), text[found.end() :]
    return {}, text


def _fields(lines: str) -> Iterator[tuple[str, str]]:
    """Those of one line and those that are lists of words. What is deeper is for programs."""
    name = ""
    entries: list[str] = []
    for line in [*lines.split("\n"), "end:"]:
        if name and (entry := _ENTRY.match(line)):
            entries.append(_unquoted(entry.group(1)))
        elif found := _FIELD.match(line):
            if entries:
                yield name, ", ".join(entries)
            name, value = found.group(1), (found.group(2) or "").strip()
            entries = []
            if value and value[0] not in "|>&{#":
                yield name, ", ".join(map(_unquoted, value[1:-1].split(","))) if value[0] == "[" else _unquoted(value)


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _toml_fields(lines: str) -> dict[str, str]:
    try:
        fields = tomllib.loads(lines)
    except tomllib.TOMLDecodeError:
        return {}
    lists = {name: ", ".join(map(str, value)) for name, value in fields.items() if isinstance(value, list)}
    return {name: str(value) for name, value in fields.items() if not isinstance(value, dict | list)} | lists


def _published(lines: list[str]) -> Iterator[str]:
    """The lines without what site builders read themselves: includes, directives, the indents of admonitions."""
    fence = ""
    opened: list[int] = []  # the indents of the admonitions around the line
    for line in lines:
        line = _INCLUDE.sub("", line)
        indent = len(line) - len(line.lstrip())
        if not fence and line.strip():
            while opened and indent < opened[-1] + _INDENT:
                opened.pop()
        inner = line[min(indent, _INDENT * len(opened)) :] if opened else line
        mark = _FENCE.match(line)
        if fence:
            yield inner
            fence = "" if mark and mark.group(1).startswith(fence) and not line.strip(" `~>\t") else fence
        elif mark:
            fence = mark.group(1)
            yield inner
        elif len(line) > _LONGEST_DIRECTIVE:
            yield inner
        elif found := _ADMONITION.fullmatch(line):
            opened.append(indent)
            yield from ("", found.group(3) or (found.group(2) or "").capitalize(), "")
        elif alert := _ALERT.fullmatch(inner):
            yield from (alert[1] + (alert[3] or alert[2].capitalize()), alert[1])
        elif _TEMPLATE_LINE.fullmatch(line):
            yield ""
        elif directive := _DIRECTIVE.fullmatch(line):
            yield from ("", directive.group(1), "")
        else:
            yield inner


def _formula(found: re.Match[str]) -> str:
    """A formula as people would type it; what only stands between two signs of the dollar as it was."""
    kind, tex, following = found.groups()
    if kind == "inline" and (following.isdigit() or not _TEX.fullmatch(tex)):
        return f"${tex}$"
    return escape(readable(unescape(tex)), quote=False)


def _with_unknown_tags(page: str) -> str:
    """Names in angle brackets that no HTML has are words of the text: `List<String>`, `<your-name>`."""
    closed = {name.lower() for name in _CLOSING.findall(page)}

    def written(found: re.Match[str]) -> str:
        name = found.group(1).lower()
        is_tag = name in closed or (name in defs.tags and name not in _RAW)
        return found.group() if is_tag else f"&lt;{found.group()[1:]}"

    return _OPENING.sub(written, page)
