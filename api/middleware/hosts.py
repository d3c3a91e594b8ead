"""The names in `Host` and `Origin`, and those that this service answers to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers

from api.keys import is_loopback

_AUTHORITY = r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
_HOST = re.compile(_AUTHORITY)
_ORIGIN = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>{_AUTHORITY})")
_LAST_PORT = 65_535


class MalformedHeader(ValueError):
    """A header that cannot be understood, or not in one way. Its message does not repeat the header."""


def only(headers: Headers, name: str) -> str | None:
    """The value of a header, None where there is none. Raises MalformedHeader where there are several."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise MalformedHeader(f"there is more than one header {name}")
    return values[0] if values else None


def host_name(headers: Headers) -> str:
    """The name or address in `Host`, in lower case and without its port; empty without one. Raises MalformedHeader."""
    value = only(headers, "Host")
    if not value:
        return ""
    authority = sound_authority(value)
    if authority is None:
        raise MalformedHeader("the header Host is malformed: it is a name or an address, with a port or without")
    return authority["name"].strip("[]").lower().rstrip(".")


def sound_authority(value: str) -> re.Match[str] | None:
    """The parts of a name or an address with a port or without; None where it is neither."""
    authority = _HOST.fullmatch(value)
    return authority if authority is not None and _is_sound(authority) else None


def origin_authority(headers: Headers) -> str | None:
    """The name and the port in `Origin`; empty where it is `null`, None without one. Raises MalformedHeader."""
    value = only(headers, "Origin")
    if value is None or value == "null":
        return None if value is None else ""
    origin = _ORIGIN.fullmatch(value)
    if origin is None or not _is_sound(origin):
        raise MalformedHeader("the header Origin is malformed: it is null, or a scheme and a host")
    return origin["authority"].lower()


def answers_to(name: str, allowed: Collection[str], served_on: str) -> bool:
    """Whether a service that listens at the address ``served_on`` answers to ``name``.

    ``allowed`` are the names that an operator gave, `*` for all. Without any these are this machine's names for itself
    and the address that is served on. Where that is every address, any address will do: an attacker can make a name
    point here, but no address.
    """
    if allowed:
        return "*" in allowed or name in allowed
    address, served = _address(name), _address(served_on)
    if served is not None and served.is_unspecified:
        return is_loopback(name) or address is not None
    return is_loopback(name) or name == served_on.strip("[]").lower() or (address is not None and address == served)


def _is_sound(authority: re.Match[str]) -> bool:
    is_name = not authority["name"].startswith("[")
    return int(authority["port"] or 0) <= _LAST_PORT and (is_name or _address(authority["name"]) is not None)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
