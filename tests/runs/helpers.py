"""Waiting for things that other processes do, and runs for the fake worker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from engine.spec import RunSpec, TrainSpec

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], timeout_s: float = 30.0) -> Value:
    """Return the condition's first true value; fail if it does not come."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"did not happen within {timeout_s} s")


def phase_is(run, *phases: str, timeout_s: float = 30.0):
    """Wait until the run is in one of the phases; return its status."""

    def reached():
        status = run.status()
        return status if status.phase in phases else None

    return wait_until(reached, timeout_s)


def fake_spec(ticks: int, title: str = "") -> RunSpec:
    """A run of so many ticks for the fake worker, which behaves as the title says."""
    return replace(RunSpec(title=title), training=TrainSpec(epochs=ticks, device="cpu"))


def end_processes_of(runs: Path) -> None:
    """Kill every process that works on this runs folder, whoever started it."""
    doomed = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("FITLAB_RUNS") == str(runs):
                process.kill()
                doomed.append(process)
        except psutil.Error:
            continue
    psutil.wait_procs(doomed, timeout=10)
