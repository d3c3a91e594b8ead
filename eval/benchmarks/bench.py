"""What this machine can do, what an answer's arithmetic needs of it, and where the time of `ask` really goes."""

from __future__ import annotations

import cProfile
import pstats
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as graph
from rich.table import Table

from eval.benchmarks.facts import Facts
from eval.benchmarks.memory import memory_mb
from eval.benchmarks.models import measured_model, number_format_of
from eval.suites.datasets import ARTICLE, ARTICLE_QUESTIONS, read_questions
from index.bert.bert_weights import Affine, Floats
from index.bert.graph.bert_graph import for_cpu
from index.bert.graph.graph_nodes import constant
from index.bert.graph.products import int8_layout, int8_products
from index.bert.precision import NumberFormat, cpu_has_fast_bf16, cpu_has_fast_int8
from index.bert.processor import threads
from index.documents import DocumentDraft
from index.ingestion.build import add_many
from index.parsing import parse_file
from index.passage_index import PassageIndex
from index.upkeep.terminal import Console
from rag.answers import Result
from rag.config import ModelConfig
from rag.engine import Sourcespan

# rows x inputs x outputs of the reader's largest products for five passages
_PRODUCT = (640, 384, 1536)
_ROUNDS = 200
_ENCODERS = ("rag/reader/joint_encoder.py", "rag/reader/precomputed_layers.py")
# who does the work of `ask`, as (file or one of these files, function): their times add up to nearly all of it
_STEPS: dict[str, tuple[str | tuple[str, ...], str]] = {
    "embed the question": ("index/embedder.py", "embed_queries"),
    "dense search": ("index/passage_index.py", "search_dense"),
    "lexical search": ("index/passage_index.py", "search_lexical"),
    "rerank": ("rag/retrieval/reranker.py", "score"),
    "tokenise and cut windows": (_ENCODERS, "windows"),
    "reader's forward pass": (_ENCODERS, "logits"),
    "best spans": ("rag/reader/spans.py", "best_token_spans"),
    "candidates": ("rag/confidence/candidates.py", "candidates"),
    "evidence": ("rag/confidence/evidence.py", "evidence"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """One run. Times in milliseconds, rates in 10⁹ operations per second, memory in MB."""

    facts: Facts
    reader: str
    """Its fingerprint."""
    precision: NumberFormat
    rates: Mapping[NumberFormat, float]
    """Of this machine's matrix products, by number format, the best of several."""
    products: float
    """Operations (10⁹) in the matrix products of one question, embedder and reader: the mean."""
    attention: float
    """Of these, in attention."""
    attention_in: NumberFormat
    floor: float
    """What the products alone must take, each at the rate of its format."""
    mean: float
    p50: float
    p95: float
    passages_read: float
    """Mean of a question: reading stops at a sure answer."""
    over_floor: float
    """p50 / floor."""
    steps: Mapping[str, float]
    """Mean time of each step of `ask`."""
    cold_start: float
    """From starting the process to its first answer printed."""
    passages_per_second: float
    """Splitting, embedding, storing."""
    resident: float
    """Memory with the article loaded and its questions asked."""
    peak: float
    """Most memory this process ever held, indexing many texts included."""

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON holds it, the facts of the machine first."""
        figures = asdict(self)
        return {**figures.pop("facts"), **figures}


def measure(models: ModelConfig, tell: Callable[[str], None]) -> Report:
    """Runs everything, one after the other; ``tell`` hears what is being measured."""
    with tempfile.TemporaryDirectory(prefix="sourcespan-bench-") as folder:
        models = replace(models, remembered_questions=0)
        library = Sourcespan.open(Path(folder) / "index", models)
        with library:
            library.add(parse_file(ARTICLE))
            questions = [question.question for question in read_questions(ARTICLE_QUESTIONS)]
            tell("asking")
            results = ask_all(library, questions)
            resident = memory_mb("VmRSS")
            steps = profile(library, questions)
            products, attention = _operations(library, questions[::4])
        tell("indexing")
        indexed = _index_rate(Path(folder) / "other", library)
        peak = memory_mb("VmHWM")
        tell("cold start")
        cold = _cold_start(Path(folder) / "index", questions[0])
    # this imports PyTorch, which is none of the memory that answering takes
    tell("matrix products")
    rates = matmul_rates()
    times = [result.timings.total for result in results]
    mean, (p50, p95) = float(np.mean(times)), (float(p) for p in np.percentile(times, [50, 95]))
    precision = number_format_of(library.reader)
    # what is beside products in 8 bits is in 16, where these are fast
    attention_in: NumberFormat = "bf16" if precision != "fp32" and "bf16" in rates else "fp32"
    floor = ((products - attention) / rates[precision] + attention / rates[attention_in]) * 1e3
    return Report(
        facts=Facts.here(),
        reader=library.reader.fingerprint,
        precision=precision,
        rates=rates,
        products=products,
        attention=attention,
        attention_in=attention_in,
        floor=floor,
        mean=mean,
        p50=p50,
        p95=p95,
        passages_read=float(np.mean([result.passages_read for result in results])),
        over_floor=p50 / floor,
        steps=steps,
        cold_start=cold,
        passages_per_second=indexed,
        resident=resident,
        peak=peak,
    )


def matmul_rates() -> dict[NumberFormat, float]:
    """10⁹ operations per second of the reader's largest matrix product, by number format this CPU has."""
    import torch

    rows, inputs, outputs = _PRODUCT
    left, right = torch.randn(rows, inputs), torch.randn(outputs, inputs)
    kinds: dict[NumberFormat, Callable[[], object]] = {"fp32": lambda: torch.nn.functional.linear(left, right)}
    if cpu_has_fast_bf16():
        left16, right16 = left.bfloat16(), right.bfloat16()
        kinds["bf16"] = lambda: torch.nn.functional.linear(left16, right16)
    if cpu_has_fast_int8():
        kinds["int8"] = _int8_product(left.numpy(), Affine(right.numpy(), np.zeros(outputs, np.float32)))
    return {name: 2 * rows * inputs * outputs / _best_seconds(kind) / 1e9 for name, kind in kinds.items()}


def _int8_product(inputs: Floats, layer: Affine) -> Callable[[], object]:
    taken = graph.parameter([1, *inputs.shape], np.float32)
    bounds, layout = np.stack([inputs.min(axis=0), inputs.max(axis=0)]), int8_layout()
    (made,) = int8_products(layout.laid(taken), [layer], bounds, layout)
    # what is taken out is little, so that it costs nothing to bring it into the order that it is given in
    summed = layout.product(made, constant(np.ones((1, len(layer.bias)), np.float32)))
    product = for_cpu(openvino.Model([summed], [taken]), bf16=False, threads=threads(), shapes_kept=1)
    request = product.create_infer_request()
    request.set_input_tensor(openvino.Tensor(inputs[np.newaxis]))
    return lambda: request.infer()


def _best_seconds(work: Callable[[], object]) -> float:
    """The best of many: what the silicon can do, not what its neighbours left over."""
    times = []
    for _ in range(_ROUNDS):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times)


def ask_all(library: Sourcespan, questions: Sequence[str]) -> list[Result]:
    """Asks one question after the other, once the models are warm."""
    library.ask(questions[0])  # the first question of a process pays for its warming up
    return [library.ask(question) for question in questions]


def _operations(library: Sourcespan, questions: Sequence[str]) -> tuple[float, float]:
    """Operations (10⁹) of a question's matrix products, and of those of them that are attention's."""
    models = measured_model(library.embedder), measured_model(library.reader)
    done_before = [replace(model.work) for model in models]
    by_torch, attention_by_torch = _counted_by_torch(lambda: ask_all(library, questions))
    done = [model.work for model in models]
    attention = sum(now.attention - then.attention for now, then in zip(done, done_before, strict=True))
    products = sum(now.products - then.products for now, then in zip(done, done_before, strict=True))
    asked = (len(questions) + 1) * 1e9
    return (products + attention + by_torch) / asked, (attention + attention_by_torch) / asked


def _counted_by_torch(work: Callable[[], object]) -> tuple[int, int]:
    """Operations of the matrix products that PyTorch does meanwhile, and of those of them that are attention's."""
    if "torch" not in sys.modules:  # it computes a model that is no BERT, and that is when it is imported
        work()
        return 0, 0
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    counts = counter.get_flop_counts().get("Global", {})
    return sum(counts.values()), counts.get(torch.ops.aten.bmm, 0)


def profile(library: Sourcespan, questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds of each step of `ask`, the mean of ``questions``."""
    profile = cProfile.Profile()
    profile.runcall(ask_all, library, questions)
    asked = len(questions) + 1
    seconds: dict[str, float] = {}
    whole = 0.0
    for (file, _, function), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for name, (path, wanted) in _STEPS.items():
            if function == wanted and Path(file).as_posix().endswith(path):
                seconds[name] = seconds.get(name, 0.0) + cumulative
        if function == "ask" and Path(file).as_posix().endswith("rag/answering/pipeline.py"):
            whole = cumulative
    steps = {name: seconds[name] / asked * 1e3 for name in _STEPS if name in seconds}
    return {**steps, "everything else": whole / asked * 1e3 - sum(steps.values())}


def _index_rate(folder: Path, library: Sourcespan) -> float:
    lines = [line for line in ARTICLE.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = ["\n\n".join(lines[first:] + lines[:first]) for first in range(len(lines))]
    with PassageIndex(folder, library.embedder, preparation=library.index.preparation) as index:
        began = perf_counter()
        added = sum(document.passages for document, _ in add_many(index, [DocumentDraft("", text) for text in texts]))
        return added / (perf_counter() - began)


def _cold_start(data: Path, question: str) -> float:
    began = perf_counter()
    program = "from api.cli import main; main()"
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, "ask", question, "--data", str(data)], check=False, capture_output=True
    )
    return (perf_counter() - began) * 1e3


def show(report: Report) -> None:
    """Prints the report as a person reads it: the ceiling, the floor, then every millisecond."""
    console = Console()
    console.print(str(report.facts))
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in report.rates.items())
    console.print(f"matrix products: {rates} · 10⁹ operations a second; {report.reader} runs in {report.precision}")
    console.print(
        f"one question reads {report.passages_read:.1f} passages and needs {report.products:.1f} · 10⁹ operations, "
        f"{report.attention:.1f} of them for attention in {report.attention_in}: at these rates {report.floor:.1f} ms"
    )
    console.print(
        f"ask: p50 {report.p50:.1f} ms ({report.over_floor:.2f} times that), p95 {report.p95:.1f}, "
        f"mean {report.mean:.1f}; of the mean"
    )
    table = Table(show_header=False, box=None, pad_edge=True)
    table.add_column(justify="right")
    for name, milliseconds in report.steps.items():
        table.add_row(f"{milliseconds:.2f} ms", name)
    console.print(table)
    console.print(f"first answer of a new process: {report.cold_start / 1e3:.1f} s")
    console.print(f"indexing: {report.passages_per_second:.0f} passages/s")
    console.print(f"memory: {report.resident:,.0f} MB with the article asked, {report.peak:,.0f} MB at most")
