"""Data many times larger than memory: what a training holds does not grow with it.

The files are real but cheap: a sparse npy of 20 GB, and 200,000 names for some hundred pictures.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.augment.generator import ImageDataGenerator
from engine.training.callbacks import Callback
from engine.training.model import Model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="RssAnon stands in /proc"),
]

BATCH_SIZE, STEPS, QUEUE = 64, 300, 10
SIDE, N_CLASSES = 32, 10
N_PICTURES = 20 * 10**9 // (SIDE * SIDE * 3)
N_FILES, N_DIFFERENT = 200_000, 400
SLACK = 300 * 10**6
OVER_RAM = 200 * 10**6  # bytes that files may take more than the same pictures in memory


def rss_anon():
    """Anonymous memory of this process in bytes: what is its own, without the pages of mapped files."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


class Watch(Callback):
    """Looks at memory after every batch."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(rss_anon())

    def check(self, what, batch_bytes):
        """The peak stays under what it was after 20 steps, the queue's batches and the slack."""
        assert len(self.seen) == 2 * STEPS
        after_20, peak = self.seen[19], max(self.seen)
        print(f"\n{what}: {after_20 / 1e6:.0f} MB after 20 steps, peak {peak / 1e6:.0f} MB")
        assert peak < after_20 + QUEUE * batch_bytes + SLACK


def small_model():
    torch.manual_seed(0)
    model = Model(nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE * 3, N_CLASSES)), seed=0, device="cpu")
    model.compile()
    return model


def arguments(watch):
    return {"steps_per_epoch": STEPS, "epochs": 2, "verbose": 0, "callbacks": [watch], "validation_steps": 20}


@pytest.fixture(params=["uint8", "float32"])
def sparse(request, tmp_path):
    """An npy file of 20 GB that takes a few blocks on the disk, opened as a memory map."""
    dtype = np.dtype(request.param)
    path = tmp_path / "pictures.npy"
    shape = (N_PICTURES // dtype.itemsize, SIDE, SIDE, 3)
    np.lib.format.open_memmap(path, "w+", dtype, shape)[::100_000] = 1
    assert path.stat().st_size > 19.9e9
    yield np.load(path, mmap_mode="r")
    path.unlink()


def labels(n):
    return np.arange(n) % N_CLASSES


@pytest.mark.parametrize("shuffle", [True, False])
def test_fit_on_a_memory_map(sparse, shuffle):
    watch = Watch()
    small_model().fit(
        sparse, labels(len(sparse)), batch_size=BATCH_SIZE, shuffle=shuffle, validation_split=0.1, **arguments(watch)
    )
    watch.check(f"fit, {sparse.dtype}, shuffle={shuffle}", BATCH_SIZE * sparse[0].nbytes)


def test_a_flow_over_a_memory_map(sparse):
    generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255, validation_split=0.1)
    parts = [
        generator.flow(sparse, labels(len(sparse)), BATCH_SIZE, seed=0, subset=subset, ignore_class_split=True)
        for subset in ("training", "validation")
    ]
    watch = Watch()
    small_model().fit_generator(parts[0], validation_data=parts[1], workers=2, max_queue_size=QUEUE, **arguments(watch))
    watch.check(f"flow, {sparse.dtype}", BATCH_SIZE * SIDE * SIDE * 3 * 4)


@pytest.fixture
def many_files(tmp_path):
    """Folders of classes with names for the same few pictures."""
    from PIL import Image

    random = np.random.default_rng(0)
    (tmp_path / "originals").mkdir()
    originals = [tmp_path / "originals" / f"{k}.jpg" for k in range(N_DIFFERENT)]
    for path in originals:
        Image.fromarray(random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(path, quality=90)
    for number in range(N_CLASSES):
        (tmp_path / "pictures" / f"class {number}").mkdir(parents=True)
    for k in range(N_FILES):
        os.link(originals[k % N_DIFFERENT], tmp_path / "pictures" / f"class {k % N_CLASSES}" / f"{k}.jpg")
    return tmp_path / "pictures"


def test_a_flow_from_200_000_files(many_files):
    generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255, validation_split=0.1)
    parts = [
        generator.flow_from_directory(
            many_files, (SIDE, SIDE), class_mode="sparse", batch_size=BATCH_SIZE, seed=0, subset=subset
        )
        for subset in ("training", "validation")
    ]
    assert parts[0].samples + parts[1].samples == N_FILES
    watch = Watch()
    small_model().fit_generator(parts[0], validation_data=parts[1], workers=2, max_queue_size=QUEUE, **arguments(watch))
    watch.check("flow_from_directory", BATCH_SIZE * SIDE * SIDE * 3 * 4)


def test_a_pass_over_200_000_files_takes_hardly_more_than_one_over_memory(many_files):
    generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
    pixels = np.random.default_rng(0).integers(0, 256, (N_FILES, SIDE, SIDE, 3), np.uint8)

    def from_memory():
        return generator.flow(pixels, labels(N_FILES), BATCH_SIZE, seed=0)

    def from_files():
        return generator.flow_from_directory(
            many_files, (SIDE, SIDE), class_mode="sparse", batch_size=BATCH_SIZE, seed=0
        )

    def growth(make_flow):
        before, watch = rss_anon(), Watch()
        small_model().fit_generator(make_flow(), epochs=1, workers=2, verbose=0, callbacks=[watch])
        assert len(watch.seen) == N_FILES // BATCH_SIZE
        return max(watch.seen) - before

    for make_flow in (from_memory, from_files):  # what anything takes the first time
        growth(make_flow)
    files, memory = growth(from_files), growth(from_memory)
    print(f"\n200,000 files: grows by {files / 1e6:.0f} MB, from memory by {memory / 1e6:.0f} MB")
    assert files < memory + OVER_RAM


def test_a_generator_of_batches_without_end():
    def pictures():
        random = np.random.default_rng(0)
        while True:
            yield random.random((BATCH_SIZE, SIDE, SIDE, 3), np.float32), random.integers(0, N_CLASSES, BATCH_SIZE)

    watch = Watch()
    small_model().fit_generator(pictures(), validation_data=pictures(), max_queue_size=QUEUE, **arguments(watch))
    watch.check("generator", BATCH_SIZE * SIDE * SIDE * 3 * 4)
