"""The process of one row: ``python -m benchmarks.child TOPIC CASE ROW``.

Prepares the row, then measures a slice of so many seconds for every number it reads from its input. What it finds it
writes as JSON lines, or why there is nothing to find; whatever else the row prints goes to the error output.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from benchmarks.compare import reason


def main(topic: str, case: str, row: str) -> None:
    """Prepare and measure until the input ends."""
    warnings.simplefilter("ignore")  # each peer has its own, at every step
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**found: Any) -> None:
        print(json.dumps(found), file=answers, flush=True)

    try:
        module = import_module(f"benchmarks.peers.{topic}")
        step = module.ROWS[row](module.CASES[case])
        answer(ready=True)
        for line in sys.stdin:
            answer(**measure(step, float(line)))
    except Exception as error:  # whatever it is, it leaves the other rows
        answer(skipped=reason(error))


def measure(step: Callable[[], int], seconds: float) -> dict[str, float]:
    """Repeat a step for at least so long; pictures per second of the clock and of the processors, and peak memory."""
    n, cpu, began = 0, _cpu_s(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        n += step()
    wall_s, cpu_s = time.perf_counter() - began, _cpu_s() - cpu
    return {"per_s": n / wall_s, "per_cpu_s": n / max(cpu_s, 1e-9), "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """The most memory this process had. On Linux from its own status: `getrusage` also tells of who started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024  # type: ignore[index]  # always there
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


def _cpu_s() -> float:
    """Processor seconds used so far by this process and its children."""
    me = psutil.Process()
    used = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


if __name__ == "__main__":
    main(*sys.argv[1:])
