"""What pages read of runs: one read path per run, shared by every tab and session of the server.

Ten people watching one run cost one reader. Owns no widget; the truth is the run folder.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import streamlit as st

from engine import catalog
from engine.errors import EngineError
from engine.runs.status import AT_WORK, Status
from engine.runs.store import Run, RunStore
from pages._ui import state
from pages._ui.curves import Curves, Gatherer

FRESH_S = 0.1
"""How long what was read of a run counts as new: far below the time after which a page asks again (`watch.TICK_S`)."""
ENDED_FRESH_S = 2.0
"""The same for a run that has ended."""


class Follower:
    """Reads one run, at most every `FRESH_S` seconds however many ask."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._lock = threading.Lock()
        self._gatherer = Gatherer()
        self._status: Status | None = None
        self._curves = self._gatherer.curves()
        self._next = 0.0

    def read(self) -> tuple[Status, Curves]:
        """The run's status and curves. Without new values the curves are the same object as before."""
        with self._lock:
            if self._status is None or time.monotonic() >= self._next:
                # Status first: when it says that the run has ended, the rows read after it are all there will be.
                self._status = self.run.status()
                if rows := self.run.metrics(self._gatherer.last_id):
                    self._gatherer.add(rows)
                    self._curves = self._gatherer.curves()
                self._next = time.monotonic() + (FRESH_S if self._status.is_active else ENDED_FRESH_S)
            return self._status, self._curves

    def look_again(self) -> None:
        """Let the next reader read anew: something was just changed."""
        self._next = 0.0


class Board:
    """Knows which run is at work, at most a second late."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._ended: set[str] = set()
        self._current: Run | None = None
        self._next = 0.0

    def current(self) -> Run | None:
        """The run at work, else the first that waits, else the newest; None if nothing ever ran."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._current = self._find()
                self._next = time.monotonic() + 1.0
            return self._current

    def look_again(self) -> None:
        """Let the next one who asks look anew: a run was just started or deleted."""
        self._next = 0.0

    def _find(self) -> Run | None:
        runs = self._store.list()
        active = []
        for run in runs:
            if run.run_id not in self._ended:
                status = run.status()
                if status.is_active:
                    active.append((status.phase not in AT_WORK, run.run_id, run))
                else:
                    self._ended.add(run.run_id)
        # A folder without settings is no run of ours: Watch lists it, but it is not what everybody wants to see.
        newest = next((run for run in runs if (run.folder / "spec.json").exists()), None)
        return min(active)[-1] if active else newest


def follow(run: Run) -> Follower:
    """The one follower of a run."""
    return _follower(str(run.folder))


def board() -> Board:
    """The one board of the runs folder."""
    return _board(str(RunStore().root))


def title(run: Run) -> str:
    """What a run is called: its own title, else data and network; its name where the settings cannot be read."""
    try:
        spec = run.spec
    except EngineError:
        return run.run_id
    if spec.script is not None:
        return f"{spec.script.program} · {spec.script.network}"
    language = state.language()
    names = catalog.SOURCES[spec.data.source].label(language), catalog.NETWORKS[spec.training.network].label(language)
    return spec.title or " · ".join(names)


@st.cache_resource(show_spinner=False, max_entries=64)
def _follower(folder: str) -> Follower:
    return Follower(Run(Path(folder)))


@st.cache_resource(show_spinner=False, max_entries=4)
def _board(root: str) -> Board:
    return Board(RunStore(Path(root)))
