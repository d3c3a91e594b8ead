"""What the training tests share: a tiny reader, a tiny tokenizer, small SQuAD files. No tests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForQuestionAnswering, PreTrainedTokenizerFast

from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion
from rag.training.commands import app

NOUNS = ["cat", "dog", "bird", "mat", "hill", "river"]
WORDS = [
    "who",
    "what",
    "where",
    "is",
    "the",
    "a",
    *NOUNS,
    "sat",
    "ran",
    "flew",
    "on",
    "under",
    "in",
    "red",
    "old",
    "and",
]
SMALL = "--max-tokens 40 --stride 8 --eval-max-tokens 40 --eval-stride 8 --tokens-per-batch 160 --threads 1"
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!'-é"


def tiny_tokenizer(*, positions: int = 128) -> PreTrainedTokenizerFast:
    """WordPiece over a few words and all letters."""
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    pieces = [*special.values(), *WORDS, *CHARACTERS, *("##" + c for c in CHARACTERS)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=special["unk_token"]))
    tokenizer.normalizer = BertNormalizer(strip_accents=False)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=positions, model_input_names=inputs, **special
    )


def tiny_reader(folder: Path, *, hidden: int = 32, seed: int = 0, positions: int = 128) -> Path:
    """A randomly initialised BERT of 2 layers, with dropout."""
    tokenizer = tiny_tokenizer(positions=positions)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=positions,
    )  # fmt: skip
    BertForQuestionAnswering(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def paragraph(text: str, *questions: tuple[str, Sequence[str]], title: str = "t") -> SquadParagraph:
    """Each question with its accepted answers, at their first place; no answers: unanswerable."""
    asked = [
        SquadQuestion(f"{title}-{n}", question, tuple(AcceptedAnswer(a, text.index(a)) for a in answers))
        for n, (question, answers) in enumerate(questions)
    ]
    return SquadParagraph(title, text, tuple(asked))


def paragraphs(count: int, *, seed: int, words: int = 25) -> list[SquadParagraph]:
    """Made-up paragraphs: "where is X" is answered by the word after X, "who" by nothing."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        said = rng.choice(WORDS, words).tolist()
        said[5:8] = ["cat", "on", str(rng.integers(10**6))]
        asked = [("where is the cat", [said[7]])] if number % 4 else [("who flew", [])]
        made.append(paragraph(" ".join(said), *asked, title=f"{seed}-{number}"))
    return made


def write_squad_json(path: Path, content: Sequence[SquadParagraph]) -> Path:
    """Written by hand rather than by the code under test."""
    data = [
        {"title": p.title, "paragraphs": [{"context": p.text, "qas": list(map(as_json, p.questions))}]} for p in content
    ]
    path.write_text(json.dumps({"data": data}), encoding="utf-8")
    return path


def as_json(question: SquadQuestion) -> dict[str, object]:
    answers = [{"text": a.text, "answer_start": a.start} for a in question.answers]
    return {"id": question.id, "question": question.question, "answers": answers}


@dataclass(frozen=True)
class Files:
    init: Path
    train: Path
    more: Path
    dev: Path


def arguments(files: Files, out: Path, *more: str) -> list[str]:
    given = f"run --init {files.init} --train {files.train} {files.more} --eval {files.dev} --out {out} {SMALL}"
    return [*given.split(), *more]


def main(arguments: Sequence[str]) -> int:
    """Runs `sourcespan train` in this process; gives the exit code."""
    return app(arguments, standalone_mode=False) or 0


def one_error_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("sourcespan: ")
    return lines[0]
