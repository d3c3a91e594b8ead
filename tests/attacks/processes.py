"""What other processes do in these tests; apart, so that they start without importing the tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from index.upkeep.backup import restore
from tests.fakes import BagOfWordsEmbedder


def write_until(folder: Path, enough: Event) -> None:
    """Adds documents, and deletes some of them, until somebody has seen enough."""
    with PassageIndex(folder, BagOfWordsEmbedder()) as index:
        number = 0
        while not enough.is_set():
            text = f"The ferry number {number} of {os.getpid()} leaves " + "at noon " * 50
            document, _ = index.add(DocumentDraft("", text))
            if number % 3 == 0:
                index.delete(document.id)
            number += 1


def restore_and_die(file: Path, folder: Path, at: int) -> None:
    """Restores, and is killed before the change of a name that is number ``at``."""
    done = 0
    names = ("rename", "replace", "link", "unlink")

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*given: object, **more: object) -> object:
            nonlocal done
            done += 1
            if done == at:
                os.kill(os.getpid(), 9)
            return call(*given, **more)

        return counted

    for name in names:
        setattr(os, name, dying(getattr(os, name)))
    restore(file, folder, overwrite=True)
