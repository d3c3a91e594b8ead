"""A reader's folder: loaded for training, and written so that a kill leaves the old files or the new ones."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as transformers_logging

from index.errors import ModelNotFound, ModelUnsuitable
from index.store.files import put

WEIGHTS = "model.safetensors"
# what configurations call their dropouts; None stands for the one that is chosen
DROPOUTS = {"hidden_dropout_prob": None, "dropout": None, "attention_probs_dropout_prob": 0.0, "attention_dropout": 0.0}


def load_reader(
    folder: Path, *, attention: str = "sdpa", dropout: float = 0.0
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model in fp32, ``dropout`` on its hidden states and none on attention, and its tokenizer. Nothing is fetched.

    An encoder without a question-answering head gets a fresh one, drawn from torch's random state. Raises
    ModelNotFound or ModelUnsuitable.
    """
    if not (folder / "config.json").is_file():
        raise ModelNotFound(str(folder), "no folder with a config.json")
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        for name, value in DROPOUTS.items():
            if hasattr(config, name):
                setattr(config, name, dropout if value is None else value)
        model: PreTrainedModel = AutoModelForQuestionAnswering.from_pretrained(
            folder, config=config, dtype=torch.float32, attn_implementation=attention, local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnsuitable(str(folder), " ".join(str(error).split())) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelUnsuitable(str(folder), "its tokenizer gives no character offsets")
    return model, tokenizer


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    """How many tokens the model takes at most."""
    positions = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    return min(int(positions), tokenizer.model_max_length)


def save_reader(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Write the model in fp16 safetensors and the tokenizer into ``folder``, the weights last."""
    unfinished = folder / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    half = copy.deepcopy(model)
    torch.nn.Module.to(half, torch.device("cpu"), torch.float16)
    half.save_pretrained(unfinished)
    # what the last call truncated to would be saved with the tokenizer
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.save_pretrained(unfinished)
    # safetensors writes for its owner alone; a server often runs as another user
    mode = (unfinished / "config.json").stat().st_mode
    for path in sorted(unfinished.iterdir(), key=lambda p: p.name == WEIGHTS):
        path.chmod(mode)
        put(path, folder / path.name)
    unfinished.rmdir()
