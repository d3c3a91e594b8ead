"""Measure what goes into a model's matrix products, so that they can be computed in 8-bit integers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import BertForQuestionAnswering

from index.activations import Activations, observed
from index.compiled_bert import CompiledBert
from index.embedder import weights_sha256
from index.errors import ModelUnsuitable
from rag.ahead import LAYERS_AHEAD
from rag.loading import quiet_libraries
from rag.squad import read_squad
from rag.training.apart import Apart
from rag.training.errors import InvalidSetting
from rag.training.weights import load_reader

Texts = tuple[str, ...]


def measure_activations(
    folder: Path, files: Sequence[Path], *, questions: int, apart: bool, max_tokens: int, seed: int
) -> Activations:
    """Of the BERT in ``folder``, on questions drawn from SQuAD files, each with its paragraph.

    ``apart`` gives it question and paragraph one after the other, as an embedder gets them, not together; a reader
    whose lower layers can be computed ahead is measured both ways. Raises ModelNotFound, ModelUnsuitable for another
    model than a BERT, InvalidSetting where the files hold no question.
    """
    pairs = [(question.question, p.text) for file in files for p in read_squad(file) for question in p.questions]
    if not pairs:
        raise InvalidSetting("files", ", ".join(map(str, files)), "they hold no question")
    drawn = random.Random(seed).sample(pairs, min(questions, len(pairs)))
    quiet_libraries()
    # with a head or without: what is measured is the encoder below it
    model, tokenizer = load_reader(folder)
    bert = model.base_model
    if not CompiledBert.fits(bert):
        raise ModelUnsuitable(str(folder), f"{type(bert).__name__} is not computed in int8, only BERT is")
    bert.train(False)
    ways: list[torch.nn.Module] = [bert]
    if isinstance(model, BertForQuestionAnswering) and (layers := getattr(model.config, LAYERS_AHEAD, 0)):
        ways.append(Apart(model, layers))
    with torch.inference_mode(), observed(bert, weights_sha256(folder)) as activations:
        for texts in _inputs(drawn, apart=apart):
            inputs = tokenizer(*texts, truncation=True, max_length=max_tokens, return_tensors="pt")
            for way in ways:
                way(**inputs)
    return activations


def _inputs(pairs: Sequence[Texts], *, apart: bool) -> Iterator[Texts]:
    for pair in pairs:
        if apart:
            yield from ((text,) for text in pair)
        else:
            yield pair
