"""The waiting runs of one device, in the order that stands on disk, and the call for somebody to serve them.

One empty file per waiting run, named so that the names sort in the order of service. Who serves is a process of its
own, `engine.runs.lane`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from engine.paths import home_dir, runs_dir
from engine.runs.process import Identity, leave_alone, start_python


def lane_of(device: str) -> str:
    """The device whose queue a run joins: that of its settings, with "auto" resolved without asking torch."""
    if device != "auto":
        return device
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return "cuda" if shutil.which("nvidia-smi") and not hidden else "cpu"


def ensure(device: str = "auto", runs: Path | None = None) -> None:
    """See to it that the device's queue is served: start its lane unless one is at work. Does not wait.

    Of several lanes started at once only one stays, so this may be called by anyone at any time.

    Parameters
    ----------
    device : str
        "auto", or a key of `engine.catalog.DEVICES`.
    runs : Path, optional
        The runs folder; `engine.paths.runs_dir` if not given.
    """
    root = runs or runs_dir()
    queue = Queue(root, lane_of(device))
    server = queue.server()
    if server is None or not server.is_alive():
        with queue.log.open("ab") as log:
            leave_alone(start_python("engine.runs.lane", queue.lane, log=log, runs=root))


class Queue:
    """Names of the runs that wait for one device.

    Parameters
    ----------
    runs : Path
        The runs folder.
    lane : str
        The device, as `lane_of` names it.
    """

    def __init__(self, runs: Path, lane: str) -> None:
        self.lane = lane
        self.folder = home_dir(f"lanes/{lane}", runs)
        self.lock = self.folder / "lock"
        self.log = self.folder / "lane.log"
        self._server = self.folder / "server.json"
        self._waiting = self.folder / "waiting"
        self._waiting.mkdir(exist_ok=True)

    def put(self, run_id: str) -> None:
        """Append a run."""
        (self._waiting / f"{time.time_ns():020d}.{run_id}").touch()

    def remove(self, run_id: str) -> None:
        """Take a run out; nothing happens if it is not in."""
        for name in self._names():
            if _run_id(name) == run_id:
                (self._waiting / name).unlink(missing_ok=True)

    def run_ids(self) -> list[str]:
        """The waiting runs, next one first."""
        return [_run_id(name) for name in self._names()]

    def place(self, run_id: str) -> int | None:
        """Place of a run, from 1; None if it is not in."""
        waiting = self.run_ids()
        return waiting.index(run_id) + 1 if run_id in waiting else None

    def server(self) -> Identity | None:
        """The process that said it serves this queue; it may have died since."""
        try:
            return Identity(*json.loads(self._server.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def set_server(self, server: Identity | None) -> None:
        """Say who serves this queue; None = nobody any more."""
        if server is None:
            self._server.unlink(missing_ok=True)
        else:
            self._server.write_text(json.dumps(server))

    def _names(self) -> list[str]:
        return sorted(os.listdir(self._waiting))


def _run_id(name: str) -> str:
    return name.partition(".")[2]
