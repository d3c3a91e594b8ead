"""Names in the XML of Word's files, and what every part of them needs."""

from __future__ import annotations

from typing import Any

from lxml import etree

Element = Any
"""An element of lxml, which has no types of its own."""

_NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "v": "urn:schemas-microsoft-com:vml",
    "rel": "http://schemas.openxmlformats.org/package/2006/relationships",
}
NAMESPACE = _NAMESPACES["w"]
"""Of nearly all that a document's parts are made of."""
FORMULAS = "http://schemas.openxmlformats.org/officeDocument/2006/math"
# the strict variant of the standard has the same names under other addresses
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": _NAMESPACES["w"].encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": _NAMESPACES["r"].encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/math": FORMULAS.encode(),
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
}
_OFF = frozenset(("0", "false", "off", "none"))


def tag(name: str) -> str:
    """As lxml spells it: "w:p" → "{http://…}p"."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


_VALUE = tag("w:val")


def parsed(data: bytes) -> Element:
    """The root of a part. Raises etree.XMLSyntaxError."""
    if b"purl.oclc.org/ooxml" in data[:20_000]:
        for strict, usual in _STRICT.items():
            data = data.replace(strict, usual)
    # no entity is resolved: neither a file's content nor a thousand-fold repetition gets in
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True))
    etree.strip_elements(root, etree.Entity, with_tail=False)
    return root


def serialised(root: Element) -> bytes:
    """A part as a file has it, without a document type."""
    return bytes(etree.tostring(root, encoding="UTF-8", doctype=""))


def value(element: Element | None, path: str) -> str | None:
    """The ``w:val`` of what is at ``path`` under ``element``; "" where it has none, None where nothing is there."""
    found = None if element is None else element.find("/".join(map(tag, path.split("/"))))
    return None if found is None else str(found.get(_VALUE, ""))


def is_on(element: Element | None, path: str) -> bool | None:
    """Whether a property is switched on; None where nothing is said of it."""
    found = value(element, path)
    return None if found is None else found not in _OFF


def number(text: str | None, default: int = 0) -> int:
    """The whole number that ``text`` is, or ``default``."""
    try:
        return int(text) if text and len(text) < 10 else default
    except ValueError:
        return default


def unwrap(element: Element, children: list[Element]) -> None:
    """Puts ``children`` in the place of ``element``, which they are in."""
    for child in children:
        element.addprevious(child)
    remove(element)


def remove(element: Element) -> None:
    """Takes an element out of its tree."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def move_boxes(root: Element, box_tag: str, *paragraph_tags: str) -> None:
    """Puts what is in each text box after the paragraph that it hangs on, in the boxes' order."""
    last: dict[Element, Element] = {}
    for box in list(root.iter(box_tag)):
        host = next(box.iterancestors(*paragraph_tags), None)
        if host is None:
            continue
        place = last.get(host, host)
        for child in list(box):
            place.addnext(child)
            place = child
        last[host] = place


def choose_alternatives(root: Element) -> None:
    """Keeps one of what Office files hold again for old programs: a box with a formula, say, and a picture of it."""
    for alternatives in list(root.iter(tag("mc:AlternateContent"))):
        chosen = alternatives.find(tag("mc:Choice"))
        chosen = alternatives.find(tag("mc:Fallback")) if chosen is None else chosen
        unwrap(alternatives, [] if chosen is None else list(chosen))
