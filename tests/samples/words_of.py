"""A word index that was made to hold other words than its passages do."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.store.catalogue.history import WordChanges
from index.words.in_step import WORDS_FOLDER
from index.words.word_index import WordIndex


def say_otherwise(folder: Path, key: int) -> None:
    """Makes the word index of a data directory hold other words of one passage, and claim to be up to date."""
    index = WordIndex.open(folder / WORDS_FOLDER)
    assert index.position is not None
    index.changed([WordChanges(np.array([key]), [(key, "", "", "", "nonsense")], index.position)], anew=False)
