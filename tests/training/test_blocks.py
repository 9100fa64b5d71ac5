"""Batches made several at once on the device are those that would be made one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice

import numpy as np
import pytest
import torch

from engine.augment import warp_cuda
from engine.augment.generator import ImageDataGenerator
from engine.training import blocks, feeds
from engine.training.feeds import Reading
from tests.training.pictures import pictures


@pytest.fixture
def launches(monkeypatch):
    """How many pictures each launch of the warp transforms."""
    sizes = []
    warp = warp_cuda.warp
    monkeypatch.setattr(
        warp_cuda, "warp", lambda images, rows, *args: sizes.append(len(rows)) or warp(images, rows, *args)
    )
    return sizes


def _flow(n=43, batch_size=8):
    images, labels = pictures(n)
    weights = np.linspace(0, 1, n)
    generator = ImageDataGenerator(rotation_range=30, zoom_range=0.2, horizontal_flip=True)
    return generator.flow(images, labels, batch_size=batch_size, sample_weight=weights, seed=3)


def _taken(kind, flow, numbers, n):
    return [call() for call in islice(kind(flow, Reading(torch.device("cpu"))).calls(numbers, seed=2), n)]


@pytest.mark.parametrize("numbers", [partial(range, 4, 17), partial(count, 4)], ids=["ends", "endless"])
def test_one_launch_makes_the_batches_of_a_pass(launches, numbers):
    flow = _flow()
    ours, theirs = (_taken(kind, flow, numbers(), 13) for kind in (feeds.DeviceFlowFeed, feeds.FlowFeed))
    for batch, wanted in zip(ours, theirs, strict=True):
        assert all(isinstance(values, torch.Tensor) for values in batch), "nothing is left to be uploaded"
        np.testing.assert_allclose(batch[0], wanted[0], atol=1e-3)
        for values, expected in zip(batch[1:], wanted[1:], strict=True):
            np.testing.assert_array_equal(values, expected.astype(values.numpy().dtype))
    assert [len(batch[0]) for batch in ours].count(3) == 2, "the short last batches of two passes"
    assert len(launches) == 3


def test_what_is_made_at_once_is_bounded(monkeypatch, launches):
    monkeypatch.setattr(blocks, "PICTURES", 20)
    _taken(feeds.DeviceFlowFeed, _flow(), range(6), 6)
    assert launches == [16, 16, 11]
    assert blocks.batches_at_once(32, 224 * 224 * 3 * 4) == 1
    assert blocks.batches_at_once(10_000, 1) == 1


def test_one_by_one_is_the_same_to_the_last_bit(monkeypatch):
    together = _taken(feeds.DeviceFlowFeed, _flow(), range(6), 6)
    monkeypatch.setattr(blocks, "PICTURES", 1)
    for batch, alone in zip(together, _taken(feeds.DeviceFlowFeed, _flow(), range(6), 6), strict=True):
        assert all(torch.equal(*pair) for pair in zip(batch, alone, strict=True))


def test_threads_may_ask_in_any_order(launches):
    calls = list(feeds.DeviceFlowFeed(_flow(), Reading(torch.device("cpu"))).calls(range(6), seed=2))
    with ThreadPoolExecutor(6) as pool:
        rows = list(pool.map(lambda call: len(call()[0]), reversed(calls)))
    assert rows == [3, 8, 8, 8, 8, 8]
    assert launches == [43]


def test_labels_that_are_no_numbers_stay_on_the_host(monkeypatch):
    monkeypatch.setattr(feeds, "_has_room", lambda device, n_bytes: True)
    images, labels = pictures(8)
    on_gpu = Reading(torch.device("cuda"))
    for values, is_there in ((labels, True), (labels.astype(str), False)):
        flow = ImageDataGenerator().flow(images, values, seed=0)
        assert feeds.DeviceFlowFeed.accepts(flow, on_gpu) == is_there
