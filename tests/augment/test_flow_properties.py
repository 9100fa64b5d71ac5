"""Flows under any mix of settings: each sample once per pass, and equal streams however and by whom they are read."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader

from engine import ImageDataGenerator
from engine.augment import warp_cpu
from engine.augment.iterator import Iterator
from engine.training.model import Model

WILD = {
    "rotation_range": 90,
    "width_shift_range": [1, 2],
    "height_shift_range": 0.3,
    "shear_range": 20,
    "zoom_range": (0.5, 1.5),
    "channel_shift_range": 30,
    "brightness_range": (0.5, 1.5),
    "horizontal_flip": True,
    "vertical_flip": True,
}
FLOWS = st.fixed_dictionaries(
    {
        "n": st.integers(2, 40),
        "batch_size": st.integers(1, 45),
        "shuffle": st.booleans(),
        "seed": st.integers(0, 2**32 - 1),
        "subset": st.sampled_from([None, "training", "validation"]),
    }
)


def _noise(n, size=5):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def _flow(n, batch_size, shuffle, seed, subset):
    """Pictures with their own numbers as labels and weights; and the numbers that the subset has."""
    flow = ImageDataGenerator(**WILD, validation_split=0.5).flow(
        _noise(n),
        np.arange(n),
        batch_size=batch_size,
        shuffle=shuffle,
        sample_weight=np.arange(n) / 2,
        seed=seed,
        subset=subset,
        ignore_class_split=True,
    )
    return flow, {None: range(n), "validation": range(n // 2), "training": range(n // 2, n)}[subset]


@settings(deadline=None, max_examples=40)
@given(arguments=FLOWS, n_passes=st.integers(1, 3))
def test_every_way_of_reading_shows_each_sample_exactly_once_per_pass(arguments, n_passes):
    by_next, numbers = _flow(**arguments)
    by_number, by_index = _flow(**arguments)[0], _flow(**arguments)[0]
    assert by_next.n == len(numbers)
    for pass_ in range(n_passes):
        seen = []
        for k in range(len(by_next)):
            x, y, w = next(by_next)
            seen.extend(y.tolist())
            assert np.array_equal(w, y / 2) and len(x) == len(y)
            indices = by_index.batch_indices(pass_, k)
            for other in (by_number[k], by_index.load(pass_, indices)):
                assert all(np.array_equal(a, b) for a, b in zip((x, y, w), other, strict=True))
            assert np.array_equal(indices, y)
        by_number.on_epoch_end()
        assert sorted(seen) == list(numbers)
        if not arguments["shuffle"]:
            assert seen == list(numbers)


@settings(deadline=None, max_examples=40)
@given(arguments=FLOWS, other_size=st.integers(1, 45), pass_=st.integers(0, 3))
def test_what_becomes_of_a_sample_does_not_depend_on_its_batch(arguments, other_size, pass_):
    flow, numbers = _flow(**arguments)
    other, _ = _flow(**arguments | {"batch_size": other_size, "shuffle": not arguments["shuffle"]})
    pictures = {}
    for read in (flow, other):
        for k in range(len(read)):
            x, y, _ = read.load(pass_, read.batch_indices(pass_, k))
            for number, picture in zip(y.tolist(), x, strict=True):
                assert np.array_equal(pictures.setdefault(number, picture), picture)
    assert sorted(pictures) == list(numbers)


class _Recorder(nn.Module):
    """A network that keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(75, 40)
        self.seen = []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        return self.linear(x.flatten(1) / 255)


@settings(deadline=None, max_examples=12)
@given(
    arguments=FLOWS,
    workers=st.sampled_from([1, 4]),
    max_queue_size=st.integers(1, 12),
    steps=st.integers(1, 7),
)
def test_equal_seeds_give_equal_streams_whoever_reads(arguments, workers, max_queue_size, steps):
    seen = []
    for threads in (0, workers):
        network = _Recorder()
        model = Model(network, device="cpu")
        model.compile()
        model.fit_generator(
            _flow(**arguments)[0],
            steps_per_epoch=steps,
            epochs=2,
            verbose=0,
            workers=threads,
            max_queue_size=max_queue_size,
        )
        seen.append(network.seen[-2 * steps :])
    direct, _ = _flow(**arguments)
    for alone, shared in zip(*seen, strict=True):
        assert torch.equal(alone, shared)
        assert np.array_equal(alone.permute(0, 2, 3, 1).numpy(), next(direct)[0])


@pytest.mark.parametrize("subset", [None, "training"])
def test_a_data_loader_with_processes_reads_the_same(subset, monkeypatch):
    monkeypatch.setattr(warp_cpu, "PIXELS_PER_THREAD", 50)
    monkeypatch.setattr(warp_cpu, "n_cores", lambda: 2)
    flow, _ = _flow(30, 4, True, 3, subset)
    direct, _ = _flow(30, 4, True, 3, subset)
    next(direct)  # this process has warping threads now, which a forked one does not
    direct.reset()
    for pass_ in range(1, 3):
        flow.on_epoch_end()
        loaded = list(DataLoader(flow, batch_size=None, num_workers=2, timeout=60))
        assert len(loaded) == len(flow)
        for item in loaded:
            assert all(np.array_equal(a, b) for a, b in zip(item, next(direct), strict=True)), pass_


def test_a_data_loader_may_shuffle_batches_and_start_processes_afresh():
    flow, numbers = _flow(10, 3, False, 3, None)
    loader = DataLoader(flow, batch_size=None, num_workers=1, shuffle=True, multiprocessing_context="spawn", timeout=60)
    assert sorted(number for batch in loader for number in batch[1].tolist()) == list(numbers)


class _Numbers(Iterator):
    def load(self, pass_, indices):
        return indices


def test_shuffling_ten_million_samples_costs_no_more_than_their_index():
    n = 10_000_000
    flow = _Numbers(n, 32, shuffle=True, seed=1)
    tracemalloc.start()
    batch = flow.batch_indices(0, 7)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(set(batch.tolist())) == 32
    assert kept < 4 * n + 10_000 and peak < 4 * n + 10_000
