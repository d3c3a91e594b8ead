"""Which texts a model computes together: the one place where that is decided, for the embedder and for the reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# lengths are multiples of it, and no less than twice that, which holds most questions: a pass of another shape than the
# one before takes some milliseconds more
_LENGTHS = 16
# so many texts are computed together, or half as many, or one
_MOST_TEXTS = 4
# so many tokens more, of padding, are computed sooner than one more pass is begun
_WORTH_A_PASS = 24


def passes(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts of these ``lengths``, in tokens, as forward passes share them, the longest first.

    Few shapes occur, since a model makes code for each that it meets: 1, 2 or 4 texts of `padded_length`.
    """
    rest = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    while rest:
        count = _MOST_TEXTS
        while count > 1 and not _is_worth_it([padded_length(lengths[position]) for position in rest[:count]], count):
            count //= 2
        yield rest[:count]
        rest = rest[count:]


def _is_worth_it(lengths: Sequence[int], count: int) -> bool:
    padding = count * lengths[0] - sum(lengths)
    return len(lengths) == count and padding <= (count - 1) * _WORTH_A_PASS


def padded_length(length: int) -> int:
    """The number of tokens that a text of ``length`` tokens is filled up to."""
    return max(-(-length // _LENGTHS), 2) * _LENGTHS
