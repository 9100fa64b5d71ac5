"""Training while another program keeps one core busy, and alone; what another program costs is the ratio of the two."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks.peers import generator, train

TITLE = "beside a busy process"

Step = Callable[[], int]
Case = train.Case | generator.Case

AUGMENTED = "MLP 512-512, batch 32, augmented"
# Short epochs: with two threads that wait for each other, a step may take 20 times as long as alone.
CASES: dict[str, Case] = {
    "one dense layer, batch 32": train.Case("dense", 32, 1024),
    "MLP 512-512, batch 32": train.Case("mlp", 32, 1024),
    "CNN 28x28, batch 32": train.Case("cnn", 32, 256),
    AUGMENTED: generator.Case("mlp", 1024),
}


def _of(row: str) -> Callable[[Case], Step]:
    """The row of that name: of `generator` for its cases, else of `train`."""
    return lambda case: (generator if isinstance(case, generator.Case) else train).ROWS[row](case)


@contextmanager
def busy_core() -> Iterator[None]:
    """A process that does nothing, as fast as it can; it ends with this one at the latest."""
    spin = f"import os\nwhile os.getppid() == {os.getpid()}: pass"
    process = subprocess.Popen([sys.executable, "-S", "-c", spin])
    try:
        yield
    finally:
        process.kill()
        process.wait()


NAMES = ("FitLab", "Keras on torch", "hand-written loop")
ROWS: dict[str, Callable[[Case], Step]] = {
    **{name: _of(name) for name in NAMES},
    **{f"{name}, alone": _of(name) for name in NAMES},
}
COMPANY: dict[str, Callable[[], AbstractContextManager[None]]] = dict.fromkeys(NAMES, busy_core)
ONLY = {AUGMENTED: [row for row in ROWS if not row.startswith("hand-written")]}

# At least this share of our own rate without the other program.
BARS = {(case, "FitLab, alone"): 0.4 for case in CASES}
