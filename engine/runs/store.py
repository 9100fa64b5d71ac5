"""Run folders: making, finding, reading and deleting them.

A folder is a run's whole truth, so that any process can read it at any time. It appears complete or not at all; what
damages it later (a torn file, a missing database) shows as an error of that one run.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine import paths
from engine.errors import EngineError, RunError
from engine.runs import database, log, status
from engine.runs.database import Event, Metric
from engine.runs.process import Identity
from engine.runs.queue import Queue, ensure, lane_of
from engine.runs.status import Status
from engine.spec import RunSpec

RESERVE_BYTES = 256 * 1024
"""Disk space a run sets aside, so that on a full disk it can still say that the disk is full."""


class Run:
    """One run, known by its folder.

    Holds no state of its own: each call reads the folder anew, so any number of them may stand for the same run.

    Parameters
    ----------
    folder : Path
        The run folder, a direct child of the runs folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.run_id = self.folder.name
        self.database = self.folder / "run.db"
        self.log = self.folder / "train.log"
        self.first_batch = self.folder / "first_batch.npz"
        self.last_checkpoint = self.folder / "checkpoints" / "last.safetensors"
        self.best_checkpoint = self.folder / "checkpoints" / "best.safetensors"
        self._reserve = self.folder / "reserve"

    @property
    def spec(self) -> RunSpec:
        """The run's settings.

        Raises
        ------
        RunError
            If spec.json cannot be read.
        SpecError
            If it can, but holds no valid settings.
        """
        path = self.folder / "spec.json"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError("runs.no_spec", path=str(path), problem=str(error)) from None
        return RunSpec.from_json(text)

    def write_spec(self, spec: RunSpec) -> None:
        """Replace the settings; a reader sees the old ones or the new ones, never a part."""
        temporary = self.folder / "spec.json.new"
        temporary.write_text(spec.to_json(), encoding="utf-8")
        os.replace(temporary, self.folder / "spec.json")

    def status(self) -> Status:
        """What the run is doing. Never raises for a damaged folder: the damage is the status's error."""
        problem = self._spec_problem()
        try:
            found = status.from_state(status.settle(self.database))
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            unreadable = RunError("runs.no_database", path=str(self.database), problem=str(error))
            gone = RunError("runs.database_gone", path=str(self.database))
            return Status("failed", error=problem or (unreadable if self.database.exists() else gone))
        if found.phase == "queued" and found.lane:
            # Should its lane have been killed, whoever sees the run waiting starts another.
            with contextlib.suppress(OSError):
                ensure(found.lane, self.folder.parent)
            found = replace(found, queue_place=Queue(self.folder.parent, found.lane).place(self.run_id))
        return replace(found, error=found.error or problem)

    def request_stop(self) -> None:
        """Ask the run to end after its current batch; one that still waits ends at once.

        Does not wait. A process that has not ended 15 s later is killed by the lane or whoever next reads the status.

        Raises
        ------
        RunError
            If the request cannot be written.
        """
        now = time.time()
        requested = {"phase": "stopping", "stop_requested": now}
        try:
            if database.change_state(self.database, status.QUEUED, {"phase": "stopped", "ended": now}):
                Queue(self.folder.parent, self.status().lane).remove(self.run_id)
            else:
                database.change_state(self.database, ("starting", "running"), requested)
        except sqlite3.Error as error:
            raise RunError("runs.cannot_write", folder=str(self.folder), problem=str(error)) from None

    def metrics(self, after_id: int = 0) -> list[Metric]:
        """Values with an id above `after_id`, oldest first; none where the database cannot be read."""
        try:
            return database.read_metrics(self.database, after_id)
        except sqlite3.Error:
            return []

    def events(self, after_id: int = 0) -> list[Event]:
        """Events with an id above `after_id`, oldest first; none where the database cannot be read."""
        try:
            return database.read_events(self.database, after_id)
        except sqlite3.Error:
            return []

    def log_tail(self, n: int = 50) -> list[str]:
        """The last `n` lines of the log, oldest first; none where there is no log."""
        return log.tail(self.log, n)

    def claim(self) -> None:
        """Make the calling process the worker of this run.

        A folder that has settings but no database yet (one made by hand) gets its database here.

        Raises
        ------
        RunError
            If the run does not wait: it was started before, or stopped.
        """
        now = time.time()
        claimed = {"phase": "starting", "worker": Identity.mine(), "started": now, "heartbeat": now}
        if not self.database.exists():
            database.create(self.database, {"phase": "queued", "created": now})
        if not database.change_state(self.database, status.QUEUED, claimed):
            raise RunError("runs.not_waiting", run_id=self.run_id)

    def begin(self) -> None:
        """Say that the training itself begins, unless the run is to stop."""
        database.change_state(self.database, ("starting",), {"phase": "running"})

    def free_reserve(self) -> None:
        """Give back the disk space that was set aside, so that the end can be written even on a full disk."""
        self._reserve.unlink(missing_ok=True)

    def end(self, phase: str, error: EngineError | None = None) -> None:
        """Write the last state of a run, unless it has one already."""
        self.free_reserve()
        ended = {"phase": phase, "stage": "", "eta_s": None, "ended": time.time(), "error": error and error.to_json()}
        database.change_state(self.database, status.QUEUED + status.AT_WORK, ended)

    def _spec_problem(self) -> EngineError | None:
        try:
            self.spec  # noqa: B018 - read for its errors
        except EngineError as error:
            return error
        return None


class RunStore:
    """The runs folder.

    Parameters
    ----------
    root : Path, optional
        The folder; `engine.paths.runs_dir` if not given. Made if it is missing.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or paths.runs_dir()).resolve()
        self.root.mkdir(parents=True, exist_ok=True)

    def create(self, spec: RunSpec) -> Run:
        """Make a run, put it into its device's queue, and see to it that somebody serves the queue.

        Raises
        ------
        SpecError
            If the settings contradict each other.
        RunError
            If the folder cannot be written.
        """
        spec.check()
        lane_name = lane_of(spec.training.device)
        try:
            run = self._make(spec, lane_name)
            Queue(self.root, lane_name).put(run.run_id)
            ensure(lane_name, self.root)
        except (OSError, sqlite3.Error) as error:
            raise RunError("runs.cannot_write", folder=str(self.root), problem=str(error)) from None
        return run

    def begin(self, spec: RunSpec) -> Run:
        """Make a run that the calling process trains itself: it joins no queue, and nobody kills its process.

        Raises
        ------
        RunError
            If the folder cannot be written.
        """
        try:
            run = self._make(spec, lane_name="")
            run.claim()
            run.begin()
        except (OSError, sqlite3.Error) as error:
            raise RunError("runs.cannot_write", folder=str(self.root), problem=str(error)) from None
        return run

    def list(self) -> list[Run]:
        """All runs, newest first, the damaged ones included."""
        folders = [entry for entry in self.root.iterdir() if _is_run_id(entry.name) and entry.is_dir()]
        return [Run(folder) for folder in sorted(folders, reverse=True)]

    def get(self, run_id: str) -> Run:
        """The run of that name.

        Raises
        ------
        RunError
            If there is none.
        """
        # Not Path.is_dir, which raises for a name that is too long for the disk.
        if not _is_run_id(run_id) or not os.path.isdir(self.root / run_id):
            raise RunError("runs.missing", run_id=run_id, folder=str(self.root))
        return Run(self.root / run_id)

    def delete(self, run_id: str) -> None:
        """Delete a run and all it holds; one that still waits leaves the queue first.

        Raises
        ------
        RunError
            If there is no such run, or it is at work.
        """
        run = self.get(run_id)
        if run.status().phase == "queued":
            run.request_stop()
        if run.status().is_active:
            raise RunError("runs.still_active", run_id=run_id)
        # Out of sight in one move, so that no reader meets half a run.
        doomed = paths.home_dir("trash", self.root) / run_id
        os.replace(run.folder, doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def _make(self, spec: RunSpec, lane_name: str) -> Run:
        """Build a complete run folder aside and move it into place."""
        aside = self._claim_name()
        try:
            (aside / "spec.json").write_text(spec.to_json(), encoding="utf-8")
            (aside / "reserve").write_bytes(bytes(RESERVE_BYTES))
            state = {
                "phase": "queued",
                "lane": lane_name,
                "created": time.time(),
                "epochs": spec.script.epochs if spec.script else spec.training.epochs,
                "is_script": spec.script is not None,
            }
            database.create(aside / "run.db", state)
            os.replace(aside, self.root / aside.name)
        except (OSError, sqlite3.Error):
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return Run(self.root / aside.name)

    def _claim_name(self) -> Path:
        """Make a folder, not yet among the runs, whose name no other run has or gets: names tell the time, in UTC."""
        while True:
            run_id = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
            aside = paths.home_dir("new", self.root) / run_id
            try:
                aside.mkdir()
            except FileExistsError:
                time.sleep(0.001)
                continue
            if not (self.root / run_id).exists():
                return aside
            aside.rmdir()


def _is_run_id(name: str) -> bool:
    return re.fullmatch(r"\w[\w.-]*", name) is not None
