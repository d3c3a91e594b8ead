"""How many times faster several workers index than one, on this machine.

    python -m eval.benchmarks.bulk --workers 2
    python -m eval.benchmarks.bulk --ray local

The rounds take turns between one worker and several, each into a folder of its own, so that what else the machine does
meets both alike. Workers have loaded their models before the time counts.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from eval.suites.datasets import ARTICLE
from index.parsing import parse_file
from rag.config import ModelConfig
from rag.engine import Sourcespan
from rag.workers.bulk import workers

_WORDS_OF_FILE = 1_500


def main() -> None:
    """Prints the passages a second of each round, and the ratio of their medians, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ray", default="", help="address of a cluster, auto or local; by default processes here")
    parser.add_argument("--files", type=int, default=400, help="about 1,500 words each")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sourcespan-bulk-") as folder:
        files, few = Path(folder) / "files", Path(folder) / "few"
        write(files, arguments.files, seed=0)
        write(few, 40 * arguments.workers, seed=1)
        speeds: dict[int, list[float]] = {1: [], arguments.workers: []}
        for number in range(arguments.rounds):
            for count, measured in speeds.items():
                measured.append(speed(Path(folder) / f"{number}-{count}", few, files, count, arguments.ray))
    medians = {count: median(measured) for count, measured in speeds.items()}
    print(json.dumps({
        "workers": arguments.workers,
        "ray": arguments.ray,
        "passages_per_second": {str(count): [round(each, 1) for each in all_] for count, all_ in speeds.items()},
        "ratio": round(medians[arguments.workers] / medians[1], 3),
    }, indent=2))  # fmt: skip


def speed(data: Path, few: Path, files: Path, count: int, ray: str) -> float:
    """Passages a second that so many workers put in, once ``few`` are in."""
    models = ModelConfig()
    with Sourcespan.open(data, models, answers=False) as library, workers(library, models, count, ray) as crew:
        list(library.add_files([few], crew=crew))
        before, began = library.index.count()[1], perf_counter()
        list(library.add_files([files], crew=crew))
        return (library.index.count()[1] - before) / (perf_counter() - began)


def write(folder: Path, count: int, seed: int) -> None:
    """Files of sentences drawn from our article, none like another."""
    folder.mkdir()
    for number, text in enumerate(texts(count, seed)):
        (folder / f"{number:05}.txt").write_text(text, encoding="utf-8")


def texts(count: int, seed: int) -> Iterator[str]:
    """Sentences in another order each time, with a name of the file's own in the first."""
    draw = random.Random(seed)
    sentences = parse_file(ARTICLE).text.replace("\n", " ").split(". ")
    for number in range(count):
        words, chosen = 0, [f"File {seed}-{number} begins here"]
        while words < _WORDS_OF_FILE:
            chosen.append(draw.choice(sentences))
            words += len(chosen[-1].split())
        yield ". ".join(chosen) + "."


if __name__ == "__main__":
    main()
