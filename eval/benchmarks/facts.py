"""What a measurement is of: the machine, the program, its libraries."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from index.bert.processor import described, threads
from rag.training.learning.commit import code_commit

_LIBRARIES = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "numpy")


@dataclass(frozen=True, slots=True)
class Facts:
    """They stand beside every figure of a benchmark."""

    machine: str
    commit: str
    versions: dict[str, str]

    @classmethod
    def here(cls) -> Facts:
        """The facts of this machine and of the program in this process."""
        commit = code_commit(Path(__file__).parents[2])
        return cls(described(threads()), commit, {name: version(name) for name in _LIBRARIES})

    def __str__(self) -> str:
        return f"{self.machine}, commit {self.commit[:12]}"
