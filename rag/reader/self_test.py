"""Whether a reader still reads, by one question that any reader of English answers."""

from __future__ import annotations

from rag.interfaces import Reader

PASSAGE = "The house has a red roof. Its door is blue."
QUESTION = "What colour is the door?"
ANSWER = "blue"


def reads(reader: Reader, question: str = QUESTION) -> bool:
    """Whether ``reader`` finds the known answer to ``question`` in the passage."""
    spans = reader.read(question, [PASSAGE])
    return bool(spans) and PASSAGE[spans[0].start : spans[0].end] == ANSWER
