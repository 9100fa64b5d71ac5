"""The lane of a device: a small process that starts the waiting runs of its queue, one after the other.

It trains nothing and owns nothing: the queue and the runs stand on disk, and a run goes on when its lane is killed; the
next lane finds it. While the device is free it keeps one worker warm, which has done everything slow that does not
depend on the run. ``python -m engine.runs.lane DEVICE`` is started by `ensure`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import RunError
from engine.paths import runs_dir
from engine.runs import status
from engine.runs.process import Identity, start_python
from engine.runs.queue import Queue, ensure
from engine.runs.store import Run, RunStore

__all__ = ["Lane", "ensure"]

POLL_S = 0.05
WATCH_S = 0.25
"""How often the lane looks into the queue while the device is free, and at the run at work."""
IDLE_S = 600.0


class Lane:
    """Serves the queue of one device.

    Parameters
    ----------
    runs : Path
        The runs folder.
    device : str
        The lane's name, as `engine.runs.queue.lane_of` gives it.
    worker : str
        Module to start as the worker.
    idle_s : float
        Leaves after this many seconds without a run.
    """

    def __init__(self, runs: Path, device: str, worker: str = "engine.worker", idle_s: float = IDLE_S) -> None:
        self.store = RunStore(runs)
        self.queue = Queue(runs, device)
        self.worker = worker
        self.idle_s = idle_s
        self.run: Run | None = None  # the run at work
        self.child: subprocess.Popen[bytes] | None = None  # its process; None if an earlier lane started it
        self.child_started = 0.0
        self.spare: subprocess.Popen[bytes] | None = None  # the warm worker that waits for a run
        self.idle_since = time.monotonic()

    def serve(self) -> None:
        """Serve until nothing has been waiting for `idle_s`; returns at once if another lane serves this device."""
        try:
            # Another lane may be just about to leave.
            lock = FileLock(self.queue.lock).acquire(timeout=1)
        except Timeout:
            return
        with lock:
            self.queue.set_server(Identity.mine())
            self._start_spare()
            self._adopt()
            while not self._may_leave():
                self._tick()
                time.sleep(WATCH_S if self.run else POLL_S)
            self._dismiss_spare()

    def _adopt(self) -> None:
        """Take over what an earlier lane left: its run at work, and runs that wait but stand in no queue."""
        waiting = self.queue.run_ids()
        for run in reversed(self.store.list()):  # oldest first
            found = run.status()
            if found.lane == self.queue.lane and found.phase in status.AT_WORK:
                self.run = run
            elif found.lane == self.queue.lane and found.phase == "queued" and run.run_id not in waiting:
                self.queue.put(run.run_id)

    def _tick(self) -> None:
        if self.run is None:
            if waiting := self.queue.run_ids():
                self._start(waiting[0])
        elif self._has_ended(self.run):
            self.run = self.child = None
            self.idle_since = time.monotonic()
            self._start_spare()

    def _start(self, run_id: str) -> None:
        """Give the run to the warm worker, or to a new one. It takes the run itself, and says so in the run's state."""
        run = Run(self.store.root / run_id)
        phase = run.status().phase
        if phase == "queued":
            self.run = run
            self.child_started = time.monotonic()
            self.child = self._hand_to_spare(run) or self._start_worker(run)
        else:  # stopped, deleted, or started by hand: that one too has the device for itself
            self.run = run if phase in status.AT_WORK else None
            self.queue.remove(run_id)

    def _hand_to_spare(self, run: Run) -> subprocess.Popen[bytes] | None:
        spare, self.spare = self.spare, None
        if spare is None or spare.poll() is not None:
            return None
        assert spare.stdin is not None
        try:
            spare.stdin.write(f"{run.folder}\n".encode())
            spare.stdin.close()
        except BrokenPipeError:
            return None
        return spare

    def _start_worker(self, run: Run) -> subprocess.Popen[bytes]:
        with run.log.open("ab") as log:
            return start_python(self.worker, str(run.folder), log=log, runs=self.store.root)

    def _has_ended(self, run: Run) -> bool:
        """Look at the run at work, which also ends it when it does not stop as asked."""
        exit_code = self.child and self.child.poll()
        phase = run.status().phase
        if phase == "queued" and exit_code is not None:
            seconds = time.monotonic() - self.child_started
            run.end("failed", RunError("runs.did_not_start", code=exit_code, seconds=seconds))
            phase = "failed"
        if phase != "queued":
            self.queue.remove(run.run_id)
        return phase in status.ENDED and (self.child is None or exit_code is not None)

    def _may_leave(self) -> bool:
        if self.run or self.queue.run_ids() or time.monotonic() - self.idle_since < self.idle_s:
            return False
        # Say so first, then look again: a run queued in between sees either a lane, or that it must start one.
        self.queue.set_server(None)
        if not self.queue.run_ids():
            return True
        self.queue.set_server(Identity.mine())
        return False

    def _start_spare(self) -> None:
        """Start the next warm worker. Only while the device is free: warming up beside a run would slow that down."""
        with self.queue.log.open("ab") as log:
            self.spare = start_python(self.worker, "--warm", log=log, runs=self.store.root, stdin=subprocess.PIPE)

    def _dismiss_spare(self) -> None:
        if self.spare is not None and self.spare.stdin is not None:
            self.spare.stdin.close()
            self.spare.wait()


if __name__ == "__main__":
    Lane(runs_dir(), sys.argv[1]).serve()
