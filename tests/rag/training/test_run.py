"""Whole runs through the command line: killed, resumed, refused, finished, averaged."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from rag.training import weights
from rag.training.errors import CheckpointUnusable
from rag.training.learning import checkpoint
from rag.training.learning.checkpoint import Checkpoint, Progress, load_checkpoint, save_checkpoint
from rag.training.learning.commit import code_commit
from rag.training.learning.hardware import choose_hardware
from rag.training.learning.trainer import Trainer
from tests.rag.training.support import (
    Files,
    arguments,
    main,
    one_error_line,
    paragraphs,
    tiny_reader,
    write_squad_json,
)

ROOT = Path(__file__).parents[3]
BLOCKED = ["faiss", "fastapi", "lxml", "scipy", "sentence_transformers", "sklearn", "uvicorn"]
# the command, without the packages that it must not need
WITHOUT_THE_REST = f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED}))
from rag.training.commands import app
app()
"""


def start(program: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    command, pipe = [sys.executable, *program], subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=pipe, stderr=subprocess.STDOUT)


@dataclass(frozen=True)
class Killed:
    undisturbed: Path
    killed: Path
    copy: Path
    """Of ``killed``, before it is resumed."""
    options: tuple[str, ...]


@pytest.fixture(scope="module")
def killed(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """An undisturbed run in this process, and one in its own that is killed at its first checkpoint."""
    folder = tmp_path_factory.mktemp("runs")
    words = "--steps 70 --checkpoint-every 13 --eval-every 20 --lr 1e-3 --cap train=30 --weight more=1.5"
    options = tuple(words.split())
    assert main(arguments(files, folder / "undisturbed", *options)) == 0
    with start(["-m", "rag.training", *arguments(files, folder / "killed", *options)]) as victim:
        assert victim.stdout is not None
        said = []
        for line in victim.stdout:
            said.append(line)
            if line.startswith("checkpoint at"):
                victim.send_signal(signal.SIGKILL)
                break
        assert victim.wait() == -signal.SIGKILL, "".join(said)
    shutil.copytree(folder / "killed", folder / "copy")
    return Killed(folder / "undisturbed", folder / "killed", folder / "copy", options)


def test_a_killed_and_resumed_run_ends_in_the_same_bits(files: Files, killed: Killed) -> None:
    assert not (killed.killed / "model.safetensors").exists()
    program = ["-c", WITHOUT_THE_REST, *arguments(files, killed.killed, *killed.options, "--resume")]
    with start(program) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "resumed at step" in output
    one, other = ((f / "model.safetensors").read_bytes() for f in (killed.undisturbed, killed.killed))
    assert one == other
    assert not (killed.killed / "checkpoint.pt").exists()
    events, undisturbed = (log_of(f) for f in (killed.killed, killed.undisturbed))
    assert [e["event"] for e in events if e["event"] in {"start", "resume", "end"}] == [
        "start",
        "start",
        "resume",
        "end",
    ]
    assert events[-1]["scores"] == undisturbed[-1]["scores"]


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("--resume", "--lr", "2e-3"), "had lr 0.001, not 0.002"),
        (("--resume", "--cap", "train=29"), "had cap of train 30, not 29"),
        ((), "holds an unfinished run"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    files: Files,
    killed: Killed,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: Sequence[str],
    message: str,
) -> None:
    shutil.copytree(killed.copy, tmp_path / "out")
    before = (tmp_path / "out" / "checkpoint.pt").read_bytes()
    assert main(arguments(files, tmp_path / "out", *killed.options, *changed)) == 2
    assert message in one_error_line(capsys)
    assert (tmp_path / "out" / "checkpoint.pt").read_bytes() == before


def test_a_run_learns_and_leaves_a_reader_a_card_and_a_log(files: Files, tmp_path: Path) -> None:
    out, licences = tmp_path / "reader", tmp_path / "licences.json"
    licences.write_text(json.dumps({"train": "CC BY-SA 4.0", "elsewhere": "MIT"}))
    options = f"--epochs 6 --lr 3e-3 --warmup-steps 5 --log-every 5 --average 0.9 --licences {licences}".split()
    assert main(arguments(files, out, *options)) == 0
    names = {
        "MODEL_CARD.md",
        "config.json",
        "log.jsonl",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert {p.name for p in out.iterdir()} == names

    events = log_of(out)
    losses = [e["loss"] for e in events if e["event"] == "step"]
    assert losses[-1] < 0.7 * losses[0]
    assert [e["event"] for e in events if e["event"] != "step"] == ["start", "evaluation", "end"]
    assert 0 <= events[-1]["scores"]["dev"]["best_f1"] <= 100

    model = AutoModelForQuestionAnswering.from_pretrained(out)
    assert all(p.dtype is torch.float16 for p in model.parameters())
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert tokenizer.backend_tokenizer.truncation is None
    assert tokenizer.get_vocab() == AutoTokenizer.from_pretrained(files.init).get_vocab()

    card = (out / "MODEL_CARD.md").read_text()
    assert "**Share-alike text was trained on**: train (CC BY-SA 4.0)." in card
    assert "**Licence not stated**: more." in card
    assert "| train | 60 | 60 | 15 |" in card
    assert f"{events[-1]['step']:,} steps" in card
    assert "| reader | init, 6 epochs | dev: F1 " in card
    assert main(arguments(files, out, "--resume")) == 2, "a finished reader is not overwritten"


def test_bf16_trains_where_it_is_asked_for(files: Files, tmp_path: Path) -> None:
    assert main(arguments(files, tmp_path / "out", "--precision", "bf16", "--steps", "2")) == 0
    events = log_of(tmp_path / "out")
    assert events[0]["hardware"].endswith("bf16 autocast, eager attention") or torch.cuda.is_available()


def test_the_end_by_minutes(files: Files, tmp_path: Path) -> None:
    assert main(arguments(files, tmp_path / "out", "--minutes", "0.01", "--checkpoint-every", "0")) == 0
    end = log_of(tmp_path / "out")[-1]
    assert 0.6 <= end["seconds"] < 30


def test_shared_paragraphs_stop_a_run_before_it_writes_anything(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = write_squad_json(tmp_path / "shared.json", paragraphs(5, seed=3))
    assert main([*arguments(files, tmp_path / "out"), "--train", str(shared)]) == 2
    assert "share text in 5 paragraphs: shared.json with dev.json (5); first: " in one_error_line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--cap nothing=3", "cap nothing: no training file has this name; there are train, more"),
        ("--cap train=many", "cap train=many: give NAME=NUMBER"),
        ("--weight train=-1", "weight of train -1.0: must not be negative"),
        ("--weight train=0 more=0", "nothing to train on in train, more"),
        ("--stride 40", "stride 40: must be at least 0 and below max_tokens 40"),
        ("--max-tokens 129", "max_tokens 129: the model takes at most 128 tokens"),
        ("--tokens-per-batch 39", "tokens_per_batch 39: must hold a window of max_tokens 40"),
        ("--steps 0", "steps 0: must be above 0"),
        ("--lr nan", "lr nan: must be above 0"),
        ("--train /nowhere/a.json", "'a.json' cannot be read: not SQuAD JSON"),
        ("--init /nowhere", "model '/nowhere' was not found"),
        ("--eval dev.v1.json dev.v2.json", "eval dev: two files have this name"),
        ("--licences /nowhere", "No such file or directory: '/nowhere'"),
        ("--layers-ahead 2", "layers_ahead 2: must be below the model's 2 layers"),
        ("--layers-ahead -1", "layers_ahead -1: must not be negative"),
        ("--teacher /nowhere", "model '/nowhere' was not found"),
        ("--device cuda:99", "device cuda:99: torch finds"),
        ("--device tpu", "device tpu: torch knows no such device"),
    ],
)
def test_bad_input_gives_one_line(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str, message: str
) -> None:
    assert main([*arguments(files, tmp_path / "out"), *options.split()]) == 2
    assert message in one_error_line(capsys)


def test_mistaken_options_are_a_matter_of_usage(files: Files, tmp_path: Path) -> None:
    with start(["-m", "rag.training", *arguments(files, tmp_path / "out"), "--batch", "3"]) as process:
        output, _ = process.communicate()
    assert process.returncode == 2
    assert "No such option: --batch" in output


def test_a_loss_that_is_no_number_stops_the_run_and_is_not_kept(files: Files, tmp_path: Path) -> None:
    trained = Trainer._step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Trainer, "_step", lambda self, batch: trained(self, batch) * (1 if self.progress.step < 5 else float("nan"))
        )
        assert main(arguments(files, tmp_path, "--steps", "9", "--checkpoint-every", "3")) == 2
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["progress"]["step"] == 3
    assert not (tmp_path / "model.safetensors").exists()


def example_checkpoint(step: int = 1) -> Checkpoint:
    return Checkpoint(
        {"lr": 1.0}, Progress(step), {"w": torch.ones(2)}, [torch.ones(2)], {"state": {}}, [torch.get_rng_state()]
    )


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, example_checkpoint(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: pytest.fail("killed here"))
        with pytest.raises(pytest.fail.Exception):
            save_checkpoint(tmp_path, example_checkpoint(2))
    assert load_checkpoint(tmp_path, {"lr": 1.0}).progress.step == 1
    save_checkpoint(tmp_path, example_checkpoint(3))
    assert load_checkpoint(tmp_path, {"lr": 1.0}).progress.step == 3
    assert [p.name for p in tmp_path.iterdir()] == [checkpoint.NAME]


def test_a_broken_checkpoint_is_named(tmp_path: Path) -> None:
    for content in (b"", b"no checkpoint", b"PK\x03\x04 cut off"):
        (tmp_path / checkpoint.NAME).write_bytes(content)
        with pytest.raises(CheckpointUnusable, match=r"checkpoint\.pt cannot be used"):
            load_checkpoint(tmp_path, {})


def test_the_average_is_swapped_in_and_out(files: Files, tmp_path: Path) -> None:
    seen = []
    ran = Trainer.run

    def run(self: Trainer) -> None:
        ran(self)
        trained = [p.clone() for p in self._parameters]
        with self.averaged():
            seen.append([p.clone() for p in self._parameters])
        assert all(torch.equal(a, b) for a, b in zip(trained, self._parameters, strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(trained, seen[0], strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "run", run)
        assert main(arguments(files, tmp_path / "out", "--steps", "3")) == 0
    saved = load_file(tmp_path / "out" / "model.safetensors")
    assert torch.equal(saved["qa_outputs.weight"], seen[0][-2].half())


def test_a_soup_is_the_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = (tiny_reader(tmp_path / name, seed=seed) for name, seed in (("one", 1), ("other", 2)))
    (one / "MODEL_CARD.md").write_text("# one\nTrained on CC BY-SA text.\n")
    assert main(f"soup {one} {other} --out {tmp_path / 'soup'}".split()) == 0
    a, b, mean = (load_file(f / "model.safetensors") for f in (one, other, tmp_path / "soup"))
    for name in a:
        torch.testing.assert_close(mean[name], ((a[name].double() + b[name].double()) / 2).half())
    assert "Trained on CC BY-SA text." in (tmp_path / "soup" / "MODEL_CARD.md").read_text()
    wide = tiny_reader(tmp_path / "wide", hidden=64)
    capsys.readouterr()
    assert main(f"soup {one} {wide} --out {tmp_path / 'none'}".split()) == 2
    assert "cannot be averaged: bert.embeddings" in one_error_line(capsys)


def test_split_from_the_command_line(files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = f"--out-train {tmp_path / 't'} --out-held-out {tmp_path / 'h'}"
    assert main(f"split {files.train} {files.more} --fraction 0.3 --seed 5 {folders}".split()) == 0
    assert capsys.readouterr().out.count("held out\n") == 2
    assert {p.name for p in (tmp_path / "t").iterdir()} == {"train.json", "more.data.json"}


def test_the_files_of_a_reader_are_readable_by_others(tmp_path: Path) -> None:
    reader = weights.load_reader(tiny_reader(tmp_path / "init"))
    weights.save_reader(tmp_path / "out", *reader)
    assert len({p.stat().st_mode for p in (tmp_path / "out").iterdir()}) == 1


def test_precision_follows_the_processor_unless_told() -> None:
    assert choose_hardware("cpu", "bf16", 0).attention == "eager"
    assert not choose_hardware("cpu", "fp32", 0).bf16
    automatic = choose_hardware("cpu", "auto", 0)
    assert automatic.bf16 is (automatic.attention == "eager")


def test_the_commit_is_that_of_a_repository_and_of_a_worktree_and_else_unknown(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        return subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    assert code_commit(tmp_path) == "unknown"
    git("init")
    assert code_commit(tmp_path) == "unknown"
    git("commit", "--allow-empty", "-m", "one")
    assert code_commit(tmp_path) == git("rev-parse", "HEAD")
    git("worktree", "add", "--detach", "tree")
    assert code_commit(tmp_path / "tree") == code_commit(tmp_path)
    (tmp_path / "installed").mkdir()  # as in a virtual environment inside somebody's repository
    assert code_commit(tmp_path / "installed") == "unknown"


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert code_commit(ROOT) == "unknown"
