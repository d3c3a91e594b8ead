"""Measure what goes into a model's matrix products, so that they can be computed in 8-bit integers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module
from transformers import BertForQuestionAnswering, BertModel

from index.bert.activations import Activations, product_name
from index.bert.bert_weights import PRODUCTS, Floats, layer_name
from index.bert.library.torch_bert import is_plain_bert
from index.bert.library.transformers_messages import quiet_transformers
from index.embedder import weights_sha256
from index.errors import ModelUnsuitable
from rag.reader.precomputed_layers import PRECOMPUTED_LAYERS
from rag.squad import read_squad
from rag.training.apart import Apart
from rag.training.errors import InvalidSetting
from rag.training.weights import load_reader

Texts = tuple[str, ...]


def measure_activations(
    folder: Path, files: Sequence[Path], *, questions: int, apart: bool, max_tokens: int, seed: int
) -> Activations:
    """Measures the activations of the BERT in ``folder`` on questions drawn from SQuAD files, each with its paragraph.

    ``apart`` gives it question and paragraph one after the other, as an embedder gets them, not together; a reader
    whose lower layers can be computed ahead is measured both ways. Raises ModelNotFound, ModelUnsuitable for another
    model than a BERT, InvalidSetting where the files hold no question.
    """
    pairs = [(question.question, p.text) for file in files for p in read_squad(file) for question in p.questions]
    if not pairs:
        raise InvalidSetting("files", ", ".join(map(str, files)), "they hold no question")
    drawn = random.Random(seed).sample(pairs, min(questions, len(pairs)))
    quiet_transformers()
    # with a head or without: what is measured is the encoder below it
    model, tokenizer = load_reader(folder)
    bert = model.base_model
    if not is_plain_bert(bert):
        raise ModelUnsuitable(str(folder), f"{type(bert).__name__} is not computed in int8, only BERT is")
    bert.train(False)
    ways: list[Module] = [bert]
    if isinstance(model, BertForQuestionAnswering) and (layers := getattr(model.config, PRECOMPUTED_LAYERS, 0)):
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


@contextmanager
def observed(bert: BertModel, weights_sha256: str) -> Iterator[Activations]:
    """What goes into the products of ``bert`` meanwhile, padding included: run it on one text at a time."""
    bounds: dict[str, Floats] = {}
    first = {
        product_name(number, name): bert.get_submodule(f"{layer_name(number)}.{linear[0]}")
        for number in range(bert.config.num_hidden_layers)
        for name, linear in PRODUCTS.items()
    }
    hooks = [module.register_forward_pre_hook(_widens(bounds, name)) for name, module in first.items()]
    try:
        yield Activations(weights_sha256, bounds)
    finally:
        for hook in hooks:
            hook.remove()


def _widens(bounds: dict[str, Floats], name: str) -> Callable[[Module, tuple[Tensor, ...]], None]:
    def widen(_: Module, inputs: tuple[Tensor, ...]) -> None:
        rows = inputs[0].detach().float().flatten(0, -2).numpy()
        now = np.stack([rows.min(axis=0), rows.max(axis=0)])
        seen = bounds.get(name, now)
        bounds[name] = np.stack([np.minimum(seen[0], now[0]), np.maximum(seen[1], now[1])])

    return widen
