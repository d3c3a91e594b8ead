"""Logs as JSON, a line each: whatever a client sends, it cannot end the line, begin another or make one long."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is being served."""

_FIELD, _MESSAGE, _EXCEPTION = 200, 1_000, 8_000
"""Characters that are logged of each; what is left out is told by its number."""


class JsonLines(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, request id, and the record's ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of ASCII, of bounded length."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(record.getMessage(), _MESSAGE),
        }
        if (served := request_id.get()) is not None:
            line["request_id"] = served
        line.update({name: _short(value) for name, value in getattr(record, "fields", {}).items()})
        if record.exc_info:
            line["exception"] = _without_middle(self.formatException(record.exc_info), _EXCEPTION)
        return json.dumps(line)


def log_as_json() -> None:
    """Makes the process log so, to stderr."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())


def _short(value: object) -> object:
    """Numbers and nothing as they are, everything else as text."""
    return value if value is None or isinstance(value, bool | int | float) else _cut(str(value), _FIELD)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} … and {len(text) - most:,} characters more"


def _without_middle(text: str, most: int) -> str:
    """A traceback says at its start who called, and at its end what went wrong."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}\n… {len(text) - 2 * half:,} characters …\n{text[-half:]}"
