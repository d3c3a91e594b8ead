"""LangChain's own tests of retrievers, on ours: run by `test_frameworks.py` where their plugins of pytest are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from index.passage_index import PassageIndex
from sourcespan.adapters.langchain import SourcespanRetriever
from tests.conftest import fake_library
from tests.fakes import BagOfWordsEmbedder


class TestRetriever(RetrieversIntegrationTests):  # type: ignore[misc]  # seen in .venv-clients only
    """Over three notes."""

    @pytest.fixture(autouse=True)
    def _library(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with PassageIndex(tmp_path_factory.mktemp("notes"), BagOfWordsEmbedder()) as index:
            self.library = fake_library(index)
            for note in ("The ferry leaves.", "The ferry is late.", "The ferry is full."):
                self.library.add(text=note)
            yield

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        """Ours."""
        return SourcespanRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        """What it needs."""
        return {"library": self.library}

    @property
    def retriever_query_example(self) -> str:
        """What all notes are about."""
        return "ferry"
