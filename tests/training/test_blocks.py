"""Batches made several at once on the device are those that would be made one by one."""

from __future__ import annotations

from functools import partial
from itertools import count, islice

import numpy as np
import pytest
import torch

from engine.augment import warp_cuda
from engine.augment.generator import ImageDataGenerator
from engine.training import blocks, feeds, stream
from engine.training.feeds import Reading
from tests.training.pictures import batches, pictures


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
    return list(islice(batches(kind(flow, Reading(torch.device("cpu"))), numbers), n))


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
    assert blocks.batches_at_once(32, 224 * 224 * 3 * 4, on_gpu=True) == 1
    assert blocks.batches_at_once(10_000, 1, on_gpu=True) == 1


def test_arrays_in_memory_give_as_many_batches_at_once_as_stay_in_the_cache():
    def sizes(n_features):
        x = np.zeros((100, n_features), np.float32)
        feed = feeds.ArrayFeed(x, None, None, Reading(torch.device("cpu"), batch_size=8))
        given = [call() for call in feed.calls(range(11, 26), seed=0)]
        assert max(len(one.sizes) for one in given) <= feed.at_once
        return [one.sizes for one in given]

    small, large = sizes(4), sizes(2**14)
    assert small == [[8, 4], [8] * 12 + [4]], "never beyond the end of a pass"
    assert large == [[8], [4], *[[8]] * 12, [4]]


def test_a_queue_is_as_long_in_pictures_whatever_comes_at_once(monkeypatch):
    lengths = []
    ahead = stream.ahead
    monkeypatch.setattr(stream, "ahead", lambda calls, workers, n, _: lengths.append(n) or ahead(calls, workers, n))
    intake = stream.Intake(torch.device("cpu"), "channels_last", torch.int64)
    for kind, queue in ((feeds.FlowFeed, 10), (feeds.DeviceFlowFeed, 10), (feeds.DeviceFlowFeed, 1000)):
        feed = kind(_flow(), Reading(torch.device("cpu")))
        given = list(stream.stream(feed, intake, lambda item: None, range(6), stream.Queue(1, queue)))
        assert [len(batch.inputs) for batch in given] == [8, 8, 8, 8, 8, 3]
    assert lengths == [10, 1, 2]


def test_one_by_one_is_the_same_to_the_last_bit(monkeypatch):
    together = _taken(feeds.DeviceFlowFeed, _flow(), range(6), 6)
    monkeypatch.setattr(blocks, "PICTURES", 1)
    for batch, alone in zip(together, _taken(feeds.DeviceFlowFeed, _flow(), range(6), 6), strict=True):
        assert all(torch.equal(*pair) for pair in zip(batch, alone, strict=True))


def test_labels_that_are_no_numbers_stay_on_the_host(monkeypatch):
    monkeypatch.setattr(feeds, "_has_room", lambda device, n_bytes: True)
    images, labels = pictures(8)
    on_gpu = Reading(torch.device("cuda"))
    for values, is_there in ((labels, True), (labels.astype(str), False)):
        flow = ImageDataGenerator().flow(images, values, seed=0)
        assert feeds.DeviceFlowFeed.accepts(flow, on_gpu) == is_there
