"""What the caller of a request may know of: everything, or what is in the collections that its key is bound to."""

from __future__ import annotations

from contextvars import ContextVar

from index.store.names import Within

within: ContextVar[Within] = ContextVar("within")
"""Set by the gate for each request. Without a value nothing can be looked at: whoever asks gets LookupError."""
