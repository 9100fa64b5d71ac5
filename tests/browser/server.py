"""Starts and stops the app as a user would, on a free port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from engine import paths


class AppServer:
    """`streamlit run app.py` over one runs folder.

    Used as a context manager it is ready on entry; on exit the server and every process that works on its runs folder
    (lane, warm child, worker, data preparation) are ended, each found by its environment and stopped by its pid.
    """

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self._end_everything_else()

    def start(self) -> None:
        """Start the server and wait until it answers; raises with its output if it ends first."""
        log = self.runs_dir.parent / "server.log"
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=paths.PROJECT,
                env={**os.environ, "FITLAB_RUNS": str(self.runs_dir)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server process alone: what it started goes on."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the server process alone, without warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def log(self) -> str:
        """Everything the server has printed."""
        return (self.runs_dir.parent / "server.log").read_text()

    def processes(self) -> list[psutil.Process]:
        """All processes that work on this runs folder."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _healthy(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
            return answer.read() == b"ok"
        return False

    def _is_ours(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return process.pid != os.getpid() and process.environ().get("FITLAB_RUNS") == str(self.runs_dir)
        return False

    def _end_everything_else(self) -> None:
        ours = self.processes()
        for process in ours:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(ours, timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
