"""What a reader's lower layers made of passages, on disk: derived from the catalogue, and never missed for long.

States are found by the model and the tokens that they were computed from, so those that are there are never wrong, and
those that are not are computed when they are wanted. The file may be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.bert.graph.quantised import Quantised, steps_reaching
from index.errors import CatalogueBusy, CatalogueUnusable
from index.store.databases.sqlite import SqliteDatabase, storage_error

_FORMAT = "8-bit states"
"""How states are written; those that were written otherwise are another model's."""


def states_in_8_bits(states: NDArray[np.float32]) -> Quantised:
    """What layers made of the tokens of a text, (tokens, width), in half the disk of 16-bit floats.

    A few channels of a BERT reach ten times as far as the others, so each channel has a step of its own.
    """
    farthest = np.abs(states).max(axis=0, initial=0.0)
    # in 16 bits a step is rounded up, so that the farthest still has a level
    return Quantised.of(states, np.nextafter(steps_reaching(farthest).astype(np.float16), np.float16(np.inf)))


STATES_FILE = "states.sqlite3"

_TABLE = """
CREATE TABLE IF NOT EXISTS states (
    model TEXT NOT NULL, tokens TEXT NOT NULL, states BLOB NOT NULL, PRIMARY KEY (model, tokens)
)
"""


def tokens_key(ids: NDArray[np.int64]) -> str:
    """What the states of these tokens are found by."""
    return blake2b(ids.astype("<i4").tobytes(), digest_size=16).hexdigest()


class StatesFile:
    """One SQLite file. Safe to share between threads, and between processes on one machine."""

    def __init__(self, path: Path, *, model: str, width: int) -> None:
        """Opens or makes it, and throws away what other models left in it. Raises CatalogueError."""
        self._model = f"{model}/{_FORMAT}"
        self._width = width
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = SqliteDatabase(path)
        except OSError as error:
            raise storage_error(error) from error
        except CatalogueUnusable as error:
            raise CatalogueUnusable(f"{path.name}, which SOURCESPAN_AHEAD asks for: {error.reason}") from error
        if not self._db.read_only and not self._is_ready():
            with self._db.change() as db:
                db.execute(_TABLE)
                db.execute("DELETE FROM states WHERE model != ?", (self._model,))

    def close(self) -> None:
        """Closes every thread's connection."""
        self._db.close()

    def known(self, keys: Iterable[str]) -> dict[str, Quantised]:
        """The states that are kept under these keys; those that are damaged or not there are left out."""
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT tokens, states FROM states WHERE model = ? AND tokens IN (SELECT value FROM json_each(?))",
                (self._model, json.dumps(list(keys))),
            ).fetchall()
        return {key: self._read(states) for key, states in rows if self._is_sound(states)}

    def keep(self, states: Mapping[str, Quantised], *, patient: bool = False) -> None:
        """Keeps states by their keys.

        Does nothing where the file may only be read, nor, unless ``patient``, while someone else writes to it.
        Raises CatalogueFull, CatalogueUnusable, CatalogueBusy.
        """
        if self._db.read_only:
            return
        with suppress(*() if patient else (CatalogueBusy,)), self._db.change(patient=patient) as db:
            db.executemany(
                "INSERT OR IGNORE INTO states VALUES (?, ?, ?)",
                ((self._model, key, _written(of_text)) for key, of_text in states.items()),
            )

    def remove(self, keys: Iterable[str]) -> None:
        """Unknown ones are passed over. Does nothing where the file may only be read. Raises CatalogueUnusable."""
        if self._db.read_only:
            return
        with self._db.change() as db:
            db.executemany("DELETE FROM states WHERE tokens = ?", ((key,) for key in keys))
        self._db.erase()

    def count(self) -> int:
        """How many texts have their states kept."""
        with self._db.reading() as db:
            return int(db.execute("SELECT count(*) FROM states").fetchone()[0])

    def _is_ready(self) -> bool:
        """Whether opening it leaves nothing to write, and so nobody to wait for."""
        with self._db.reading() as db:
            if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'states'").fetchone()[0]:
                return False
            # the ends of the index, where a comparison of all would read every row
            ends = db.execute("SELECT (SELECT min(model) FROM states), (SELECT max(model) FROM states)").fetchone()
        return {*ends} <= {None, self._model}

    def _is_sound(self, written: object) -> bool:
        """Whether it is of the size that states have; what is not is computed anew."""
        levels = len(written) - 2 * self._width if isinstance(written, bytes) else -1
        return levels >= 0 and levels % self._width == 0

    def _read(self, written: bytes) -> Quantised:
        steps = np.frombuffer(written, dtype="<f2", count=self._width)
        return Quantised(np.frombuffer(written, dtype=np.int8, offset=steps.nbytes).reshape(-1, self._width), steps)


def remove_all(path: Path) -> None:
    """Removes all states, where there are any. Raises CatalogueError."""
    if not path.exists():
        return
    database = SqliteDatabase(path)
    try:
        with database.change() as db:
            db.execute("DELETE FROM states")
        database.erase()
    finally:
        database.close()


def _written(states: Quantised) -> bytes:
    return states.steps.astype("<f2").tobytes() + states.levels.tobytes()
