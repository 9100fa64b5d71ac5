"""Batches made or taken several at once are those that would come one by one."""

from __future__ import annotations

from functools import partial
from itertools import count, islice

import numpy as np
import pytest
import torch
from torch import nn

from engine.augment import warp_cuda
from engine.augment.flow import NumpyArrayIterator
from engine.augment.generator import ImageDataGenerator
from engine.training import blocks, feeds, stream
from engine.training.callbacks import Callback, LambdaCallback
from engine.training.feeds import Reading
from engine.training.model import Model
from tests.training.pictures import assert_same_weights, batches, features, linear, pictures


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
    assert len(launches) == 6, "the first of a pass, and the others together"


def test_what_is_made_at_once_is_bounded(monkeypatch, launches):
    monkeypatch.setattr(blocks, "PICTURES", 20)
    _taken(feeds.DeviceFlowFeed, _flow(), range(6), 6)
    assert launches == [8, 16, 16, 3]
    assert blocks.batches_at_once(32, 224 * 224 * 3 * 4, on_gpu=True) == 1
    assert blocks.batches_at_once(10_000, 1, on_gpu=True) == 1


def test_arrays_in_memory_give_as_many_batches_at_once_as_stay_in_the_cache():
    def sizes(n_features):
        x = np.zeros((100, n_features), np.float32)
        feed = feeds.ArrayFeed(x, None, None, Reading(torch.device("cpu"), batch_size=8))
        given = [call() for call in feed.calls(range(11, 26), seed=0)]
        assert max(len(one.sizes) for one in given) <= feed.at_once
        return [one.sizes for one in given]

    small, large, odd = sizes(4), sizes(2**14), sizes(3)
    assert small == [[8], [4], [8], [8] * 11 + [4]], "the first alone, and never beyond the end of a pass"
    assert large == odd == [[8], [4], *[[8]] * 12, [4]]


def test_rows_of_a_file_are_read_for_one_batch_at_a_time(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((100, 4), np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert feeds.ArrayFeed(mapped, None, None, Reading(torch.device("cpu"))).at_once == 1


def deep(n_features):
    torch.manual_seed(0)
    model = Model(nn.Sequential(nn.Linear(n_features, 20), nn.ReLU(), nn.Linear(20, 3)), seed=0, device="cpu")
    model.compile()
    return model


@pytest.mark.parametrize(("n_features", "batch_size"), [(7, 5), (13, 7), (10, 25), (16, 32)])
def test_several_at_once_train_as_each_alone(n_features, batch_size):
    x, y = features(163, n_features)
    ours, theirs = (deep(n_features) for _ in range(2))
    ours.fit(x, y, batch_size, epochs=2, shuffle=False, verbose=0)
    alone = [(x[k : k + batch_size].copy(), y[k : k + batch_size]) for k in range(0, len(x), batch_size)]
    theirs.fit(alone, epochs=2, shuffle=False, verbose=0)
    assert_same_weights(ours, theirs)


def test_what_a_callback_changes_in_the_data_shows_in_the_epoch_that_begins():
    class Forget(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            weights[:] = epoch != 1

    x, y = features(64)
    weights = np.ones(64, np.float32)
    history = linear().fit(x, y, 8, epochs=3, sample_weight=weights, callbacks=[Forget()], verbose=0)
    first, none, third = history.history["loss"]
    assert none < first / 4, "all but the first batch weigh nothing"
    assert third > none


def test_a_network_may_change_its_inputs_in_place():
    class Shifted(nn.Linear):
        def forward(self, x):
            x += self.bias.mean()
            return super().forward(x)

    x, y = features(64)
    model = Model(Shifted(4, 3), seed=0, device="cpu")
    model.compile()
    before = x.copy()
    model.fit(x, y, 8, epochs=2, verbose=0)
    np.testing.assert_array_equal(x, before)


def test_a_queue_is_as_long_in_pictures_whatever_comes_at_once(monkeypatch):
    lengths = []
    ahead = stream.ahead
    monkeypatch.setattr(stream, "ahead", lambda calls, workers, n, _: lengths.append(n) or ahead(calls, workers, n))
    intake = stream.Intake(torch.device("cpu"), "channels_last", torch.int64)
    for kind, queue in ((feeds.FlowFeed, 10), (feeds.DeviceFlowFeed, 10), (feeds.DeviceFlowFeed, 1000)):
        feed = kind(_flow(), Reading(torch.device("cpu")))
        given = list(stream.stream(feed, intake, lambda item: None, range(6), stream.Queue(1, queue)))
        assert [len(batch.inputs) for batch in given] == [8, 8, 8, 8, 8, 3]
    assert lengths == [1, 1, 2]


@pytest.mark.parametrize("kind", [feeds.DeviceFlowFeed, feeds.FlowFeed])
def test_one_by_one_is_the_same_to_the_last_bit(kind, monkeypatch):
    together = _taken(kind, _flow(), range(12), 12)
    monkeypatch.setattr(blocks, "PICTURES", 1)
    monkeypatch.setattr(blocks, "CACHE_BYTES", 1)
    for batch, alone in zip(together, _taken(kind, _flow(), range(12), 12), strict=True):
        assert all(map(np.array_equal, batch, alone))


class _Own(NumpyArrayIterator):
    """Mixes what is in a batch."""

    def load(self, pass_, indices):
        return super().load(pass_, indices[::-1])


class _Mixing(ImageDataGenerator):
    def augment(self, *args, **kwargs):
        batch = super().augment(*args, **kwargs)
        return (batch + batch[::-1]) / 2


def test_without_workers_a_flow_s_batches_are_made_in_their_turn():
    """Also where an epoch is not a pass. Its first batch is asked for just before it begins."""
    flow, seen = _flow(), []
    augment = flow.generator.augment

    def change(epoch, logs):
        flow.x[:] = epoch
        if epoch == 0:
            seen.clear()  # of the first look at the data

    def noted(*args, **kwargs):
        seen.append(augment(*args, **kwargs))
        return seen[-1]

    flow.generator.augment = noted
    network = nn.Sequential(nn.Flatten(), nn.Linear(flow.x[0].size, 3))
    model = Model(network, seed=1, device="cpu")
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit_generator(flow, 4, epochs=2, workers=0, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=change)])
    assert [float(batch.max()) for batch in seen] == [0.0] * 4 + [1.0] * 3


def test_a_flow_on_the_cpu_is_asked_for_several_batches_where_only_the_kernel_is_called(tmp_path):
    images, labels = pictures(43)
    saved = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", images.dtype, images.shape)
    quick, plain = ImageDataGenerator(), ImageDataGenerator(preprocessing_function=lambda picture: picture)
    whitening = ImageDataGenerator(zca_whitening=True)
    whitening.fit(images)
    flows = {
        "arrays": quick.flow(images, labels, batch_size=8),
        "function": plain.flow(images, labels, batch_size=8),
        "way of its own": _Own(images, labels, quick, batch_size=8),
        "generator of its own": _Mixing().flow(images, labels, batch_size=8),
        "whitening": whitening.flow(images, labels, batch_size=8),
        "file": quick.flow(saved, labels, batch_size=8),
        "written": quick.flow(images, labels, batch_size=8, save_to_dir=tmp_path / "seen"),
    }
    reading = Reading(torch.device("cpu"))
    assert [name for name, flow in flows.items() if feeds.FlowFeed(flow, reading).at_once > 1] == ["arrays"]


def test_labels_that_are_no_numbers_stay_on_the_host(monkeypatch):
    monkeypatch.setattr(feeds, "_has_room", lambda device, n_bytes: True)
    images, labels = pictures(8)
    on_gpu = Reading(torch.device("cuda"))
    for values, is_there in ((labels, True), (labels.astype(str), False)):
        flow = ImageDataGenerator().flow(images, values, seed=0)
        assert feeds.DeviceFlowFeed.accepts(flow, on_gpu) == is_there
