"""How batches travel: order, bounds, threads, errors, and flows whose pictures live on a device."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from engine.augment.generator import ImageDataGenerator
from engine.errors import SpecError
from engine.training import callbacks, feeds
from engine.training.feeds import Reading
from tests.training.pictures import features, linear, pictures


def n_threads():
    return sum(thread.name.startswith("fitlab-feed") for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def no_thread_left():
    yield
    assert n_threads() == 0


def test_results_come_in_order_however_long_each_call_takes():
    random = np.random.default_rng(0)
    delays = random.uniform(0, 0.004, 40)

    def call(k):
        time.sleep(delays[k])
        return k

    results = list(feeds.ahead([lambda k=k: call(k) for k in range(40)], workers=8, max_queue_size=6))
    assert results == list(range(40))


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("max_queue_size", [1, 2, 10])
def test_no_more_than_the_queues_size_is_made_ahead(max_queue_size, workers):
    made = []
    stream = feeds.ahead((lambda k=k: made.append(k) for k in range(60)), workers, max_queue_size)
    for used in range(1, 60):
        next(stream)
        time.sleep(0.002)  # time enough to run ahead too far
        assert len(made) <= used + max_queue_size
    stream.close()


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("max_queue_size", [1, 2, 10])
def test_a_source_is_never_further_than_the_queue_ahead_of_training(max_queue_size, workers):
    lock, made, trained, furthest = threading.Lock(), 0, 0, 0

    class Source:
        def __len__(self):
            return 3

        def __getitem__(self, k):
            nonlocal made
            with lock:
                made += 1
            return features(4)

        def on_epoch_end(self):
            pass

    def look(batch, logs):
        nonlocal trained, furthest
        time.sleep(0.002)
        trained += 1
        furthest = max(furthest, made - trained)

    linear().fit_generator(
        Source(), 7, 4, workers=workers, max_queue_size=max_queue_size, verbose=0,
        callbacks=[callbacks.LambdaCallback(on_train_batch_end=look)],
    )  # fmt: skip
    assert 0 < furthest <= max_queue_size
    assert made == trained == 28  # nothing is made that nobody takes


def test_the_first_batch_is_used_before_the_second_is_there():
    second = threading.Event()

    def calls():
        yield lambda: 0
        yield second.wait

    stream = feeds.ahead(calls(), workers=2, max_queue_size=4)
    assert next(stream) == 0
    second.set()
    assert list(stream) == [True]


def test_a_short_pass_does_not_hold_the_first_batch_back():
    may_go_on = threading.Event()

    class Source:
        def __len__(self):
            return 2

        def __getitem__(self, k):
            if k == 1:
                may_go_on.wait(60)
            return features(4)

        def on_epoch_end(self):
            pass

    linear().fit_generator(
        Source(), epochs=2, shuffle=False, verbose=0, workers=2,
        callbacks=[callbacks.LambdaCallback(on_train_batch_end=lambda *_: may_go_on.set())],
    )  # fmt: skip


@pytest.mark.parametrize("stop", ["interrupt", "stop_training", "error"])
def test_no_thread_is_left_however_training_ends(stop):
    def act(batch, logs):
        assert n_threads() > 0
        if stop == "interrupt":
            raise KeyboardInterrupt
        if stop == "error":
            raise Oops
        model.stop_training = True

    def endless():
        while True:
            yield features(8)

    model = linear()
    ends = {"interrupt": pytest.raises(KeyboardInterrupt), "error": pytest.raises(Oops)}
    with ends.get(stop, nullcontext()):
        model.fit_generator(endless(), 50, verbose=0, callbacks=[callbacks.LambdaCallback(on_train_batch_end=act)])
    assert model.n_batches == 1


def test_validation_and_evaluation_are_read_by_threads():
    readers = set()

    class Source:
        def __len__(self):
            return 4

        def __getitem__(self, k):
            readers.add(threading.current_thread().name.rstrip("0123456789_"))
            return features(4)

    def readers_of(call, *arguments, **named):
        readers.clear()
        source = Source()
        call(source, *arguments, verbose=0, **named)
        return readers - {"MainThread"}  # which looks at the first batch before anything begins

    model = linear()
    validate = lambda source, **named: model.fit_generator(  # noqa: E731
        iter([features(4)]), 1, validation_data=source, **named
    )
    for call in (model.fit, model.evaluate, model.predict, model.evaluate_generator, model.predict_generator, validate):
        assert readers_of(call) == {"fitlab-feed"}
    for call in (model.evaluate_generator, model.predict_generator, validate):
        assert readers_of(call, workers=0) == set()


def test_a_sequence_may_bring_its_own_workers():
    class Source:
        workers = 0
        max_queue_size = 3

        def __len__(self):
            return 4

        def __getitem__(self, k):
            assert threading.current_thread() is threading.main_thread()
            return features(4)

    model = linear()
    model.fit(Source(), verbose=0, validation_data=Source())
    model.evaluate(Source(), verbose=0)
    Source.workers = -3
    with pytest.raises(SpecError, match="workers between 0"):
        model.fit(Source(), verbose=0)


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


def test_without_workers_each_batch_is_made_when_wanted():
    made = []

    def call(k):
        made.append((k, threading.current_thread()))

    stream = feeds.ahead((lambda k=k: call(k) for k in range(9)), workers=0, max_queue_size=5)
    next(stream)
    assert made == [(0, threading.main_thread())]


class Oops(Exception):
    pass


def failing_generator(after):
    for _ in range(after):
        yield features(8)
    raise Oops("from within")


class FailingSequence:
    def __len__(self):
        return 9

    def __getitem__(self, k):
        if k == 4:
            raise Oops("from within")
        return features(8)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_what_a_source_raises_arrives_unchanged(workers):
    model = linear()
    source = failing_generator(4) if workers < 2 else FailingSequence()
    with pytest.raises(Oops, match="from within") as raised:
        model.fit_generator(source, 9, verbose=0, workers=workers, shuffle=False)
    assert model.n_batches == 4
    assert raised.traceback[-1].name in ("failing_generator", "__getitem__")


@pytest.mark.parametrize("workers", [1, 4])
def test_an_error_in_training_ends_the_threads(workers):
    from engine.training.callbacks import LambdaCallback

    def fail(batch, logs):
        assert n_threads() > 0
        raise Oops

    images, labels = pictures()
    flow = ImageDataGenerator().flow(images.reshape(-1, 1, 1, 4), labels.repeat(48), batch_size=16)
    model = linear(3)
    model.network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    with pytest.raises(Oops):
        model.fit_generator(flow, workers=workers, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=fail)])


def test_a_plain_generator_is_read_by_one_thread_at_a_time_and_says_so():
    inside = threading.Lock()

    def generator():
        while True:
            assert inside.acquire(blocking=False)
            time.sleep(0.001)
            inside.release()
            yield features(8)

    with pytest.warns(UserWarning, match="read by one thread"):
        linear().fit_generator(generator(), 20, workers=4, verbose=0)


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
    ours, theirs = (kind(flow, reading).calls(range(4, 12), seed=2) for kind in (feeds.DeviceFlowFeed, feeds.FlowFeed))
    for _ in range(8):
        (inputs, kept), (wanted, wanted_labels) = next(ours)(), next(theirs)()
        np.testing.assert_allclose(inputs.numpy(), wanted, atol=1e-3)
        np.testing.assert_array_equal(kept, wanted_labels)


def test_arrays_on_the_device_give_the_same_batches(monkeypatch):
    images, labels = pictures(40)
    reading = Reading(torch.device("cpu"), batch_size=7, shuffle=True)
    plain = feeds.ArrayFeed(images, labels, None, reading).calls(range(3, 15), seed=2)
    monkeypatch.setattr(feeds, "_has_room", lambda device, n_bytes: True)
    resident = feeds.ArrayFeed(images, labels, None, reading).calls(range(3, 15), seed=2)
    for _ in range(12):
        for values, wanted in zip(next(resident)(), next(plain)(), strict=True):
            assert isinstance(values, torch.Tensor)
            np.testing.assert_array_equal(values.numpy(), wanted)
