"""Addresses of databases. Imports nothing, for the command line asks before it needs anything else."""

from __future__ import annotations


def is_address(place: str) -> bool:
    """Whether it is the address of a PostgreSQL, and not a folder."""
    return place.startswith(("postgresql://", "postgres://"))
