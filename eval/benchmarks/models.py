"""What a measurement asks of a loaded model beyond what answering needs."""

from __future__ import annotations

from typing import Protocol, cast

from index.bert.compiled_bert import Work
from index.bert.precision import NumberFormat


class MeasuredModel(Protocol):
    """An embedder or a reader, as they are loaded from files."""

    number_format: NumberFormat
    """Of the numbers that its matrix products are computed with."""

    @property
    def work(self) -> Work:
        """The operations that it did so far."""


def measured_model(model: object) -> MeasuredModel:
    """The model, of which its caller knows that it was loaded from files."""
    return cast(MeasuredModel, model)


def number_format_of(model: object) -> NumberFormat:
    """The format of the numbers that the matrix products of a model are computed with."""
    return measured_model(model).number_format
