"""Data larger than memory: a folder of JPEGs, decoded, resized and augmented on the way; and records of one file."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers import records
from benchmarks.peers.augment import SETTINGS

TITLE = "files"

BATCH = 32
N_BATCHES = 4  # of a row whose whole epoch would take too long for a step
STORED, SIZE = 224, 128  # pixels: of the files, and of what is made of them

Step = Callable[[], int]


class Case(NamedTuple):
    """How many pictures the folder holds; whether they have been read before, or each epoch is like the first."""

    n: int
    is_second: bool = False


FIRST, SECOND, RECORDS = "JPEG folder", "JPEG folder, second epoch", "cold records, memory-mapped file"
CASES: dict[str, Case | records.Case] = {
    FIRST: Case(1024),
    SECOND: Case(1024, is_second=True),
    RECORDS: records.Case(7000),
}


def folder(n: int) -> Path:
    """A folder of n JPEGs of two classes that compress as photographs do, made once per machine."""
    import cv2

    root = Path(tempfile.gettempdir()) / f"fitlab-benchmark-jpeg-{n}"
    if not root.exists():
        aside = Path(tempfile.mkdtemp())
        rng = np.random.default_rng(0)
        for k in range(n):
            where = aside / f"class-{k % 2}"
            where.mkdir(exist_ok=True)
            small = rng.integers(0, 256, (14, 14, 3), np.uint8)
            picture = cv2.resize(small, (STORED, STORED), interpolation=cv2.INTER_CUBIC)
            noise = rng.integers(0, 24, picture.shape, np.uint8)
            cv2.imwrite(str(where / f"{k:05d}.jpg"), cv2.add(picture, noise))
        os.replace(aside, root)
    return root


def fitlab(case: Case) -> Step:
    """`flow_from_directory`; for first epochs a copy of it, which keeps nothing, as the flow of a larger folder."""
    from engine import ImageDataGenerator

    flow = ImageDataGenerator(**SETTINGS).flow_from_directory(
        folder(case.n), (SIZE, SIZE), batch_size=BATCH, seed=1, interpolation="bilinear"
    )
    if not case.is_second:
        flow = pickle.loads(pickle.dumps(flow))

    def step() -> int:
        for _ in range(len(flow)):
            next(flow)
        return case.n

    return step


def keras(case: Case) -> Step:
    """Keras' own `flow_from_directory`."""
    os.environ["KERAS_BACKEND"] = "torch"
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    flow = ImageDataGenerator(**SETTINGS).flow_from_directory(
        str(folder(case.n)), (SIZE, SIZE), batch_size=BATCH, seed=1, interpolation="bilinear"
    )

    def step() -> int:
        for _ in range(N_BATCHES):
            next(flow)
        return N_BATCHES * BATCH

    return step


def loader(case: Case) -> Step:
    """PyTorch's DataLoader with two processes over torchvision's ImageFolder (Pillow) and transforms."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import InterpolationMode, v2

    transform = v2.Compose(
        [
            v2.Resize((SIZE, SIZE)),
            v2.PILToTensor(),
            v2.RandomAffine(30, (0.1, 0.1), (0.8, 1.2), 12, interpolation=InterpolationMode.BILINEAR),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32),
        ]
    )
    data = ImageFolder(str(folder(case.n)), transform)
    batches = DataLoader(data, BATCH, shuffle=True, num_workers=2, persistent_workers=True)

    def step() -> int:
        for _ in batches:
            pass
        return case.n

    return step


def ours(case: Case | records.Case) -> Step:
    """FitLab's row of any case."""
    return records.fitlab(case) if isinstance(case, records.Case) else fitlab(case)


KERAS, LOADER, INDEXING = "Keras flow_from_directory", "DataLoader(2), Pillow, torchvision", "plain indexing"
ROWS: dict[str, Callable[[Any], Step]] = {
    "FitLab": ours,
    KERAS: keras,
    LOADER: loader,
    INDEXING: records.indexing,
}
ONLY = {
    FIRST: ("FitLab", KERAS, LOADER),
    SECOND: ("FitLab", KERAS, LOADER),
    RECORDS: ("FitLab", INDEXING),
}

# At least this many times their rate.
BARS = {(FIRST, KERAS): 8, (FIRST, LOADER): 1.8, (SECOND, KERAS): 25, (RECORDS, INDEXING): 20}
