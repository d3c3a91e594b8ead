"""Settings from the environment and ``.env``. The only module that reads either."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.keys import ApiKey, is_loopback, parse_keys
from index.bert.precision import Precision
from index.errors import UnsafeAddress
from index.isolation.limits import Limits
from index.store.catalogue.quota import MAX_ORIGINAL, Quota
from index.store.databases.address import is_address
from index.vectors.vector_rule import Choice, VectorRule
from rag.config import (
    DEFAULT_EMBEDDER,
    DEFAULT_OCR,
    DEFAULT_READER,
    MAX_N_BEST,
    MAX_TOP_K,
    AskConfig,
    ModelConfig,
    RetrieverConfig,
)

_RETRIEVER, _ASK = RetrieverConfig(), AskConfig()
# of a text: itself, where each sentence begins and ends, and its headings; and the file
_RESULT_OF_BYTE = 7
_QUESTIONS_REMEMBERED = 1_024  # their vectors take 1.5 MB


class Settings(BaseSettings):
    """Each field is the environment variable ``SOURCESPAN_`` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="SOURCESPAN_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    data: Path = Field(Path("data"), description="Folder of the index; made on the first start.")
    database: str = Field(
        "",
        description="Address of a PostgreSQL with pgvector, `postgresql://…`, that several replicas may share "
        "(docs/postgres.md): documents lie there, and what is derived from them in the folder of the index. Empty: all "
        "lies in the folder.",
    )
    database_read: str = Field(
        "",
        description="Address of a hot standby of that database: questions are read from there while it has all that "
        "the replica has written (docs/postgres.md). Empty: all is read from the primary.",
    )
    host: str = Field("127.0.0.1", description="Address to serve on.")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(8000, description="Port to serve on; 0 takes a free one.")
    embedder: str = Field(DEFAULT_EMBEDDER, description="Sentence-transformers model: a folder or a hub name.")
    reader: str = Field(DEFAULT_READER, description="Question-answering model: a folder, a bundled or a hub name.")
    calibration: str = Field(
        "",
        description="Calibration file; empty: the one beside the reader; `none`: the reader's own null answer.",
    )
    dense_weight: Annotated[float, Field(ge=0, le=1)] = Field(
        _RETRIEVER.dense_weight,
        description="How much likeness of meaning counts in finding passages; words in common count the rest of 1.",
    )
    reranker: str = Field(
        "",
        description="Cross-encoder that reads the first passages found before the reader does: a folder or a hub name. "
        "Empty: none.",
    )
    rerank_depth: Annotated[int, Field(ge=1)] = Field(
        _RETRIEVER.rerank_depth, description="Passages that the reranker reads, at least."
    )
    allow_hub: bool = Field(False, description="Whether models named by hub name may be fetched over the network.")
    precision: Precision = Field(
        "auto", description="`fp32`, `bf16`, `int8`, or `auto`: the fastest that the processor and the models have."
    )
    ahead: bool = Field(
        False,
        description="Whether the reader's lower layers are computed over passages when they are indexed, and kept: "
        "answers come faster, the data directory grows. For a reader that was trained for it.",
    )
    top_k: Annotated[int, Field(ge=1, le=MAX_TOP_K)] = Field(_ASK.top_k, description="Passages read for a question.")
    n_best: Annotated[int, Field(ge=1, le=MAX_N_BEST)] = Field(_ASK.n_best, description="Answers given to a question.")
    sure: Annotated[float, Field(ge=0, le=1)] = Field(
        _ASK.sure,
        description="Reading stops at an answer this probable, unless several are asked for; 1: all found is read.",
    )
    languages: str = Field(
        "en",
        description="Languages that the reader knows, as codes with commas between: questions in others are "
        "not read, and told so. `any`: all are read.",
    )
    max_document_bytes: Annotated[int, Field(ge=1)] = Field(
        50_000_000, description="Largest document that is taken, in bytes: of its file, and of its text in UTF-8."
    )
    max_documents: Annotated[int, Field(ge=0)] = Field(
        0, description="Documents that are kept; one more is refused with 507. 0: no limit."
    )
    max_total_bytes: Annotated[int, Field(ge=0)] = Field(
        0, description="Bytes of all texts in UTF-8 that are kept; what goes beyond is refused with 507. 0: no limit."
    )
    parse_seconds: Annotated[float, Field(gt=0)] = Field(
        120, description="How long reading a document may take; one that takes longer is refused."
    )
    parse_memory: Annotated[int, Field(ge=200_000_000)] = Field(
        1_000_000_000,
        description="Memory, in bytes of address space, of the process that reads a document; one that needs more is "
        "refused.",
    )
    originals: Literal["keep", "none"] = Field(
        "keep",
        description="Whether the files that documents are read from are kept: to be given back, to show places in "
        "them, and to be read anew by later versions.",
    )
    max_original_bytes: Annotated[int, Field(ge=1)] = Field(
        MAX_ORIGINAL,
        description="Largest file that is kept, in bytes; of a larger one the text is stored alone. "
        "`SOURCESPAN_MAX_TOTAL_BYTES` counts texts, not files.",
    )
    ocr: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(\+[A-Za-z0-9_]+)*$")] = Field(
        DEFAULT_OCR,
        description="Languages in which Tesseract, where that program is installed, reads pages of PDFs that are "
        "pictures, as it calls them, with + between: `eng+deu`. `none`: they are not read.",
    )
    max_feedback: Annotated[int, Field(ge=0)] = Field(
        100_000, description="Entries of feedback that are kept; one more is refused with 507. 0: no limit."
    )

    @property
    def ocr_languages(self) -> str:
        """The languages in which pictures of text are read; empty: they are not."""
        return "" if self.ocr == "none" else self.ocr

    @property
    def max_kept(self) -> int:
        """The bytes up to which files are kept; 0: none is."""
        return self.max_original_bytes if self.originals == "keep" else 0

    @property
    def parsing(self) -> Limits:
        """How much memory, time and output reading a document may take."""
        return Limits(self.parse_memory, self.parse_seconds, _RESULT_OF_BYTE * self.max_document_bytes)

    vector_index: Choice = Field(
        "auto", description="How vectors are searched: `auto` (by their number), `flat` (exact), `ivf` or `ivf-sq8`."
    )

    @property
    def quota(self) -> Quota:
        """How many documents and bytes of text may be stored."""
        return Quota(self.max_documents, self.max_total_bytes)

    @property
    def vector_rule(self) -> VectorRule:
        """From how many passages on which kind of vector index is used."""
        return VectorRule(self.vector_index)

    api_keys: str = Field(
        "",
        description="Who may call, as `scope:hash` with commas between; `sourcespan key` makes one. With `:name+name` "
        "behind it a key is bound to collections. Empty: anybody.",
    )
    allow_anonymous: bool = Field(False, description="Whether to serve other machines without API keys.")
    allowed_hosts: str = Field(
        "",
        description="Names and addresses that the service answers to, with commas between; `*` for any. Empty: without "
        "API keys those of its own machine and the address served on, with keys any.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of proxies whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` are "
        "believed, with commas between. Empty: none.",
    )
    public_url: str = Field(
        "",
        description="Where people reach the chat page, such as `https://ask.example.org/docs`: links in answers lead "
        "there. Empty: where the request came to.",
    )
    model_aliases: str = Field(
        "",
        description="Other names that OpenAI clients may ask for, with commas between, such as `gpt-4o`: all of them "
        "are this service.",
    )
    cors_origins: str = Field(
        "", description="Origins of other sites whose pages may call, with commas between; `*` for all. Empty: none."
    )
    rate_limit: Annotated[int, Field(ge=0)] = Field(
        1200,
        description="Calls a minute of one client; 0: no limit. A question that reads more passages than `top_k` "
        "counts as that many times more.",
    )
    max_upload_files: Annotated[int, Field(ge=1)] = Field(20, description="Files in one upload.")
    max_connections: Annotated[int, Field(ge=1)] = Field(
        512,
        description="Connections that may be open. For one more, one is closed that waits for a request, if there is "
        "any.",
    )
    body_seconds: Annotated[int, Field(ge=1)] = Field(
        30, description="How long a request's body may make no progress, in seconds, before the request is ended."
    )
    max_pending_bytes: Annotated[int, Field(ge=1)] = Field(
        2_000_000_000,
        description="Bytes of all uploads that are coming in or waiting, which lie in the folder for temporary files; "
        "more are refused with 503.",
    )
    max_waiting: Annotated[int, Field(ge=1)] = Field(
        64,
        description="Questions of at most `top_k` passages that may wait; beside them longer ones for as many passages "
        "in all. One more is refused with 503.",
    )
    batch_questions: Annotated[int, Field(ge=1)] = Field(
        8,
        description="Questions that are read together; 1: each by itself. One that reads more passages than `top_k` is "
        "read by itself, in slices between the others.",
    )
    shutdown_seconds: Annotated[int, Field(ge=1)] = Field(
        30,
        description="How long a stop waits for running requests; after half of it, documents are not stored any more.",
    )
    log_questions: bool = Field(False, description="Whether the log holds what is asked.")
    traces: bool = Field(
        False, description="Whether OpenTelemetry traces are exported, to where the `OTEL_…` variables say."
    )

    @field_validator("api_keys")
    @classmethod
    def _readable(cls, value: str) -> str:
        parse_keys(value)
        return value

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """The API keys; empty where anybody may call."""
        return parse_keys(self.api_keys)

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the service answers to; empty: the usual ones."""
        return tuple(name.strip("[]").rstrip(".").lower() for name in _parts(self.allowed_hosts))

    @field_validator("database", "database_read")
    @classmethod
    def _of_postgres(cls, value: str) -> str:
        if value and not is_address(value):
            raise ValueError("must be an address such as `postgresql://user@host/name`")
        return value

    @field_validator("languages")
    @classmethod
    def _codes(cls, value: str) -> str:
        codes = _parts(value)
        if not codes or not all(code.isascii() and code.isalpha() and len(code) <= 3 for code in codes):
            raise ValueError("must be codes of languages, such as `en,de`, or `any`")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for proxy in _parts(value):
            ip_network(proxy)
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("must be an address such as `https://ask.example.org/docs`")
        return value.rstrip("/")

    @property
    def models_served(self) -> tuple[str, ...]:
        """The names of the one model, its own first."""
        return tuple(dict.fromkeys(("sourcespan", *_parts(self.model_aliases))))

    @property
    def proxies(self) -> tuple[str, ...]:
        """Addresses and networks of the proxies that are believed."""
        return _parts(self.trusted_proxies)

    @property
    def origins(self) -> tuple[str, ...]:
        """Other sites whose pages may call."""
        return tuple(origin.rstrip("/") for origin in _parts(self.cors_origins))

    def check_address(self) -> None:
        """Raises UnsafeAddress where other machines could call without a key, and nobody said that they may."""
        if not (self.keys or self.allow_anonymous or is_loopback(self.host)):
            raise UnsafeAddress(self.host)

    @property
    def models(self) -> ModelConfig:
        """Which models to load, and what they are computed in."""
        return ModelConfig(
            self.embedder,
            self.reader,
            self.calibration,
            self.allow_hub,
            self.precision,
            reranker=self.reranker,
            ahead=self.ahead,
            remembered_questions=_QUESTIONS_REMEMBERED,
        )

    @property
    def retriever(self) -> RetrieverConfig:
        """How passages are found, and how meaning and words are weighed."""
        return RetrieverConfig(dense_weight=self.dense_weight, rerank_depth=self.rerank_depth)

    @property
    def ask(self) -> AskConfig:
        """What a question gets that does not say otherwise."""
        return AskConfig(self.top_k, self.n_best, sure=self.sure, languages=_parts(self.languages.lower()))


def _parts(setting: str) -> tuple[str, ...]:
    """What stands between the commas, without blanks and what is empty."""
    return tuple(part.strip() for part in setting.split(",") if part.strip())
