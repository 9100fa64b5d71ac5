"""Records of 150 kB read in random order from a file that is not in memory, as from one larger than memory.

The file is 1 GB. What a step has read is dropped from memory before the next step, which counts as a part of both
rows' time, as it does for the system that has to make room.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

SHAPE = (224, 224, 3)
BATCH = 32

Step = Callable[[], int]


class Case(NamedTuple):
    """How many records the file holds."""

    n: int


def records(n: int) -> Path:
    """A file of n records that are all different, made once per machine."""
    path = Path(tempfile.gettempdir()) / f"fitlab-benchmark-records-{n}"
    if not path.exists():
        aside = path.with_suffix(f".{os.getpid()}")
        rng = np.random.default_rng(0)
        with aside.open("wb") as file:
            for _ in range(n):
                file.write(rng.bytes(math.prod(SHAPE)))
            os.fsync(file.fileno())  # what is not written cannot be dropped
        os.replace(aside, path)
    return path


def fitlab(case: Case) -> Step:
    """The first batch of a flow, in its own random order."""
    from engine import ImageDataGenerator

    generator = ImageDataGenerator()
    return _cold(case, lambda x: next(generator.flow(x, batch_size=BATCH)))


def indexing(case: Case) -> Step:
    """The memory map, indexed by the rows of a batch."""
    rng = np.random.default_rng()
    return _cold(case, lambda x: x[rng.permutation(len(x))[:BATCH]])


def _cold(case: Case, read: Callable[[np.ndarray], np.ndarray]) -> Step:
    path = records(case.n)

    def step() -> int:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        # Mapped anew: what a process has mapped cannot be dropped.
        batch = read(np.memmap(path, np.uint8, "r", shape=(case.n, *SHAPE)))
        assert batch.shape == (BATCH, *SHAPE)
        return BATCH

    return step
