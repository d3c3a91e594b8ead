"""Texts → vectors by a sentence-transformers model. The only module that imports that library."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.errors import ModelCorrupted, ModelUnsuitable
from index.interfaces import Vectors
from index.precision import ACTIVATIONS_FILE, Precision, autocast
from index.remembered import Remembered

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from index.compiled_bert import CompiledBert, Work

# Upstream's sentence-transformers/all-MiniLM-L6-v2, model.safetensors
ALL_MINILM_L6_V2_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# measured by `sourcespan train activations`: the package with its weights does not know them
ALL_MINILM_L6_V2_ACTIVATIONS = Path(__file__).parent / "models" / "all-MiniLM-L6-v2" / ACTIVATIONS_FILE


class SentenceTransformerEmbedder:
    """A sentence-transformers model from a folder, on the CPU."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        expected_sha256: str | None = None,
        batch_size: int = 16,
        precision: Precision = "auto",
        activations: Path | None = None,
        remembered_questions: int = 0,
    ) -> None:
        """``activations`` is a file, unless told that beside the weights.

        Raises ModelCorrupted where the weights are not the expected ones, ModelUnsuitable for no embedder.
        """
        from index.compiled_bert import compile_in_place  # seconds of import, needed only by whoever embeds
        from index.products import Arithmetic

        weights_hash = weights_sha256(folder)
        if expected_sha256 is not None and weights_hash != expected_sha256:
            raise ModelCorrupted(name, expected_sha256, weights_hash)
        self._model = _load(folder, name)
        self._batch_size = batch_size
        self._queries: Remembered[str, Vectors] = Remembered(remembered_questions)
        arithmetic = Arithmetic.chosen(precision, name, weights_hash, activations or folder / ACTIVATIONS_FILE)
        self.number_format = arithmetic.number_format
        # one that is no BERT runs as its library runs it
        self._bert = compile_in_place(self._model[0], "model", arithmetic)
        self._autocast = self._bert is None and arithmetic.bf16
        self._averaged = self._bert if self._bert is not None and _averages(self._model) else None
        dimension = self._model.get_embedding_dimension()
        if dimension is None or self._model.max_seq_length is None:
            raise ModelUnsuitable(name, "it does not tell its dimension and its longest text")
        self.dimension: int = dimension
        self._longest: int = self._model.max_seq_length
        specials: int = self._model.tokenizer.num_special_tokens_to_add()
        self.max_tokens: int = self._longest - specials
        # the same weights cut at another length give other vectors; those of another precision are as near as makes no
        # difference: to within 0.0001 of the cosine for bf16, 0.01 for int8
        self.fingerprint = f"{name.rsplit('/', 1)[-1]}@{weights_hash[:16]}/{self._longest}"
        # the library has it cut and pad, which a tokenizer keeps: who counts would change it for who embeds meanwhile
        tokenizer = self._model.tokenizer
        self._counter = copy.deepcopy(tokenizer) if self._averaged is None else tokenizer

    @property
    def work(self) -> Work:
        """What it computed so far, where a `CompiledBert` does."""
        from index.compiled_bert import Work

        return Work() if self._bert is None else self._bert.work

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the model's special ones."""
        if not texts:
            return []
        # the tokenizer below transformers' own: it neither cuts nor pads here, and does not warn about long texts
        encodings = self._counter(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encodings["input_ids"]]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(texts, dimension), unit length."""
        return self._unit(self._encoded(texts, self._model.encode_document))

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """(texts, dimension), unit length; of the last ``remembered_questions`` texts each is computed but once."""
        known = self._queries.known(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            vectors = self._unit(self._encoded(new, self._model.encode_query))
            computed = dict(zip(new, vectors, strict=True))
            self._queries.keep(computed)
            known |= computed
        return np.stack([known[text] for text in texts])

    def _encoded(self, texts: Sequence[str], encode: Callable[..., Vectors]) -> Vectors:
        if texts and self._averaged is not None:
            return self._means(self._averaged, texts)
        with autocast(self._autocast):
            return encode(list(texts), batch_size=self._batch_size, show_progress_bar=False)

    def _means(self, bert: CompiledBert, texts: Sequence[str]) -> Vectors:
        """What the library would give too, but for a question takes as long again as the model."""
        from index.compiled_bert import Tokens

        longest = self._longest
        tokenized = self._model.tokenizer(list(texts), truncation=False, verbose=False)
        # the last token is special: it stays where a text is cut
        rows = [
            np.array(ids if len(ids) <= longest else ids[: longest - 1] + ids[-1:]) for ids in tokenized["input_ids"]
        ]
        states = bert.whole([Tokens(row, np.zeros_like(row), np.arange(len(row))) for row in rows])
        means: Vectors = np.stack([of_text.mean(axis=0) for of_text in states])
        return means

    def _unit(self, vectors: Vectors) -> Vectors:
        vectors = np.asarray(vectors, dtype=np.float32).reshape(-1, self.dimension)
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit


def weights_sha256(folder: Path) -> str:
    """The sha256 of a model folder's weights; of several weight files, the hash over their hashes in name order."""
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    if not files:
        raise ModelUnsuitable(folder.name, "the folder holds no weights")
    hashes = []
    for file in files:
        with file.open("rb") as stream:
            hashes.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _averages(model: SentenceTransformer) -> bool:
    """Whether a model that begins with a BERT gives the means of the states of all tokens, of texts as they are."""
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    transformer, *others = model
    pooling = [module for module in others if not isinstance(module, Normalize)]
    means = len(pooling) == 1 and isinstance(pooling[0], Pooling) and pooling[0].pooling_mode == "mean"
    changed = any(model.prompts.values()) or transformer.do_lower_case or model.truncate_dim is not None
    return means and not changed and transformer.query_length is None and transformer.document_length is None


def _load(folder: Path, name: str) -> SentenceTransformer:
    # seconds of import, needed only by whoever embeds
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelUnsuitable(name, str(error)) from error
