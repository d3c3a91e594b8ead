"""Ask your own documents: every answer is an exact quote, or an honest no.

`Sourcespan` is where everything begins::

    from sourcespan import Sourcespan

    with Sourcespan.open("library") as library:
        library.add("report.pdf")
        result = library.ask("When does the ferry leave?")

What stands in ``__all__`` is the public interface. Each name is imported when it is first asked for, so that importing
this package takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.documents import Document, DocumentDraft, Heading, Location, Original, Outline, Passage
    from index.errors import (
        CalibrationMismatch,
        CatalogueBusy,
        CatalogueError,
        CatalogueFull,
        CatalogueGone,
        CatalogueReadOnly,
        CatalogueTooNew,
        CatalogueUnusable,
        DocumentError,
        DocumentNotFound,
        DocumentTooComplex,
        DocumentTooLarge,
        DuplicateDocument,
        EmbedderMismatch,
        EmptyDocument,
        EncryptedFile,
        InvalidQuestion,
        MalformedFile,
        MislabelledFile,
        ModelCorrupted,
        ModelError,
        ModelNotFound,
        ModelUnsuitable,
        OriginalNotKept,
        ParserDied,
        QuestionError,
        QuestionTooLong,
        QuotaExceeded,
        ScannedDocument,
        SourcespanError,
        UnsafeArchive,
        UnsupportedFormat,
        WorkStopped,
    )
    from index.ingestion.added import Added
    from index.isolation.limits import Limits
    from index.passages.splitting import PassageSize
    from index.store.catalogue.quota import Quota
    from index.vectors.vector_rule import VectorRule
    from rag.answers import Answer, Place, Quotation, Result, RetrievedPassage, Span, Timings
    from rag.config import AskConfig, ModelConfig, ReaderConfig, RetrieverConfig
    from rag.engine import Sourcespan
    from rag.interfaces import Retrieval
    from rag.questions import Question, Turn

__all__ = [
    "Added",
    "Answer",
    "AskConfig",
    "CalibrationMismatch",
    "CatalogueBusy",
    "CatalogueError",
    "CatalogueFull",
    "CatalogueGone",
    "CatalogueReadOnly",
    "CatalogueTooNew",
    "CatalogueUnusable",
    "Document",
    "DocumentDraft",
    "DocumentError",
    "DocumentNotFound",
    "DocumentTooComplex",
    "DocumentTooLarge",
    "DuplicateDocument",
    "EmbedderMismatch",
    "EmptyDocument",
    "EncryptedFile",
    "Heading",
    "InvalidQuestion",
    "Limits",
    "Location",
    "MalformedFile",
    "MislabelledFile",
    "ModelConfig",
    "ModelCorrupted",
    "ModelError",
    "ModelNotFound",
    "ModelUnsuitable",
    "Original",
    "OriginalNotKept",
    "Outline",
    "ParserDied",
    "Passage",
    "PassageSize",
    "Place",
    "Question",
    "QuestionError",
    "QuestionTooLong",
    "Quota",
    "QuotaExceeded",
    "Quotation",
    "ReaderConfig",
    "Result",
    "Retrieval",
    "RetrievedPassage",
    "RetrieverConfig",
    "ScannedDocument",
    "Sourcespan",
    "SourcespanError",
    "Span",
    "Timings",
    "Turn",
    "UnsafeArchive",
    "UnsupportedFormat",
    "VectorRule",
    "WorkStopped",
]

_MODULES = {
    "index.ingestion.added": "Added",
    "index.documents": "Document DocumentDraft Heading Location Original Outline Passage",
    "index.errors": """
        CalibrationMismatch
        CatalogueBusy
        CatalogueError
        CatalogueFull
        CatalogueGone
        CatalogueReadOnly
        CatalogueTooNew
        CatalogueUnusable
        DocumentError
        DocumentNotFound
        DocumentTooComplex
        DocumentTooLarge
        DuplicateDocument
        EmbedderMismatch
        EmptyDocument
        EncryptedFile
        InvalidQuestion
        MalformedFile
        MislabelledFile
        ModelCorrupted
        ModelError
        ModelNotFound
        ModelUnsuitable
        OriginalNotKept
        ParserDied
        QuestionError
        QuestionTooLong
        QuotaExceeded
        ScannedDocument
        SourcespanError
        UnsafeArchive
        UnsupportedFormat
        WorkStopped
    """,
    "index.isolation.limits": "Limits",
    "index.store.catalogue.quota": "Quota",
    "index.passages.splitting": "PassageSize",
    "index.vectors.vector_rule": "VectorRule",
    "rag.answers": "Answer Place Result Quotation RetrievedPassage Span Timings",
    "rag.config": "AskConfig ModelConfig ReaderConfig RetrieverConfig",
    "rag.engine": "Sourcespan",
    "rag.interfaces": "Retrieval",
    "rag.questions": "Question Turn",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """The public object of this name, imported now. Raises AttributeError where the package has none."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_MODULE_OF[name]), name)
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
