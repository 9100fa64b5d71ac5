"""The process that trains one run: ``python -m engine.worker RUN_DIR``.

It takes the run, so that no other process does, trains it (`engine.training_run`), and writes how that ended. It needs
no page and no lane. With ``--warm`` it first does everything slow that does not depend on the run, and reads the
folder's name from its input. Imports nothing heavy before it has taken the run.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.errors import EngineError, RunError
from engine.runs.database import RunWriter
from engine.runs.log import capture_output, say
from engine.runs.problems import explain
from engine.runs.store import Run


def main(arguments: list[str]) -> int:
    """Train one run; returns the exit code: 0 if the run was finished or stopped, 1 if not, 2 for a wrong call."""
    if len(arguments) != 1:
        print("usage: python -m engine.worker RUN_DIR | --warm", file=sys.stderr)
        return 2
    try:
        return work(wait_warm() if arguments == ["--warm"] else take(arguments[0]))
    except RunError as error:
        print(error, file=sys.stderr)
        return 1


def wait_warm() -> Run:
    """Warm up while waiting for a run; leave when nobody is left to hand one over.

    Raises
    ------
    RunError
        As `take`.
    """
    waiter = ThreadPoolExecutor(1).submit(_wait_for_run)
    try:
        from engine import training_run

        training_run.warm_up()
    except Exception:  # what is wrong will show, and be explained, in the run itself
        traceback.print_exc()
    return waiter.result()


def _wait_for_run() -> Run:
    folder = sys.stdin.readline().strip()
    if not folder:
        os._exit(0)
    return take(folder)


def take(folder: str) -> Run:
    """Become the worker of a run; from here on, all this process prints goes to the run's log.

    Raises
    ------
    RunError
        If the run does not wait to be started.
    """
    run = Run(Path(folder))
    run.claim()
    capture_output(run.log)
    return run


def work(run: Run) -> int:
    """Train a run that was taken, and write its end, whatever happens."""
    writer = RunWriter(run.database)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: writer.stop_requested.set())
    error: EngineError | None = None
    try:
        from engine import training_run

        phase = training_run.train(run, writer)
    except Exception as problem:
        if not isinstance(problem, EngineError):
            traceback.print_exc()
        phase, error = "failed", explain(problem, run.folder)
    run.free_reserve()
    writer.close()
    run.end(phase, error)
    say(
        f"Publishing took {writer.cpu_s:.2f} of {time.process_time():.1f} CPU seconds; {writer.dropped} values dropped."
    )
    took = run.status().duration_s  # as the pages show it: a warm process may have had to get warm first
    after = "" if took is None else f" after {took:.1f} s"
    say(f"{phase.capitalize()}{after}." + (f" {error}" if error else ""))
    return 1 if error else 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # All is on disk. Taking torch apart would only keep the device from the next run for another second.
    os._exit(code)
