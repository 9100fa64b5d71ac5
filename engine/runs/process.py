"""Processes that outlive who started them: their identity, starting them detached, ending them.

A process is known by its pid and its start time together, because a pid alone may by now belong to somebody else.
Nothing here knows what a process does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, NamedTuple

import psutil

from engine.paths import PROJECT

START_TOLERANCE_S = 0.1


class Identity(NamedTuple):
    """A process of this machine: its pid, and when it started, in seconds after the machine did.

    Counting from the machine's own start keeps the number equal when the clock is set.
    """

    pid: int
    started_s: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of the process that has this pid now; None if none has, or only a zombie."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, process.create_time() - psutil.boot_time())
        except psutil.Error:
            return None

    @classmethod
    def mine(cls) -> Identity:
        """The identity of the process that asks."""
        identity = cls.of(os.getpid())
        assert identity is not None
        return identity

    def is_alive(self) -> bool:
        """Whether this very process runs. A zombie, or another process with the same pid, does not count."""
        found = Identity.of(self.pid)
        return found is not None and abs(found.started_s - self.started_s) < START_TOLERANCE_S

    def kill(self) -> bool:
        """End the process at once, with its group if it leads one. False, and nothing done, if it is not alive."""
        if not self.is_alive():
            return False
        try:
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def start_python(
    module: str, *arguments: str, log: IO[bytes], runs: Path, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start ``python -m MODULE ARGUMENTS`` in a session of its own.

    Parameters
    ----------
    module : str
        Dotted name of the module to run.
    *arguments : str
        Its command line.
    log : binary file
        Where its output goes.
    runs : Path
        The runs folder it works in; handed on as ``$FITLAB_RUNS``.
    stdin : int
        As in `subprocess.Popen`.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=stdin,
        stdout=log,
        stderr=log,
        cwd=PROJECT,
        env={**os.environ, "FITLAB_RUNS": str(runs), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        close_fds=True,
    )


def leave_alone(process: subprocess.Popen[bytes]) -> None:
    """Let a started process live on its own; when it ends, it is collected and leaves no zombie."""
    threading.Thread(target=process.wait, name=f"wait for {process.pid}", daemon=True).start()
