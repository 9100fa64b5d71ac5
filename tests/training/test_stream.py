"""How batches travel: order, bounds, threads and errors."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from engine.augment.generator import ImageDataGenerator
from engine.errors import SpecError
from engine.training import callbacks
from engine.training.feeds import Reading, SequenceFeed
from engine.training.stream import ahead
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

    results = list(ahead([lambda k=k: call(k) for k in range(40)], workers=8, max_queue_size=6))
    assert results == list(range(40))


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("max_queue_size", [1, 2, 10])
def test_no_more_than_the_queues_size_is_made_ahead(max_queue_size, workers):
    made = []
    stream = ahead((lambda k=k: made.append(k) for k in range(60)), workers, max_queue_size)
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

    stream = ahead(calls(), workers=2, max_queue_size=4)
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


def test_threads_do_not_wait_between_passes_for_who_does_not_listen():
    together = threading.Barrier(4, timeout=60)

    class Source:
        def __len__(self):
            return 2

        def __getitem__(self, k):
            if threading.current_thread() is not threading.main_thread():
                together.wait()  # until batches of two passes are being made at once
            return features(4)

    batches = SequenceFeed(Source(), Reading(torch.device("cpu"))).calls(range(8), seed=0)
    assert len(list(ahead(batches, workers=4, max_queue_size=4))) == 8


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

    def validate(source, **named):
        return model.fit_generator(iter([features(4)]), 1, validation_data=source, **named)

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


def test_without_workers_each_batch_is_made_when_wanted():
    made = []

    def call(k):
        made.append((k, threading.current_thread()))

    stream = ahead((lambda k=k: call(k) for k in range(9)), workers=0, max_queue_size=5)
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
