"""MODEL_CARD.md, written from the run itself: what was trained on what, how, where, how long, and how good it is.

Of the model that a run started from, the card takes over the data and licences, which apply to whatever comes of it,
and the table of its history, to which each run adds one row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import transformers

from rag.training.config import TrainingConfig
from rag.training.data.examples import SourceCounts
from rag.training.evaluation import Scores
from rag.training.learning.checkpoint import Progress
from rag.training.learning.commit import code_commit
from rag.training.learning.run_log import clock

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CARD = "MODEL_CARD.md"
DATA, HISTORY = "## Data and licences", "## History"
_SHARE_ALIKE = re.compile(r"\bSA\b|share.?alike", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """All that the card tells. ``sources`` run in step with ``config.sources``."""

    config: TrainingConfig
    model: str
    weights_sha256: str
    hardware: str
    sources: tuple[SourceCounts, ...]
    progress: Progress
    scores: Mapping[str, Scores]


def render_card(facts: RunFacts) -> str:
    """The model card as Markdown."""
    init = facts.config.init
    sections = (_head(facts), _data(facts), _recipe(facts), _scores(facts), history([init], _history_row(facts)))
    return "\n".join(chain.from_iterable(sections)) + "\n"


def _head(facts: RunFacts) -> Iterator[str]:
    yield f"# {facts.config.out.name}"
    yield ""
    yield "An extractive question-answering reader: `AutoModelForQuestionAnswering`, fp16 safetensors, null answer on"
    yield f"the first token. {facts.model}. Weights sha256 `{facts.weights_sha256}`."
    yield ""
    yield f"**Start point**: {facts.config.init.name}"
    yield ""


def _data(facts: RunFacts) -> Iterator[str]:
    yield DATA
    yield ""
    yield "| source | paragraphs | questions | unanswerable | windows | weight | cap | drawn per epoch | licence |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for counts, setting in zip(facts.sources, facts.config.sources, strict=True):
        drawn = round(counts.questions * setting.weight)
        drawn = drawn if setting.cap is None else min(drawn, setting.cap)
        yield (
            f"| {counts.name} | {counts.paragraphs:,} | {counts.questions:,} | {counts.unanswerable:,} | "
            f"{counts.windows:,} | {setting.weight:g} | {'–' if setting.cap is None else f'{setting.cap:,}'} | "
            f"{drawn:,} | {setting.licence or 'not stated'} |"
        )
    yield ""
    dropped = sum(c.dropped for c in facts.sources)
    answerless = sum(c.answerless for c in facts.sources)
    yield f"{answerless:,} windows belong to answerable questions but hold no whole answer; of them,"
    yield f"{facts.config.null_fraction:.0%} are trained on as unanswerable."
    yield f"{dropped:,} questions were left out as too long or blank."
    yield ""
    yield from _licences(facts)
    yield ""
    yield from inherited_data(facts.config.init)


def _licences(facts: RunFacts) -> Iterator[str]:
    used = [s for s in facts.config.sources if s.weight > 0 and s.cap != 0]
    share_alike = [f"{s.name} ({s.licence})" for s in used if s.licence and _SHARE_ALIKE.search(s.licence)]
    unknown = [s.name for s in used if not s.licence]
    if share_alike:
        yield f"**Share-alike text was trained on**: {', '.join(share_alike)}."
    if unknown:
        yield f"**Licence not stated**: {', '.join(unknown)}."
    if not share_alike and not unknown:
        yield "No source is under a share-alike licence."


def _recipe(facts: RunFacts) -> Iterator[str]:
    config, progress = facts.config, facts.progress
    commit = code_commit(Path(__file__).parents[2])
    rows = {
        "length": f"{_planned(config)}: {progress.step:,} steps, {progress.windows:,} windows, in "
        f"{clock(progress.seconds)}",
        "learning rate": f"{config.lr:g}, {config.warmup_steps} warm-up steps, linear decay to 0",
        "optimiser": f"AdamW, weight decay {config.weight_decay:g}, gradients clipped to {config.clip:g}",
        "batches": f"{config.tokens_per_batch:,} tokens, padding included",
        "windows": f"{config.max_tokens} tokens, stride {config.stride}",
        "averaging": f"exponential, decay {config.average:g}" if config.average else "none",
        "dropout": f"{config.dropout:g} on hidden states, none on attention",
        "teachers": f"{', '.join(t.name for t in config.teachers)}: their data and licences apply too"
        if config.teachers
        else "none",
        "layers ahead": f"{config.layers_ahead}, in two of three steps" if config.layers_ahead else "none",
        "seed": str(config.seed),
        "hardware": facts.hardware,
        "software": f"torch {torch.__version__}, transformers {transformers.__version__}, numpy {np.__version__}",
        "code": f"commit {commit}",
    }
    yield "## How it was trained"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in rows.items():
        yield f"| {name} | {value} |"
    yield ""


def _planned(config: TrainingConfig) -> str:
    length = {"epochs": config.epochs, "minutes": config.minutes, "steps": config.steps}
    return ", ".join(f"{value:g} {name}" for name, value in length.items() if value is not None)


def _scores(facts: RunFacts) -> Iterator[str]:
    yield "## Scores"
    yield ""
    if not facts.scores:
        yield "Not measured."
        yield ""
        return
    config = facts.config
    yield (
        f"Gold paragraph, seeded samples, windows of {config.eval_max_tokens} tokens, stride {config.eval_stride}, "
        f"spans of at most {config.max_answer_tokens} tokens. EM and F1: answerable questions, no abstention. "
        "Best F1: all questions, abstaining below the margin over null that suits the sample best."
    )
    yield ""
    yield "| set | questions | answerable | EM | F1 | best F1 with abstention |"
    yield "|---|---|---|---|---|---|"
    for name, s in facts.scores.items():
        yield f"| {name} | {s.questions:,} | {s.answerable:,} | {_cell(s.em)} | {_cell(s.f1)} | {_cell(s.best_f1)} |"
    yield ""


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _history_row(facts: RunFacts) -> str:
    config = facts.config
    taught = f", taught by {', '.join(teacher.name for teacher in config.teachers)}" if config.teachers else ""
    scores = "; ".join(f"{name}: F1 {_cell(s.f1)}, over all {_cell(s.best_f1)}" for name, s in facts.scores.items())
    return f"| {config.out.name} | {config.init.name}{taught}, {_planned(config)} | {scores or 'not measured'} |"


def inherited_data(folder: Path) -> list[str]:
    """What the card of a model says of its data and licences, which apply to whatever comes of it too.

    All of the card where it has no such section; one line where there is no card.
    """
    text = _card_of(folder)
    if text is None:
        return [f"{folder.name} has no card of its own here.", ""]
    lines = _section(text, DATA) or text.splitlines()
    return [
        f"### Of {folder.name}, whose data and licences apply too",
        "",
        *(f"##{line}" if line.startswith("#") else line for line in lines),
        "",
    ]


def history(starts: Sequence[Path], row: str) -> list[str]:
    """The table of runs that led to ``starts``, as their cards have it, with ``row`` at its end; then its notes."""
    lines = [line for folder in starts for line in _section(_card_of(folder) or "", HISTORY)]
    once = dict.fromkeys(line for line in lines if line.strip())  # models of one descent share rows
    head = ["| run | made from | what it came to |", "|---|---|---|"]
    rows = [line for line in once if line.startswith("|") and line not in head]
    notes = [line for line in once if not line.startswith("|")]
    return [HISTORY, "", *head, *rows, row, "", *notes]


def _card_of(folder: Path) -> str | None:
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _section(card: str, heading: str) -> list[str]:
    """The lines under a heading of the second level, up to the next one; none where the card has no such heading."""
    _, _, behind = f"\n{card}".partition(f"\n{heading}\n")
    return behind.partition("\n## ")[0].strip("\n").splitlines()


def describe_model(model: PreTrainedModel) -> str:
    """Kind and size in a few words."""
    config = model.config
    sizes = {"layers": "num_hidden_layers", "hidden": "hidden_size"}
    parts = [f"{getattr(config, field)} {word}" for word, field in sizes.items() if hasattr(config, field)]
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    return ", ".join([config.model_type, *parts, f"{millions:.1f}M parameters"])
