"""What training makes small: the surprise at the right first and last token, and the distance from a teacher."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div
from transformers.modeling_outputs import QuestionAnsweringModelOutput as Output

_TAUGHT = 2.0
"""How much a teacher's answer counts against the right one."""

NULL_TOKEN = 0
"""First and last token of the answer that there is none."""

_PADDED = -1e4
"""The logit of a padding token: no probability, and finite in every precision."""


def training_loss(output: Output, targets: Sequence[Tensor], there: Tensor, taught: Output | None) -> Tensor:
    """The loss of a reader's ``output`` for windows whose tokens are ``there``, (windows, tokens), beside a teacher's.

    ``targets`` are the right first and last tokens, (windows,) each. Where the output holds states of upper layers,
    these are compared too: the teacher's lower layers see what those of a reader that is computed ahead do not. A
    teacher is not heeded where it finds an answer that is not there.
    """
    logits = _logits(output, there)
    if taught is None:
        return reading_loss(logits, targets)
    by_teacher = _logits(taught, there)
    heeded = ~_fooled(by_teacher, targets)
    loss = reading_loss(logits, targets, by_teacher, heeded)
    if output.hidden_states and taught.hidden_states and heeded.any():
        upper = taught.hidden_states[-len(output.hidden_states) :]
        loss = loss + states_loss(output.hidden_states, upper, there & heeded[:, None])
    return loss


def on_average(outputs: Sequence[Output], there: Tensor) -> Output:
    """What several readers say of the same windows: the mean of their probabilities, and the states of the first.

    The tokens that are ``there``, (windows, tokens), share the probability.
    """
    first, *others = outputs
    if not others:
        return first
    by_each = [[logits.log_softmax(-1) for logits in _logits(output, there)] for output in outputs]
    start, end = (torch.stack(logs).logsumexp(dim=0) - math.log(len(outputs)) for logs in zip(*by_each, strict=True))
    # transformers declares its tensors narrower than it takes them
    return Output(start_logits=cast(Any, start), end_logits=cast(Any, end), hidden_states=first.hidden_states)


def _fooled(logits: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """(windows,): the right answer is none, and these logits give one."""
    fooled = [
        (right == NULL_TOKEN) & (predicted.argmax(-1) != NULL_TOKEN)
        for predicted, right in zip(logits, targets, strict=True)
    ]
    return torch.stack(fooled).any(dim=0)


def _logits(output: Output, there: Tensor) -> list[Tensor]:
    """Of the first and of the last token, (windows, tokens) each."""
    both = (output.start_logits, output.end_logits)
    return [logits.float().masked_fill(~there, _PADDED) for logits in both if logits is not None]


def reading_loss(
    logits: Sequence[Tensor],
    targets: Sequence[Tensor],
    taught: Sequence[Tensor] | None = None,
    heeded: Tensor | None = None,
) -> Tensor:
    """The mean over first and last token, whose logits are (windows, tokens) and whose right ones (windows,).

    With the logits of a teacher it is distillation (Hinton et al., 2015, arXiv:1503.02531), at temperature 1, in the
    windows in which it is ``heeded``, (windows,); None is all of them.
    """
    losses = [cross_entropy(predicted, right) for predicted, right in zip(logits, targets, strict=True)]
    for predicted, by_teacher in zip(logits, taught or [], strict=False):
        apart = kl_div(predicted.log_softmax(-1), by_teacher.log_softmax(-1), reduction="none", log_target=True).sum(-1)
        losses.append(_TAUGHT * (apart if heeded is None else apart * heeded).mean())
    return torch.stack(losses).sum() / len(logits)


def states_loss(states: Sequence[Tensor], taught: Sequence[Tensor], there: Tensor) -> Tensor:
    """How far states, (windows, tokens, width) for each layer, are from a teacher's, as a share of its variance.

    Only tokens that are ``there``, (windows, tokens), count. DeFormer's layerwise representation similarity.
    """
    pairs = [(mine[there].float(), its[there].float()) for mine, its in zip(states, taught, strict=True)]
    return torch.stack([(mine - its).square().mean() / its.var() for mine, its in pairs]).mean()
