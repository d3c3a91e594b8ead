"""What training makes small: the surprise at the right first and last token, and the distance from a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

_TAUGHT = 2.0
"""How much a teacher's answer counts against the right one."""


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
