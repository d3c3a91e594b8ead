"""The training loop: step, average, log, evaluate, checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import torch
from transformers.modeling_outputs import QuestionAnsweringModelOutput as Output

from rag.reader.windows import pad_values
from rag.training.config import TrainingConfig
from rag.training.data.batches import Mixture, Positions, collate, count_steps, plan_epoch
from rag.training.data.examples import Corpus
from rag.training.errors import CheckpointUnusable, NothingToTrainOn, TrainingDiverged
from rag.training.evaluation import Asked, Decoding, Scores, evaluate
from rag.training.learning.checkpoint import (
    Checkpoint,
    Progress,
    load_checkpoint,
    random_states,
    restore_random_states,
    save_checkpoint,
)
from rag.training.learning.hardware import Hardware
from rag.training.learning.loss import on_average, training_loss
from rag.training.learning.run_log import Pace, RunLog, clock
from rag.training.learning.schedule import Schedule

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class Trainer:
    """One run. `run` it, or `resume` it first; the averaged weights are in the model within `averaged`."""

    def __init__(
        self,
        config: TrainingConfig,
        hardware: Hardware,
        model: torch.nn.Module,
        tokenizer: PreTrainedTokenizerFast,
        corpus: Corpus,
        questions: Mapping[str, Sequence[Asked]],
        log: RunLog,
        *,
        apart: torch.nn.Module | None = None,
        teachers: Sequence[torch.nn.Module] = (),
    ) -> None:
        """``apart`` is the model as it is when its lower layers were computed ahead."""
        self.progress = Progress()
        self.scores: dict[str, Scores] = {}
        self._config, self._hardware, self._tokenizer, self._corpus = config, hardware, tokenizer, corpus
        self._questions, self._log = questions, log
        self._settings = config.deciding()
        self._mixture = Mixture(
            config.sources, config.null_fraction, config.tokens_per_batch, config.max_tokens, config.seed
        )
        self.schedule = self._make_schedule()
        self._model = model.to(hardware.device)
        self._reader = self._model if apart is None else apart
        self._teachers = [teacher.to(hardware.device).eval() for teacher in teachers]
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._average = [p.detach().clone() for p in self._parameters]
        self._optimiser = torch.optim.AdamW(
            [
                # biases and LayerNorms are the vectors among the parameters
                {"params": [p for p in self._parameters if p.ndim > 1], "weight_decay": config.weight_decay},
                {"params": [p for p in self._parameters if p.ndim < 2], "weight_decay": 0.0},
            ],
            lr=config.lr,
            fused=True,
        )
        self._fillers = pad_values(tokenizer)
        self._began = monotonic()
        self._pace = Pace()
        self._losses: list[torch.Tensor] = []
        self._last_loss = torch.zeros(())
        self._kept_step = -1
        self._scored_step = -1

    def _make_schedule(self) -> Schedule:
        config = self._config
        steps, seconds = config.steps, config.minutes and config.minutes * 60
        if config.epochs is not None:
            steps = count_steps(self._corpus, self._mixture, config.epochs)
        if steps == 0 or not any(len(plan_epoch(self._corpus, self._mixture, e)) for e in (0, 1)):
            raise NothingToTrainOn([s.name for s in config.sources])
        return Schedule(config.lr, config.warmup_steps, steps, seconds)

    def resume(self) -> None:
        """Go back to the checkpoint in the output folder. Raises CheckpointUnusable or CheckpointMismatch."""
        saved = load_checkpoint(self._config.out, self._settings)
        try:
            self._model.load_state_dict(saved.model)
            for mine, average in zip(self._average, saved.average, strict=True):
                mine.copy_(average)
            self._optimiser.load_state_dict(saved.optimiser)
        except (RuntimeError, ValueError) as error:
            raise CheckpointUnusable(str(self._config.out), "it is of another model than --init") from error
        restore_random_states(saved.random)
        self.progress = saved.progress
        self._kept_step = saved.progress.step
        self._began = monotonic() - saved.progress.seconds
        self._log.event("resume", step=self.progress.step, seconds=round(self.progress.seconds, 1))
        self._log.say(f"resumed at step {self.progress.step}")

    def run(self) -> None:
        """Train to the end, keep a last checkpoint, and evaluate."""
        self._pace.go()
        while not self._over():
            self._run_epoch()
        if self._config.checkpoint_every:
            self._checkpoint()
        self._evaluate()

    def _over(self) -> bool:
        self.progress.seconds = monotonic() - self._began
        return self.schedule.over(self.progress.step, self.progress.seconds)

    def _run_epoch(self) -> None:
        plan = plan_epoch(self._corpus, self._mixture, self.progress.epoch)
        for batch in plan[self.progress.batch :]:
            if self._over():
                return
            loss = self._step(batch)
            self.progress.step += 1
            self.progress.batch += 1
            self.progress.windows += len(batch)
            self._pace.count(len(batch))
            self._after_step(loss)
        self.progress.epoch += 1
        self.progress.batch = 0

    def _step(self, windows: Positions) -> torch.Tensor:
        config, device, step = self._config, self._hardware.device, self.progress.step
        rate = self.schedule.rate(step, self.progress.seconds)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        arrays = collate(self._corpus, windows, self._fillers, config.max_tokens)
        inputs = {n: torch.from_numpy(a).to(device, non_blocking=True) for n, a in arrays.items()}
        targets = [torch.from_numpy(a[windows]).long().to(device) for a in (self._corpus.first, self._corpus.last)]
        # every third step all layers see question and passage, so that the same weights can be read either way
        reader = self._model if step % 3 == 2 else self._reader
        reader.train()
        output = self._read(reader, inputs)
        loss = training_loss(output, targets, inputs["attention_mask"] == 1, self._taught(inputs))
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._parameters, config.clip)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self._follow(min(config.average, (step + 1) / (step + 10)) if config.average else 0.0)
        return loss.detach()

    def _read(self, reader: torch.nn.Module, inputs: dict[str, torch.Tensor], **wanted: bool) -> Output:
        with self._hardware.autocast():
            output: Output = reader(**inputs, **wanted)
        return output

    @torch.no_grad()
    def _taught(self, inputs: dict[str, torch.Tensor]) -> Output | None:
        if not self._teachers:
            return None
        first, *others = self._teachers
        outputs = [self._read(first, inputs, output_hidden_states=True), *(self._read(one, inputs) for one in others)]
        return on_average(outputs, inputs["attention_mask"] == 1)

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        for average, parameter in zip(self._average, self._parameters, strict=True):
            average.lerp_(parameter, 1 - decay)

    def _after_step(self, loss: torch.Tensor) -> None:
        config, step = self._config, self.progress.step
        self._losses.append(loss)
        self._last_loss = loss
        if step % config.log_every == 0:
            self._report()
        self._pace.pause()
        if config.checkpoint_every and step % config.checkpoint_every == 0:
            self._checkpoint()
        if config.eval_every and step % config.eval_every == 0:
            self._evaluate()
        self._pace.go()

    def _refuse_divergence(self) -> None:
        # not at every step: on a GPU every look waits for the device. Once no number, the loss stays so
        if not math.isfinite(loss := self._last_loss.item()):
            raise TrainingDiverged(self.progress.step, loss)

    def _report(self) -> None:
        self._refuse_divergence()
        loss = torch.stack(self._losses).mean().item()
        self._losses.clear()
        per_second, per_step = self._pace.lap()
        step, seconds = self.progress.step, monotonic() - self._began
        left = self.schedule.left(step, seconds, per_step)
        rate = self.schedule.rate(step - 1, seconds)
        self._log.event(
            "step", step=step, epoch=self.progress.epoch, loss=round(loss, 4), lr=rate,
            windows_per_second=round(per_second, 2), seconds=round(seconds, 1),
        )  # fmt: skip
        total = f"/{self.schedule.steps}" if self.schedule.steps else ""
        self._log.say(f"step {step}{total}  loss {loss:.3f}  {per_second:.1f} windows/s  ETA {clock(left)}")

    def _checkpoint(self) -> None:
        if self._kept_step == self.progress.step:
            return
        self._refuse_divergence()
        self.progress.seconds = monotonic() - self._began
        save_checkpoint(
            self._config.out,
            Checkpoint(
                settings=self._settings,
                progress=self.progress,
                model=self._model.state_dict(),
                average=self._average,
                optimiser=self._optimiser.state_dict(),
                random=random_states(),
            ),
        )
        self._kept_step = self.progress.step
        self._log.say(f"checkpoint at step {self.progress.step}")

    @contextmanager
    def averaged(self) -> Iterator[torch.nn.Module]:
        """The model with the averaged weights in place of the trained ones."""
        trained = [p.data for p in self._parameters]
        try:
            for parameter, average in zip(self._parameters, self._average, strict=True):
                parameter.data = average
            yield self._model
        finally:
            for parameter, data in zip(self._parameters, trained, strict=True):
                parameter.data = data

    def _evaluate(self) -> None:
        config, step = self._config, self.progress.step
        if self._scored_step == step:
            return
        self._refuse_divergence()
        decoding = Decoding(
            config.eval_max_tokens, config.eval_stride, config.max_answer_tokens, config.tokens_per_batch
        )
        with self.averaged():
            for name, asked in self._questions.items():
                scores = evaluate(self._reader, self._tokenizer, asked, decoding, self._hardware)
                self.scores[name] = scores
                self._log.event("evaluation", step=step, set=name, **scores.as_json())
                self._log.say(f"step {step}  {name}: {scores}")
        self._scored_step = step
