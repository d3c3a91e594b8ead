"""transformers, kept from talking."""

from __future__ import annotations


def quiet_transformers() -> None:
    """From now on transformers reports nothing but what it raises."""
    from transformers.utils import logging  # a second of import, needed only by whoever loads a model by it

    # its bars and warnings would run through ours; what goes wrong is raised all the same
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
