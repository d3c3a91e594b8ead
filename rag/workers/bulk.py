"""Workers for very many files: each reads files, or embeds texts with an embedder of its own, on one thread.

What they do is what `Sourcespan.add_files` does without them, and so is what is stored.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from index.documents import DocumentDraft
from index.errors import EmbedderMismatch, WorkersUnavailable
from index.ingestion.crew import Crew, Elsewhere
from index.isolation.limits import NO_LIMIT, Limits
from index.isolation.pool import Pool, PoolPlan
from index.passages.splitting import PassageSize
from index.store.intake import Intake, Step
from rag.config import ModelConfig
from rag.models import loading

if TYPE_CHECKING:
    from rag.engine import Sourcespan

# from one batch of passages to the next, the first of them after the model is loaded
_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a worker must know to embed as the process does that stores what comes of it."""

    models: ModelConfig
    size: PassageSize
    fingerprint: str


def embedded(recipe: Recipe, drafts: Sequence[DocumentDraft]) -> Iterator[Step]:
    """Splits and embeds, in a worker. Raises EmbedderMismatch where it has other weights, ModelError."""
    return _intake(recipe).steps(drafts)


@cache
def _intake(recipe: Recipe) -> Intake:
    embedder = loading.load_embedder(recipe.models)
    if embedder.fingerprint != recipe.fingerprint:
        raise EmbedderMismatch(recipe.fingerprint, embedder.fingerprint)
    return Intake(embedder, recipe.size, None)


@contextmanager
def workers(library: Sourcespan, models: ModelConfig, count: int, ray: str = "") -> Iterator[Crew]:
    """So many workers for ``library``, which was opened with these models; they end with the context.

    They are processes of this machine, or of the Ray cluster at ``ray``: ``local`` starts one here, ``auto`` finds the
    one that is running, and with a ``count`` of 0 there is a worker for each of its processors. Raises
    WorkersUnavailable.
    """
    plans = _plans(library, max(count, 1))
    with ExitStack() as opened:
        reading: Pool
        embedding: Pool
        if ray:
            if importlib.util.find_spec("ray") is None:
                raise WorkersUnavailable(ray, "Ray is not installed: pip install sourcespan[ray]")
            from rag.workers.ray_workers import ray_pools  # its library is large, and only whoever asks for it needs it

            count, (reading, embedding) = opened.enter_context(ray_pools(ray, count, plans))
        else:
            reading, embedding = (opened.enter_context(closing(plan.pool())) for plan in plans)
        parser = library.parser.with_pool(reading, is_far=bool(ray))
        recipe = Recipe(
            # the same number format everywhere, whatever a machine would choose by itself
            replace(models, precision=getattr(library.embedder, "number_format", models.precision)),
            library.index.passage_size,
            library.embedder.fingerprint,
        )
        elsewhere = Elsewhere(embedding, embedded, recipe, preparation=library.index.preparation)

        def close() -> None:
            reading.close()
            embedding.close()

        yield opened.enter_context(Crew(parser, elsewhere, count, close))


def _plans(library: Sourcespan, count: int) -> tuple[PoolPlan, PoolPlan]:
    """The processes that read files, in which nothing is trusted, and those that embed texts."""
    reading = PoolPlan(library.parser.limits, ("index.parsing.isolated",), ready=count)
    embedding = PoolPlan(
        Limits(NO_LIMIT, _SECONDS),
        (__name__,),
        ready=count,
        most_memory_kept=NO_LIMIT,
        environment=(("OMP_NUM_THREADS", "1"),),
    )
    return reading, embedding
