"""The average of several runs' weights, which often beats each of them (Wortsman et al., arXiv 2203.05482)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from index.store.files import sha256_of
from rag.training.errors import InvalidSetting, OutputTaken, UnlikeModels
from rag.training.model_card import CARD, DATA, describe_model, history, inherited_data
from rag.training.weights import WEIGHTS, load_reader, save_reader


def average_readers(folders: Sequence[Path], out: Path) -> None:
    """Write the mean of the readers' weights, with the first one's tokenizer, into ``out``.

    Raises InvalidSetting, OutputTaken, ModelError, or UnlikeModels where vocabularies or shapes differ.
    """
    if len(folders) < 2:
        raise InvalidSetting("soup", ", ".join(map(str, folders)), "an average needs two readers or more")
    if (out / WEIGHTS).exists():
        raise OutputTaken(str(out), "a finished reader", "choose another --out")
    first = folders[0]
    model, tokenizer = load_reader(first)
    total = {name: tensor.double() for name, tensor in model.state_dict().items()}
    for folder in folders[1:]:
        other, other_tokenizer = load_reader(folder)
        if other_tokenizer.get_vocab() != tokenizer.get_vocab():
            raise UnlikeModels(str(first), str(folder), "their vocabularies differ")
        _add(total, other.state_dict(), first, folder)
    model.load_state_dict({name: (tensor / len(folders)).float() for name, tensor in total.items()})
    out.mkdir(parents=True, exist_ok=True)
    save_reader(out, model, tokenizer)
    (out / CARD).write_text(_card(folders, out, describe_model(model)), encoding="utf-8")


def _add(total: dict[str, torch.Tensor], more: dict[str, torch.Tensor], first: Path, folder: Path) -> None:
    for name in sorted({*total, *more}):
        shapes = [tuple(t[name].shape) if name in t else None for t in (total, more)]
        if shapes[0] != shapes[1]:
            raise UnlikeModels(str(first), str(folder), f"{name} has the shapes {shapes[0]} and {shapes[1]}")
    for name in total:
        total[name] += more[name]


def _card(folders: Sequence[Path], out: Path, model: str) -> str:
    lines = [
        f"# {out.name}",
        "",
        f"The mean of the weights of {len(folders)} readers. {model}.",
        "",
        *(f"- {f.name}, weights sha256 `{sha256_of(f / WEIGHTS)}`" for f in folders),
        "",
    ]
    names = ", ".join(folder.name for folder in folders)
    lines += [DATA, "", *(line for folder in folders for line in inherited_data(folder))]
    lines += history(folders, f"| {out.name} | mean of the weights of {names} | not measured |")
    return "\n".join(lines) + "\n"
