"""Logs as JSON, a line each: whatever a client sends, it cannot end the line or begin another."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is being served."""


class JsonLines(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, request id, and the record's ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of ASCII."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (served := request_id.get()) is not None:
            line["request_id"] = served
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_as_json() -> None:
    """Makes the process log so, to stderr."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
