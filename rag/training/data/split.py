"""SQuAD files split in two by paragraph text, so that what is held out is disjoint from what is trained on."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from index.store.files import put
from rag.squad import SquadParagraph, read_squad
from rag.training.data.overlap import group_alike, letters
from rag.training.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How many paragraphs and questions of ``file`` went to each side."""

    file: str
    train_paragraphs: int
    train_questions: int
    held_out_paragraphs: int
    held_out_questions: int


def split_files(
    files: Sequence[Path], *, fraction: float, out_train: Path, out_held_out: Path, seed: int, shared_words: int = 40
) -> list[SplitCounts]:
    """Write each file's two sides under its own name into the two folders.

    A paragraph's side is decided by the hash of its letters and digits, so it is the same in every file and in every
    call with the same ``seed``. Paragraphs that share ``shared_words`` words running follow the one of them whose text
    sorts first: otherwise `rag.training run` would refuse the two sides. Raises InvalidSetting or MalformedFile.
    """
    _check(files, fraction, out_train, out_held_out)
    paragraphs = [list(read_squad(f)) for f in files]
    texts = [p.text for of_file in paragraphs for p in of_file]
    sides = iter(_held_out(texts, fraction, seed, shared_words))
    counts = []
    for path, of_file in zip(files, paragraphs, strict=True):
        train: list[SquadParagraph] = []
        held_out: list[SquadParagraph] = []
        for paragraph in of_file:
            (held_out if next(sides) else train).append(paragraph)
        write_squad(out_train / path.name, train)
        write_squad(out_held_out / path.name, held_out)
        counts.append(SplitCounts(path.name, len(train), _questions(train), len(held_out), _questions(held_out)))
    return counts


def _check(files: Sequence[Path], fraction: float, out_train: Path, out_held_out: Path) -> None:
    if not 0 < fraction < 1:
        raise InvalidSetting("fraction", fraction, "must be above 0 and below 1")
    names = [f.name for f in files]
    for name in names:
        if names.count(name) > 1:
            raise InvalidSetting("file", name, "two files have this name")
    folders = {f.resolve().parent for f in files}
    for setting, out in (("out-train", out_train), ("out-held-out", out_held_out)):
        if out.resolve() in folders:
            raise InvalidSetting(setting, out, "the files themselves are in this folder")
    if out_train.resolve() == out_held_out.resolve():
        raise InvalidSetting("out-held-out", out_held_out, "must differ from out-train")


def _held_out(texts: Sequence[str], fraction: float, seed: int, shared_words: int) -> list[bool]:
    groups = group_alike(texts, words=shared_words)
    speaker: dict[int, str] = {}
    for group, text in zip(groups, map(letters, texts), strict=True):
        speaker[group] = min(speaker.get(group, text), text)
    side = {group: _unit(text, seed) < fraction for group, text in speaker.items()}
    return [side[g] for g in groups]


def _unit(text: str, seed: int) -> float:
    """A number from 0 to 1 that ``text`` and ``seed`` decide."""
    digest = blake2b(f"{seed}:{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _questions(paragraphs: Iterable[SquadParagraph]) -> int:
    return sum(len(p.questions) for p in paragraphs)


def write_squad(path: Path, paragraphs: Iterable[SquadParagraph]) -> None:
    """Write a SQuAD 2.0 file, gzipped where its name ends in .gz; equal paragraphs give equal bytes."""
    articles: dict[str, list[SquadParagraph]] = {}
    for paragraph in paragraphs:
        articles.setdefault(paragraph.title, []).append(paragraph)
    data = [{"title": t, "paragraphs": [_as_json(p) for p in of_title]} for t, of_title in articles.items()]
    content = json.dumps({"version": "v2.0", "data": data}).encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as file:
            file.write(content)
        content = packed.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(content)
    put(unfinished, path)


def _as_json(paragraph: SquadParagraph) -> dict[str, object]:
    return {
        "context": paragraph.text,
        "qas": [
            {
                "id": q.id,
                "question": q.question,
                "is_impossible": not q.answers,
                "answers": [{"text": a.text, "answer_start": a.start} for a in q.answers],
            }
            for q in paragraph.questions
        ],
    }
