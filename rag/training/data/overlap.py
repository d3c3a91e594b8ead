"""Which paragraphs are the same text, or share a long run of words? What keeps evaluation honest.

Texts are compared case-folded and by their letters and digits alone, so that detokenised copies of a paragraph are
found; runs of words are compared by a 64-bit polynomial hash (for a million paragraphs, the odds of one false hit are
about one in a million).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rag.training.errors import SharedParagraphs, SharedText

HashArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]
Texts = Mapping[str, Sequence[str]]
"""File name → its paragraphs."""

_WORD = re.compile(r"[^\W_]+")
_BASE = np.uint64(0x9E3779B97F4A7C15)


def letters(text: str) -> str:
    """The letters and digits of ``text``, case-folded."""
    return "".join(filter(str.isalnum, text.casefold()))


def refuse_shared(train: Texts, evaluate: Texts, *, words: int) -> None:
    """Raise SharedParagraphs where `find_shared` finds any."""
    shared = list(find_shared(train, evaluate, words=words))
    if shared:
        raise SharedParagraphs(shared)


def find_shared(train: Texts, evaluate: Texts, *, words: int) -> Iterator[SharedText]:
    """Each training paragraph that equals an evaluation paragraph or shares a run of ``words`` words with one."""
    held_out = {letters(text): file for file, texts in evaluate.items() for text in texts}
    held_out.pop("", None)
    file_of = [file for file, texts in evaluate.items() for _ in texts]
    runs, owners = hash_runs([t for texts in evaluate.values() for t in texts], words)
    order = np.argsort(runs, kind="stable")
    runs, owners = runs[order], owners[order]
    for file, repeated in train.items():
        texts = list(dict.fromkeys(repeated))
        partly = {t: file_of[o] for t, o in _hits(texts, words, runs, owners)}
        for number, text in enumerate(texts):
            whole = held_out.get(letters(text))
            if whole is not None or number in partly:
                yield SharedText(file, whole or partly[number], text, whole is not None)


def _hits(texts: Sequence[str], words: int, runs: HashArray, owners: IntArray) -> Iterator[tuple[int, int]]:
    """(number in ``texts``, owner) for each text with one of the sorted ``runs``."""
    if not len(runs):
        return
    hashes, numbers = hash_runs(texts, words)
    places = np.minimum(np.searchsorted(runs, hashes), len(runs) - 1)
    for position in np.flatnonzero(runs[places] == hashes):
        yield int(numbers[position]), int(owners[places[position]])


def hash_runs(texts: Sequence[str], words: int) -> tuple[HashArray, IntArray]:
    """The hash of every run of ``words`` words, and the number of the text that it stands in."""
    hashes = array("Q")
    lengths: list[int] = []
    for text in texts:
        before = len(hashes)
        hashes.extend(map(_word_hash, _WORD.findall(text.casefold())))
        lengths.append(len(hashes) - before)
    owner = np.repeat(np.arange(len(texts)), lengths)
    count = len(hashes) - words + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    word = np.frombuffer(hashes, dtype=np.uint64)
    run = np.zeros(count, dtype=np.uint64)
    for offset in range(words):
        run = run * _BASE + word[offset : offset + count]  # wraps modulo 2**64
    within = owner[:count] == owner[words - 1 :]
    return run[within], owner[:count][within]


@lru_cache(maxsize=1_000_000)
def _word_hash(word: str) -> int:
    # not hash(): that differs from process to process
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def group_alike(texts: Sequence[str], *, words: int) -> list[int]:
    """A group number for each text, that of the group's first.

    Texts that are equal or share a run of ``words`` words are one group, and so are those linked through others.
    """
    parent = list(range(len(texts)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def join(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        parent[high] = low

    first_with: dict[str, int] = {}
    for number, text in enumerate(texts):
        join(first_with.setdefault(letters(text), number), number)
    runs, owners = hash_runs(texts, words)
    order = np.argsort(runs, kind="stable")
    same = np.flatnonzero(runs[order][1:] == runs[order][:-1])
    for one, other in zip(owners[order[same]].tolist(), owners[order[same + 1]].tolist(), strict=True):
        join(one, other)
    return [root(n) for n in range(len(texts))]
