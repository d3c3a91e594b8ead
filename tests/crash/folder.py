"""kill -9 at random points of opening, ingesting, replacing, deleting and snapshots: is anything lost or half there?

    python -m tests.crash.folder --trials 200

Each trial starts a process that works on the same data directory as the trials before it and is killed: at a random
time, or in the middle of an operation after a random number of calls. Then the directory is opened anew, as a start
after a crash would, and compared with what the process had acknowledged. A kill leaves what the kernel holds; that
a power cut loses nothing rests on SQLite's synchronous = FULL, and is not tried here.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from index.documents import DocumentDraft
from index.errors import CatalogueUnreachable
from index.ingestion import following
from index.ingestion.build import add_many
from index.passage_index import PassageIndex
from index.passages.splitting import PassageSize, split
from index.store.originals.in_folder import Incoming
from index.vectors.vector_rule import VectorRule
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of

OPERATIONS = ("open", "add", "add_many", "replace", "delete", "snapshot")
MOST_DOCUMENTS = 40
_PATIENCE_SECONDS = 120
ALL = 100_000

# a server that has imported everything forks the processes: each starts in milliseconds
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["index.ingestion.build", "tests.fakes"])


class Lost(AssertionError):
    """What was acknowledged is not there, or something is half there."""


@dataclass
class Acknowledged:
    """What the killed process had said: what is stored for certain, and what it was at."""

    stored: dict[str, str]
    doing: str = "open"
    adding: list[str] = field(default_factory=list)
    """Texts that may be there, or not, each whole."""
    replacing: dict[str, str] = field(default_factory=dict)
    deleting: str = ""
    finished: int = 0

    def hear(self, message: tuple[Any, ...]) -> None:
        """One message of the process."""
        match message:
            case ("begin", ("add" | "add_many") as doing, texts):
                self.doing, self.adding = doing, list(texts)
            case ("begin", "replace", document_id, text):
                self.doing, self.replacing = "replace", {document_id: text}
            case ("begin", "delete", document_id):
                self.doing, self.deleting = "delete", document_id
            case ("begin", doing):
                self.doing = doing
            case ("stored", document_id, text):
                self.stored[document_id] = text
            case ("deleted", document_id):
                del self.stored[document_id]
            case ("unreachable",):
                self.doing = "unreachable"
            case ("done",):
                self.doing, self.adding, self.replacing, self.deleting = "between operations", [], {}, ""
                self.finished += 1

    def check(self, found: dict[str, str]) -> None:
        """Raises Lost where ``found``, the documents after a new start, is none of what may be."""
        for document_id, text in self.stored.items():
            if document_id not in found and document_id != self.deleting:
                raise Lost(f"document {document_id} was acknowledged and is gone")
            if found.get(document_id, text) not in (text, self.replacing.get(document_id)):
                raise Lost(f"document {document_id} has another text")
        unknown = [found[document_id] for document_id in found.keys() - self.stored.keys()]
        if not set(unknown) <= set(self.adding):
            raise Lost("there is a document that nobody put in")
        if len(set(found.values())) < len(found):
            raise Lost("one text is stored twice")


@dataclass(frozen=True)
class Kill:
    """When a process dies: ``calls`` calls after the ``nth`` operation began, or whenever the parent likes."""

    nth: int
    calls: int


def work(folder: Path, database: str, seed: int, stored: dict[str, str], kill: Kill | None, say: Connection) -> None:
    """Does random things to the index in ``folder``, saying what it begins and what is done, until it is killed.

    Where its database is killed, it is at nothing any more.
    """
    following._DOCUMENTS_IN_GROUP = 3  # so that several groups are at hand
    try:
        _work(folder, database, seed, stored, kill, say)
    except CatalogueUnreachable:
        say.send(("unreachable",))
        signal.pause()


def _work(folder: Path, database: str, seed: int, stored: dict[str, str], kill: Kill | None, say: Connection) -> None:
    draw = random.Random(seed)
    begun = 0

    def begin(*what: object) -> None:
        nonlocal begun
        say.send(("begin", *what))
        if kill is not None and begun == kill.nth:
            _die_after(kill.calls)
        begun += 1

    begin("open")
    index = open_index(folder, database)
    say.send(("done",))
    while True:
        ids = sorted(stored)
        do = draw.choice(OPERATIONS[1:] if ids else ("add", "add_many"))
        if len(ids) > MOST_DOCUMENTS:
            do = "delete"
        if do == "delete":
            gone = draw.choice(ids)
            begin(do, gone)
            index.delete(gone)
            del stored[gone]
            say.send(("deleted", gone))
        elif do == "replace":
            changed, text = draw.choice(ids), _text(draw)
            begin(do, changed, text)
            with index.incoming() as incoming:
                index.replace(changed, _with_file(incoming, text))
            stored[changed] = text
            say.send(("stored", changed, text))
        elif do == "snapshot":
            begin(do)
            index.save_snapshot()
        else:
            texts = [_text(draw) for _ in range(8 if do == "add_many" else 1)]
            begin(do, texts)
            with index.incoming() as incoming:
                drafts = [_with_file(incoming, text) for text in texts]
                for text, (document, _) in zip(texts, add_many(index, drafts), strict=True):
                    stored[document.id] = text
                    say.send(("stored", document.id, text))
        say.send(("done",))


def open_index(folder: Path, database: str = "") -> PassageIndex:
    """With lists as soon as there are a few passages, so that snapshots make the vector index anew."""
    rule = VectorRule("ivf", train_from=60, regrow=1.5)
    return PassageIndex(folder, BagOfWordsEmbedder(), rule=rule, database=database)


def check_index(index: PassageIndex) -> dict[str, str]:
    """The documents, by id. Raises Lost where passages, words, vectors or files are not exactly theirs."""
    embedder = BagOfWordsEmbedder()
    size = PassageSize().within(embedder.max_tokens)
    found = {}
    expected = set()
    for document in index.documents(limit=ALL):
        text = index.with_text(document.id)[1]
        found[document.id] = text
        if DocumentDraft("", text).sha256 != document.sha256:
            raise Lost(f"the text of {document.id} is not the one that was stored")
        if document.original is not None and not index._catalogue.originals.is_whole(document.original.sha256):
            raise Lost(f"the file of {document.id} is not the one that was put in")
        expected |= {(document.id, p.start, p.end) for p in split(text, embedder.count_tokens, size)}
    query = embedder.embed_queries(["word and story"])[0]
    dense, lexical = index.search_dense(query, ALL), index.search_lexical("story", ALL)
    if index.word_keys().tolist() != index._catalogue.keys().tolist():
        raise Lost("the word index does not hold the passages of the catalogue")
    for arm, hits in (("the vectors", dense), ("the words", lexical)):
        if {(passage.document_id, passage.start, passage.end) for passage in passages_of(index, hits)} != expected:
            raise Lost(f"{arm} are not those of the documents")
    for hit, passage in zip(dense, passages_of(index, dense), strict=True):
        if found[passage.document_id][passage.start : passage.end] != passage.text:
            raise Lost(f"passage {passage.id} is not a range of its document")
        if abs(hit.score - float(embedder.embed_queries([passage.text])[0] @ query)) > 1e-4:
            raise Lost(f"the vector of {passage.id} is another passage's")
    return found


def trials(
    count: int, folder: Path, seed: int, database: str = "", killing: Callable[[int], None] = lambda _: None
) -> Iterator[Acknowledged]:
    """Yields what each killed process was at, after everything was found in order. Raises Lost.

    ``killing`` is called with the number of each trial before its process is killed.
    """
    draw = random.Random(seed)
    stored: dict[str, str] = {}
    for number in range(count):
        by_calls = number % 2 == 0
        # most operations make some hundreds to thousands of calls
        kill = Kill(draw.randrange(12), int(10 ** draw.uniform(0, 4))) if by_calls else None
        seconds = draw.uniform(0, 0.5)
        heard = _killed(folder, database, draw.getrandbits(32), stored, kill, seconds, partial(killing, number))
        index = open_index(folder, database)
        found = check_index(index)
        heard.check(found)
        index._catalogue.close()  # no snapshot of ours: the next process starts from what the killed ones left
        stored = found
        yield heard


def main() -> None:
    """Runs the trials and prints what was interrupted how often."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    killed: Counter[str] = Counter()
    finished = 0
    with tempfile.TemporaryDirectory(prefix="sourcespan-crash-") as folder:
        for heard in trials(arguments.trials, Path(folder) / "data", arguments.seed):
            killed[heard.doing] += 1
            finished += heard.finished
            print(f"\r{killed.total()} of {arguments.trials} trials", end="", file=sys.stderr, flush=True)
    print(f"\n{killed.total()} processes killed, {finished} operations acknowledged, nothing lost, nothing half there")
    for doing in (*OPERATIONS, "between operations"):
        print(f"{killed[doing]:6} {'in ' * (doing in OPERATIONS)}{doing}")


def _killed(
    folder: Path,
    database: str,
    seed: int,
    stored: dict[str, str],
    kill: Kill | None,
    seconds: float,
    killing: Callable[[], None],
) -> Acknowledged:
    listen, say = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=work, args=(folder, database, seed, dict(stored), kill, say), daemon=True)
    process.start()
    say.close()
    heard = Acknowledged(dict(stored))
    heard.hear(listen.recv())  # the time counts from when it begins to work
    until = monotonic() + (seconds if kill is None else _PATIENCE_SECONDS)
    with suppress(EOFError):
        while (left := until - monotonic()) > 0 and listen.poll(left):
            heard.hear(listen.recv())
        killing()
        process.kill()
        while True:  # what it had said by then
            heard.hear(listen.recv())
    process.join()
    if process.exitcode != -signal.SIGKILL:
        raise Lost(f"the process ended by itself, with exit code {process.exitcode}")
    return heard


def _die_after(calls: int) -> None:
    """kill -9 of this process at its ``calls``-th call, into Python or out of it, from now."""
    left = calls

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def _with_file(incoming: Incoming, text: str) -> DocumentDraft:
    """A text that was read from a file."""
    return incoming.keep(DocumentDraft("", text, source="story.txt"), f"# {text}".encode())


def _text(draw: random.Random) -> str:
    """One to thirty sentences that no other text has; each passage of it holds the word "story"."""
    name = f"{draw.getrandbits(60):x}"
    return " ".join(f"The story {name} says word {draw.randrange(1_000)}." for _ in range(draw.randint(1, 30)))


if __name__ == "__main__":
    main()
