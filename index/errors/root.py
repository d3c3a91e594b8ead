"""The root of the tree of errors."""

from __future__ import annotations

from collections.abc import Callable


class SourcespanError(Exception):
    """The root of the tree. Errors of this tree can be sent from one process to another."""

    def __reduce__(self) -> tuple[Callable[..., SourcespanError], tuple[object, ...]]:
        return restored, (type(self), self.args, vars(self))


def restored(kind: type[SourcespanError], arguments: tuple[object, ...], state: dict[str, object]) -> SourcespanError:
    """The error that another process raised, without calling its constructor, which would word the message again."""
    error = kind.__new__(kind, *arguments)
    vars(error).update(state)
    return error
