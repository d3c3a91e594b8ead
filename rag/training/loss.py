"""What training makes small: the surprise at the right first and last token, and the distance from a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div
from transformers.modeling_outputs import QuestionAnsweringModelOutput as Output

_TAUGHT = 2.0
"""How much a teacher's answer counts against the right one."""

_PADDED = -1e4
"""The logit of a padding token: no probability, and finite in every precision."""


def training_loss(output: Output, targets: Sequence[Tensor], there: Tensor, taught: Output | None) -> Tensor:
    """Of a reader's ``output`` for windows whose tokens are ``there``, (windows, tokens), beside a teacher's.

    ``targets`` are the right first and last tokens, (windows,) each. Where the output holds states of upper layers,
    these are compared too: the teacher's lower layers see what those of a reader that is computed ahead do not.
    """
    logits = _logits(output, there)
    if taught is None:
        return reading_loss(logits, targets, None)
    loss = reading_loss(logits, targets, _logits(taught, there))
    if output.hidden_states and taught.hidden_states:
        upper = taught.hidden_states[-len(output.hidden_states) :]
        loss = loss + states_loss(output.hidden_states, upper, there)
    return loss


def _logits(output: Output, there: Tensor) -> list[Tensor]:
    """Of the first and of the last token, (windows, tokens) each."""
    found = (output.start_logits, output.end_logits)
    return [logits.float().masked_fill(~there, _PADDED) for logits in found if logits is not None]


def reading_loss(logits: Sequence[Tensor], targets: Sequence[Tensor], taught: Sequence[Tensor] | None) -> Tensor:
    """The mean over first and last token, whose logits are (windows, tokens) and whose right ones (windows,).

    With the logits of a teacher it is distillation (Hinton et al., 2015, arXiv:1503.02531), at temperature 1.
    """
    losses = [cross_entropy(said, right) for said, right in zip(logits, targets, strict=True)]
    for said, by_teacher in zip(logits, taught or [], strict=False):
        losses.append(
            _TAUGHT * kl_div(said.log_softmax(-1), by_teacher.log_softmax(-1), reduction="batchmean", log_target=True)
        )
    return torch.stack(losses).sum() / len(logits)


def states_loss(states: Sequence[Tensor], taught: Sequence[Tensor], there: Tensor) -> Tensor:
    """How far states, (windows, tokens, width) for each layer, are from a teacher's, as a share of its variance.

    Only tokens that are ``there``, (windows, tokens), count. DeFormer's layerwise representation similarity.
    """
    pairs = [(mine[there].float(), its[there].float()) for mine, its in zip(states, taught, strict=True)]
    return torch.stack([(mine - its).square().mean() / its.var() for mine, its in pairs]).mean()
