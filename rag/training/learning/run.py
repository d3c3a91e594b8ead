"""A run from its files to the finished reader: read, refuse, tokenise, train, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import BertForQuestionAnswering, PreTrainedModel, PreTrainedTokenizerFast

from index.store.files import sha256_of
from rag.reader.precomputed_layers import PRECOMPUTED_LAYERS
from rag.squad import SquadParagraph, read_squad
from rag.training.apart import Apart
from rag.training.config import TrainingConfig, source_name
from rag.training.data.examples import CorpusBuilder
from rag.training.data.overlap import refuse_shared
from rag.training.errors import InvalidSetting, OutputTaken
from rag.training.evaluation import Scores, sample
from rag.training.learning import checkpoint
from rag.training.learning.hardware import Hardware, choose_hardware
from rag.training.learning.run_log import RunLog, clock
from rag.training.learning.trainer import Trainer
from rag.training.model_card import CARD, RunFacts, describe_model, render_card
from rag.training.weights import WEIGHTS, load_reader, longest_input, save_reader

Files = dict[str, list[SquadParagraph]]
"""File name → what it holds."""


def train(config: TrainingConfig) -> dict[str, Scores]:
    """Do the whole run; the reader is in ``config.out`` when this returns. Gives the last scores per evaluation set.

    Raises TrainingError, ModelError or DocumentError.
    """
    _check_out(config)
    train_files = _read([s.path for s in config.sources], "train")
    eval_files = _read(config.evaluate, "eval")
    refuse_shared(_texts(train_files), _texts(eval_files), words=config.shared_words)
    hardware = choose_hardware(config.device, config.precision, config.threads)
    torch.manual_seed(config.seed)  # a fresh head and dropout
    model, tokenizer = load_reader(config.init, attention=hardware.attention, dropout=config.dropout)
    teachers = _load_teachers(config, hardware, model, tokenizer)
    apart = _apart(config, model)
    limit = longest_input(model, tokenizer)
    for setting in ("max_tokens", "eval_max_tokens"):
        if getattr(config, setting) > limit:
            raise InvalidSetting(setting, getattr(config, setting), f"the model takes at most {limit} tokens")

    config.out.mkdir(parents=True, exist_ok=True)
    log = RunLog(config.out)
    log.event("start", config=config.as_json(), hardware=hardware.description)
    log.say(f"on {hardware.description}")
    builder = CorpusBuilder(tokenizer, config.max_tokens, config.stride)
    for source in config.sources:
        counts = builder.add(source.name, train_files.pop(source.path.name))
        log.say(f"{counts.name}: {counts.questions} questions, {counts.windows} windows, {counts.dropped} dropped")
    corpus = builder.build()
    questions = {source_name(Path(name)): sample(of_file, config.eval_limit) for name, of_file in eval_files.items()}
    trainer = Trainer(config, hardware, model, tokenizer, corpus, questions, log, apart=apart, teachers=teachers)
    if config.resume and (config.out / checkpoint.NAME).exists():
        trainer.resume()
    trainer.run()
    with trainer.averaged():
        save_reader(config.out, model, tokenizer)
    weights = sha256_of(config.out / WEIGHTS)
    facts = RunFacts(
        config=config,
        model=describe_model(model),
        weights_sha256=weights,
        hardware=hardware.description,
        sources=corpus.sources,
        progress=trainer.progress,
        scores=trainer.scores,
    )
    (config.out / CARD).write_text(render_card(facts), encoding="utf-8")
    scores = {name: s.as_json() for name, s in trainer.scores.items()}
    seconds = trainer.progress.seconds
    log.event("end", step=trainer.progress.step, seconds=round(seconds, 1), weights_sha256=weights, scores=scores)
    log.say(f"{trainer.progress.step} steps in {clock(seconds)}: {config.out}")
    (config.out / checkpoint.NAME).unlink(missing_ok=True)
    return trainer.scores


def _load_teachers(
    config: TrainingConfig, hardware: Hardware, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> list[PreTrainedModel]:
    """Raises InvalidSetting for one that does not see the tokens of the student, or cannot be compared with it."""
    teachers: list[PreTrainedModel] = []
    for folder in config.teachers:
        teacher, its_tokenizer = load_reader(folder, attention=hardware.attention)
        if its_tokenizer.get_vocab() != tokenizer.get_vocab():
            raise InvalidSetting("teacher", folder, "its vocabulary is another one than that of --init")
        if config.layers_ahead and not teachers and _shape(teacher) != _shape(model):
            raise InvalidSetting("teacher", folder, "for --layers-ahead the first must have the layers of --init")
        teachers.append(teacher)
    return teachers


def _shape(model: PreTrainedModel) -> tuple[int, int]:
    return model.config.num_hidden_layers, model.config.hidden_size


def _apart(config: TrainingConfig, model: PreTrainedModel) -> Apart | None:
    """The model with its lower layers apart; its configuration, which is saved with it, then tells of them."""
    if not config.layers_ahead:
        if hasattr(model.config, PRECOMPUTED_LAYERS):
            setattr(model.config, PRECOMPUTED_LAYERS, 0)  # what is trained together no longer can be computed apart
        return None
    if not isinstance(model, BertForQuestionAnswering):
        raise InvalidSetting("layers_ahead", config.layers_ahead, f"{type(model).__name__} is no BERT")
    if config.layers_ahead >= model.config.num_hidden_layers:
        reason = f"must be below the model's {model.config.num_hidden_layers} layers"
        raise InvalidSetting("layers_ahead", config.layers_ahead, reason)
    setattr(model.config, PRECOMPUTED_LAYERS, config.layers_ahead)
    return Apart(model, config.layers_ahead)


def _check_out(config: TrainingConfig) -> None:
    if (config.out / checkpoint.NAME).exists():
        if not config.resume:
            raise OutputTaken(str(config.out), "an unfinished run", "go on with --resume, or choose another --out")
    elif (config.out / WEIGHTS).exists():
        raise OutputTaken(str(config.out), "a finished reader", "choose another --out")


def _read(paths: Sequence[Path], setting: str) -> Files:
    names = [source_name(p) for p in paths]
    for name in names:
        if names.count(name) > 1:
            raise InvalidSetting(setting, name, "two files have this name")
    return {p.name: list(read_squad(p)) for p in paths}


def _texts(files: Files) -> dict[str, list[str]]:
    return {name: [p.text for p in paragraphs] for name, paragraphs in files.items()}
