"""What the kinds of sources give: Sequences, generators, and flows whose pictures live on a device."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch

from engine.augment.generator import ImageDataGenerator
from engine.training import feeds
from engine.training.feeds import Reading
from tests.training.pictures import batches, features, linear, pictures


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_sequence_hears_of_every_pass(workers):
    heard = []

    class Source:
        def __len__(self):
            return 2

        def __getitem__(self, k):
            heard.append(k)
            return features(4)

        def on_epoch_begin(self):
            heard.append("begin")

        def on_epoch_end(self):
            heard.append("end")

    model = linear()
    source = Source()
    for call in (
        lambda: model.fit_generator(source, epochs=2, verbose=0, workers=workers, shuffle=False),
        lambda: [model.evaluate_generator(source, workers=workers) for _ in range(2)],
    ):
        heard.clear()
        call()
        passes = [event for event in heard if event in ("begin", "end")]
        assert passes == ["begin", "end"] * 2


def test_the_first_batch_of_a_sequence_is_loaded_once():
    loaded = []

    class Source:
        def __len__(self):
            return 3

        def __getitem__(self, k):
            loaded.append(k)
            return features(4)

    linear().fit_generator(Source(), epochs=2, verbose=0, shuffle=False)
    assert loaded == [0, 1, 2] * 2


def test_on_epoch_end_waits_until_no_batch_of_the_pass_is_being_loaded():
    class Source:
        loading = 0
        lock = threading.Lock()
        ends = 0

        def __len__(self):
            return 6

        def __getitem__(self, k):
            with self.lock:
                self.loading += 1
            time.sleep(0.002)
            with self.lock:
                self.loading -= 1
            return features(4)

        def on_epoch_end(self):
            assert self.loading == 0
            self.ends += 1

    source = Source()
    linear().fit_generator(source, epochs=4, workers=3, max_queue_size=4, verbose=0)
    assert source.ends >= 3


def test_the_first_batch_of_a_generator_is_not_lost():
    x, y = features(40)
    seen = []
    model = linear()
    model.network.register_forward_hook(
        lambda module, inputs, outputs: seen.append(inputs[0].clone()) if module.training else None
    )
    model.fit_generator(((x[k : k + 8], y[k : k + 8]) for k in range(0, 40, 8)), 5, verbose=0)
    np.testing.assert_array_equal(torch.cat(seen).numpy(), x)


@pytest.mark.parametrize("subset", [None, "training", "validation"])
def test_a_flow_on_the_device_gives_the_same_pictures(subset):
    images, labels = pictures(40)
    generator = ImageDataGenerator(rotation_range=30, zoom_range=0.2, horizontal_flip=True, validation_split=0.4)
    flow = generator.flow(images, labels, batch_size=8, seed=3, subset=subset)
    reading = Reading(torch.device("cpu"))
    ours, theirs = (batches(kind(flow, reading), range(4, 12)) for kind in (feeds.DeviceFlowFeed, feeds.FlowFeed))
    for (inputs, kept), (wanted, wanted_labels) in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(inputs.numpy(), wanted, atol=1e-3)
        np.testing.assert_array_equal(kept, wanted_labels)


def test_arrays_on_the_device_give_the_same_batches(monkeypatch):
    images, labels = pictures(40)
    reading = Reading(torch.device("cpu"), batch_size=7, shuffle=True)
    plain = list(batches(feeds.ArrayFeed(images, labels, None, reading), range(3, 15)))
    monkeypatch.setattr(feeds, "_has_room", lambda device, n_bytes: True)
    resident = list(batches(feeds.ArrayFeed(images, labels, None, reading), range(3, 15)))
    assert [len(x) for x, _ in resident].count(5) == 2, "the short last batches of two passes"
    for ours, theirs in zip(resident, plain, strict=True):
        for values, wanted in zip(ours, theirs, strict=True):
            assert isinstance(values, torch.Tensor)
            np.testing.assert_array_equal(values.numpy(), wanted)


@pytest.mark.parametrize(("num_workers", "in_main"), [(0, False), (2, True)])
def test_a_loader_with_processes_is_read_in_the_trainings_thread(num_workers, in_main):
    """Processes that it forks in a thread of a pool would end with an error, which ends the program."""
    x, y = features(12)
    readers = []

    class Loader:
        def __init__(self):
            self.num_workers = num_workers

        def __len__(self):
            return 3

        def __iter__(self):
            for k in range(0, 12, 4):
                readers.append(threading.current_thread() is threading.main_thread())
                yield torch.from_numpy(x[k : k + 4]), torch.from_numpy(y[k : k + 4])

    linear().fit(Loader(), epochs=2, verbose=0, view_metrics=False)
    assert readers[0]  # to see what it brings
    assert set(readers[1:]) == {in_main}


def _read_only(values):
    values.flags.writeable = False
    return values


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "<u2", ">i4", "u8", "<f2", ">f4", "f8", "g"])
@pytest.mark.parametrize("form", [np.copy, lambda v: v.copy()[::-1], lambda v: _read_only(v.copy()), np.asfortranarray])
def test_rows_of_any_array_are_taken(dtype, form):
    values = np.arange(21).reshape(7, 3).astype(dtype)
    feed = feeds.ArrayFeed(form(values), None, None, Reading(torch.device("cpu"), batch_size=3, shuffle=True))
    given = [np.asarray(x) for (x,) in batches(feed, range(3), seed=1)]
    rows = feeds.order(7, 1, 0)
    assert np.array_equal(np.concatenate(given), form(values)[rows])
    assert [len(x) for x in given] == [3, 3, 1]
