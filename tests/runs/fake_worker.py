"""A worker without torch, to test the lane and the store: it takes a run, publishes a value a tick, and ends.

Its title says how it behaves: "hang" never reacts to a stop, "crash" dies before it takes the run.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine.runs.database import RunWriter
from engine.runs.store import Run

TICK_S = 0.02


def work(run: Run) -> None:
    spec = run.spec
    if spec.title == "crash":
        print("no luck today", flush=True)
        sys.exit(3)
    run.claim()
    writer = RunWriter(run.database)
    writer.set_state(phase="running")
    print("training", flush=True)
    phase = "finished"
    for step in range(spec.training.epochs):
        writer.add_step(step, 1, {"loss": 1 / (step + 1)})
        time.sleep(TICK_S)
        if writer.stop_requested.is_set() and spec.title != "hang":
            phase = "stopped"
            break
    writer.close()
    run.end(phase)


if __name__ == "__main__":
    folder = sys.stdin.readline().strip() if sys.argv[1] == "--warm" else sys.argv[1]
    if folder:
        work(Run(Path(folder)))
