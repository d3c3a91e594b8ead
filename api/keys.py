"""API keys: random, kept only as hashes, compared in constant time, each with a scope."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from index.errors import InvalidCollection
from index.store.names import Within, collection_names

Scope = Literal["read", "write"]
"""``read`` asks, searches, reads documents and gives feedback; ``write`` may do everything."""

SCOPES: tuple[Scope, ...] = get_args(Scope)

_ENTRY = re.compile(r"(?P<scope>\w+):(?P<hash>[0-9a-f]{64})(?::(?P<collections>[^:]+))?")
BETWEEN_COLLECTIONS = "+"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Whoever shows the key with this hash may do what the scope says."""

    scope: Scope
    sha256: str
    collections: Within = None
    """It sees, and puts documents in, these alone; None: it is bound to none."""

    def allows(self, needed: Scope) -> bool:
        """Whether the key may do what needs the scope ``needed``; ``write`` includes ``read``."""
        return self.scope in ("write", needed)


def new_key() -> str:
    """256 random bits: too many to guess, so that a plain sha256 of them is a safe thing to keep."""
    return f"ss_{secrets.token_urlsafe(32)}"


def hash_of(key: str) -> str:
    """The sha256 of an API key in hexadecimal digits: all that is kept of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def parse_keys(setting: str) -> tuple[ApiKey, ...]:
    """Reads ``scope:hash,scope:hash:collection+collection``.

    Raises ValueError, which does not repeat the value: it might be a key.
    """
    keys = []
    for number, entry in enumerate(filter(None, (part.strip() for part in setting.split(","))), start=1):
        match = _ENTRY.fullmatch(entry)
        scope = next((scope for scope in SCOPES if match and match["scope"] == scope), None)
        if match is None or scope is None:
            raise ValueError(
                f"entry {number} is not read:HASH or write:HASH, with :COLLECTION behind it for a key that is bound to "
                "collections; `sourcespan key` prints one"
            )
        try:
            named = match["collections"]
            collections = None if named is None else collection_names(named.split(BETWEEN_COLLECTIONS))
        except InvalidCollection as error:
            raise ValueError(f"entry {number}: {error}") from error
        keys.append(ApiKey(scope, match["hash"], collections))
    return tuple(keys)


def find_key(shown: str, keys: Sequence[ApiKey]) -> ApiKey | None:
    """The key that was shown. Compares with every one, so that the time taken tells nothing."""
    shown_hash = hash_of(shown)
    matching = [key for key in keys if hmac.compare_digest(key.sha256, shown_hash)]
    return matching[0] if matching else None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``, a name or an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
