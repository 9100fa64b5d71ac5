"""The run database: what a worker publishes while it trains, and how readers follow it.

One SQLite file per run, in WAL mode, so that one writer and any number of readers never wait for each other. Owns the
tables and the sink thread; what the values mean is for `engine.worker` (which writes) and `engine.runs.status` (which
reads) to say.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import RunError

SCHEMA = """
PRAGMA journal_mode = WAL;
BEGIN;
PRAGMA user_version = 1;
CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT, split TEXT, UNIQUE(name, split));
CREATE TABLE metric(id INTEGER PRIMARY KEY, series INTEGER, step INTEGER, epoch INTEGER, t REAL, value REAL);
CREATE TABLE event(id INTEGER PRIMARY KEY, t REAL, level TEXT, kind TEXT, text TEXT);
CREATE TABLE state(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
COMMIT;
"""
PUT_STATE = "INSERT INTO state VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value"
BUSY_S = 5.0

FLUSH_S = 0.1
HEARTBEAT_S = 1.0
STEP_ROWS_S = 0.1
"""Shortest time between two steps that are written: ten a second make a full curve, and 4 MB an hour."""
MAX_WAITING = 2000
"""Rows that may wait for the disk before further per-step rows are dropped."""


class Metric(NamedTuple):
    """One value of one curve. `split` is "batch", "train", "validation" or "test"; `epoch` counts from 1."""

    id: int
    name: str
    split: str
    step: int
    epoch: int
    t: float
    value: float


class Event(NamedTuple):
    """Something worth telling. `kind` names what happened; `text` is the English sentence of the log."""

    id: int
    t: float
    level: str
    kind: str
    text: str


def create(path: Path, state: Mapping[str, Any]) -> None:
    """Make a new run database that holds `state` (JSON-representable values)."""
    with closing(sqlite3.connect(path)) as db:
        # Waiting for the disk would cost the click on Start more than all else; only a power cut now could tell.
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(SCHEMA)
        with db:
            db.executemany(PUT_STATE, _stored(state))


@contextmanager
def connect(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing run database for a short while; a missing one is an error, not created.

    Transactions are begun explicitly: what is not inside one commits by itself.
    """
    db = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)
    with closing(db):
        db.execute("PRAGMA synchronous = NORMAL")
        yield db


def read_state(path: Path) -> dict[str, Any]:
    """The whole state of a run.

    Raises
    ------
    sqlite3.Error, ValueError
        If the file is missing or damaged.
    """
    with connect(path) as db:
        return {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM state").fetchall()}


def change_state(path: Path, phases: Collection[str], values: Mapping[str, Any]) -> bool:
    """Write `values` if the run is in one of `phases`; otherwise do nothing and return False.

    Check and write are one transaction, so that of two who want the same change only one succeeds.

    Raises
    ------
    sqlite3.Error
        If the file is missing or damaged, or the disk is full.
    """
    with connect(path) as db, transaction(db):
        if _phase(db) not in phases:
            return False
        db.executemany(PUT_STATE, _stored(values))
        return True


def read_metrics(path: Path, after_id: int = 0) -> list[Metric]:
    """Values with an id above `after_id`, in the order of writing."""
    with connect(path) as db:
        rows = db.execute(
            "SELECT metric.id, name, split, step, epoch, t, value FROM metric JOIN series ON series.id = series"
            " WHERE metric.id > ? ORDER BY metric.id",
            (after_id,),
        ).fetchall()
    # SQLite stores NaN as NULL.
    return [Metric(*row) if row[-1] is not None else Metric(*row)._replace(value=math.nan) for row in rows]


def read_events(path: Path, after_id: int = 0) -> list[Event]:
    """Events with an id above `after_id`, in the order of writing."""
    with connect(path) as db:
        rows = db.execute("SELECT id, t, level, kind, text FROM event WHERE id > ? ORDER BY id", (after_id,)).fetchall()
    return [Event(*row) for row in rows]


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and with the write lock from the beginning."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _stored(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, json.dumps(value)) for key, value in state.items()]


def _phase(db: sqlite3.Connection) -> str | None:
    found = db.execute("SELECT value FROM state WHERE key = 'phase'").fetchone()
    return found and json.loads(found[0])


class RunWriter:
    """Publishes a training without ever making it wait.

    What is added is taken over by a thread, the sink, which writes it to the database several times a second, leaves a
    heartbeat every second, and on the way notices when somebody asked the run to stop.

    Parameters
    ----------
    path : Path
        An existing run database.

    Attributes
    ----------
    stop_requested : threading.Event
        Set once the run's phase is "stopping" or its database was deleted, or by whoever else wants the run to end.
    dropped : int
        Per-step values left out because the disk could not keep up. Values of epochs are never left out.
    cpu_s : float
        CPU seconds the sink has used.
    """

    def __init__(self, path: Path) -> None:
        self.stop_requested = threading.Event()
        self.dropped = 0
        self.cpu_s = 0.0
        self._path = path
        self._lock = threading.Lock()
        self._metrics: list[tuple[str, str, int, int, float, float]] = []
        self._events: list[tuple[float, str, str, str]] = []
        self._state: dict[str, Any] = {}
        self._series: dict[tuple[str, str], int] = {}
        self._next_step_row = 0.0
        self._next_heartbeat = 0.0
        self._error: sqlite3.Error | None = None
        self._closing = threading.Event()
        self._sink = threading.Thread(target=self._run, name="sink", daemon=True)
        self._sink.start()

    def step_due(self) -> bool:
        """Whether it is time for the next step to be written. Cheap: meant to be asked at every step."""
        return time.monotonic() >= self._next_step_row

    def add_step(self, step: int, epoch: int, values: Mapping[str, float]) -> None:
        """Publish the values of one step; dropped, and counted, if too many rows wait already."""
        self._next_step_row = time.monotonic() + STEP_ROWS_S
        if len(self._metrics) >= MAX_WAITING:
            self.dropped += len(values)
            return
        self._add("batch", step, epoch, values)

    def add_epoch(self, step: int, epoch: int, split: str, values: Mapping[str, float]) -> None:
        """Publish the values of a whole epoch, or of the test part."""
        self._add(split, step, epoch, values)

    def add_event(self, kind: str, text: str, level: str = "info") -> None:
        """Publish an event."""
        with self._lock:
            self._events.append((time.time(), level, kind, text))

    def set_state(self, **values: Any) -> None:
        """Publish state; of several values for one key the last one is written."""
        with self._lock:
            self._state.update(values)

    def check(self) -> None:
        """Report to the training that the database cannot be written.

        Raises
        ------
        RunError
            If the last attempt to write failed. What was added is kept and tried again.
        """
        if self._error is not None:
            raise RunError("runs.cannot_write", folder=str(self._path.parent), problem=str(self._error))

    def close(self) -> None:
        """Write what is left and end the sink."""
        self._closing.set()
        self._sink.join(2 * BUSY_S)

    def _add(self, split: str, step: int, epoch: int, values: Mapping[str, float]) -> None:
        now = time.time()
        with self._lock:
            self._metrics += [(name, split, step, epoch, now, float(value)) for name, value in values.items()]

    def _run(self) -> None:
        try:
            with connect(self._path) as db:
                while not self._closing.wait(FLUSH_S):
                    self._flush(db)
                self._flush(db)
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            self._error = error

    def _flush(self, db: sqlite3.Connection) -> None:
        if time.monotonic() >= self._next_heartbeat:
            self._next_heartbeat = time.monotonic() + HEARTBEAT_S
            self.set_state(heartbeat=time.time())
            if not self._path.exists():
                self.stop_requested.set()
        with self._lock:
            metrics, events, state = self._metrics, self._events, self._state
            self._metrics, self._events, self._state = [], [], {}
        try:
            if metrics or events or state:
                self._write(db, metrics, events, state)
            if _phase(db) == "stopping":
                self.stop_requested.set()
            self._error = None
        except sqlite3.Error as error:
            self._error = error
            self._series.clear()  # ids given in the failed transaction are gone with it
            with self._lock:
                self._metrics, self._events, self._state = (
                    metrics + self._metrics,
                    events + self._events,
                    state | self._state,
                )
        self.cpu_s = time.thread_time()

    def _write(self, db: sqlite3.Connection, metrics: list[tuple], events: list[tuple], state: dict[str, Any]) -> None:
        with transaction(db):
            rows = [(self._series_id(db, name, split), *rest) for name, split, *rest in metrics]
            db.executemany("INSERT INTO metric(series, step, epoch, t, value) VALUES (?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT INTO event(t, level, kind, text) VALUES (?, ?, ?, ?)", events)
            db.executemany(PUT_STATE, _stored(state))

    def _series_id(self, db: sqlite3.Connection, name: str, split: str) -> int:
        if (name, split) not in self._series:
            db.execute("INSERT OR IGNORE INTO series(name, split) VALUES (?, ?)", (name, split))
            (self._series[name, split],) = db.execute(
                "SELECT id FROM series WHERE name = ? AND split = ?", (name, split)
            ).fetchone()
        return self._series[name, split]
