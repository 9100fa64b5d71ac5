"""What a run is doing, computed from its folder alone.

A process that was killed cannot say so itself. Whoever looks finds the process gone, concludes that the run is lost,
and writes that down for all others. Nobody but the worker starts, and only the worker finishes, a run.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from engine.errors import EngineError, RunError
from engine.runs import database
from engine.runs.process import Identity
from engine.texts import Text

QUEUED = ("queued",)
AT_WORK = ("starting", "running", "stopping")
ENDED = ("finished", "stopped", "failed", "lost")
"""The phases of a run: queued -> starting -> running (-> stopping) -> one of the ended ones."""

STOP_PATIENCE_S = 15.0
"""How long a run may take from the request to stop to its end before its process is killed."""


@dataclass(frozen=True)
class Status:
    """What a run is doing.

    Parameters
    ----------
    phase : str
        "queued", "starting", "running", "stopping", "finished", "stopped" (on request), "failed" or "lost" (its process
        is gone and nobody asked for that).
    lane : str
        The device whose queue the run joined; "" if it was started by hand.
    is_script : bool
        Whether a program of its own trains it, not the app's worker.
    stage : str
        What the worker does right now: "data", "network", "training", "test" or "" (nothing in particular).
    epoch, epochs : int
        The epoch at work, from 1 (0 = none yet), and how many there will be.
    step, steps : int
        Steps done since the start, and how many there will be.
    images_per_s, eta_s : float or None
        Pictures trained per second lately; seconds to the end.
    learning_rate : float or None
        Of the latest step.
    loss, accuracy : float or None
        Latest values on training pictures.
    val_loss, val_accuracy : float or None
        Those of the last validation.
    test_loss, test_accuracy : float or None
        Those of the test part, at the end of the run.
    best_epoch, best_value, best_accuracy : int, float, float or None
        Epoch with the lowest validation loss so far, that loss, and its validation accuracy.
    device : Text or None
        The device in words; None until the worker knows it.
    error : EngineError or None
        Why the run failed or is lost, or why its folder cannot be read.
    queue_place : int or None
        Place among the waiting runs of its device, from 1; None if it does not wait.
    created, started, ended, heartbeat : float or None
        Seconds since 1970; `heartbeat` is the worker's last sign of life.
    """

    phase: str
    lane: str = ""
    is_script: bool = False
    stage: str = ""
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    images_per_s: float | None = None
    eta_s: float | None = None
    learning_rate: float | None = None
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    best_epoch: int | None = None
    best_value: float | None = None
    best_accuracy: float | None = None
    device: Text | None = None
    error: EngineError | None = None
    queue_place: int | None = None
    created: float | None = None
    started: float | None = None
    ended: float | None = None
    heartbeat: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether the run waits or works, so that its status can still change."""
        return self.phase not in ENDED

    @property
    def duration_s(self) -> float | None:
        """Seconds from when a process took the run to its end; None while it lacks one of them."""
        return None if self.started is None or self.ended is None else self.ended - self.started

    @property
    def progress(self) -> float:
        """Share of the steps that are done, 0 to 1."""
        return min(1.0, self.step / self.steps) if self.steps else 0.0


def from_state(state: Mapping[str, Any]) -> Status:
    """Build a status from the stored state of a run; keys that are no field of it are left aside."""
    known = {field.name for field in fields(Status)} & set(state)
    values = {name: state[name] for name in known}
    if stored := values.get("error"):
        values["error"] = EngineError.from_json(stored)
    if stored := values.get("device"):
        values["device"] = Text(*stored)
    return Status(**values)


def settle(path: Path) -> dict[str, Any]:
    """Read a run's state, conclude what its process could not write itself, and end it if it does not stop when asked.

    Parameters
    ----------
    path : Path
        The run database.

    Raises
    ------
    sqlite3.Error, ValueError
        If the database is missing or damaged.
    """
    state = database.read_state(path)
    if state["phase"] not in AT_WORK:
        return state
    worker = Identity(*state["worker"])
    if worker.is_alive():
        # A script is somebody's own program, which has more to do than this run.
        if not state.get("is_script") and time.time() - state.get("stop_requested", time.time()) > STOP_PATIENCE_S:
            worker.kill()
        return state
    concluded = _conclusion(state)
    # A full disk keeps the conclusion from being stored, not from being shown.
    with contextlib.suppress(sqlite3.Error):
        if not database.change_state(path, {state["phase"]}, concluded):
            return database.read_state(path)  # it ended properly between the two looks
    return state | concluded


def _conclusion(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a run is whose process is gone without a word."""
    ended = state.get("heartbeat", state["started"])
    if "stop_requested" in state:
        return {"phase": "stopped", "ended": ended}
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ended))
    return {"phase": "lost", "ended": ended, "error": RunError("runs.lost", when=when).to_json()}
