"""Whatever the numbers: each pass shows each sample once, and threads and queues change nothing."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.augment.generator import ImageDataGenerator
from engine.training.callbacks import LambdaCallback
from engine.training.model import Model
from tests.training.pictures import assert_same_weights


class Numbers(nn.Module):
    """Notes which samples it is trained on; each is a picture of its own number."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 2)
        self.batches = []

    def forward(self, inputs):
        numbers = inputs.flatten(1)[:, :1]
        if self.training:
            self.batches.append([round(number) for number in numbers.flatten().tolist()])
        return self.linear(numbers)


class Batches:
    """A Sequence over numbered pictures."""

    def __init__(self, x, y, size):
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, k):
        return self.x[k * self.size : (k + 1) * self.size], self.y[k * self.size : (k + 1) * self.size]

    def on_epoch_end(self):
        pass


def numbered(n):
    return np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None, None], (n, 2, 2, 1)), np.zeros(n, int)


def batches_of(kind, n, size, steps, epochs, shuffle, workers, queue, seed):
    """Which samples came in which batch of a training."""
    x, y = numbered(n)
    torch.manual_seed(0)
    model = Model(Numbers(), seed=seed, device="cpu")
    model.compile("sgd")
    call = {"epochs": epochs, "steps_per_epoch": steps, "verbose": 0}
    if kind == "arrays":
        model.fit(x, y, batch_size=size, shuffle=shuffle, **call)
    else:
        source = Batches(x, y, size)
        if kind == "flow":
            source = ImageDataGenerator().flow(x, y, batch_size=size, shuffle=shuffle is True, seed=seed)
        model.fit_generator(source, workers=workers, max_queue_size=queue, shuffle=shuffle, **call)
    return model, model.network.batches


numbers = {
    "kind": st.sampled_from(["arrays", "flow", "sequence"]),
    "n": st.integers(1, 30),
    "size": st.integers(1, 12),
    "steps": st.none() | st.integers(1, 9),
    "epochs": st.integers(1, 4),
    "shuffle": st.sampled_from([True, False, "batch"]),
    "queue": st.integers(1, 6),
    "seed": st.integers(0, 2**31 - 1),
}


@settings(deadline=None, max_examples=150)
@given(**numbers, workers=st.sampled_from([0, 1, 4]))
def test_each_pass_shows_each_sample_once(kind, n, size, steps, epochs, shuffle, queue, seed, workers):
    _, batches = batches_of(kind, n, size, steps, epochs, shuffle, workers, queue, seed)
    length = -(-n // size)
    assert len(batches) == (steps or length) * epochs
    for first in range(0, len(batches), length):
        seen = [number for batch in batches[first : first + length] for number in batch]
        assert len(seen) == len(set(seen))
        assert len(batches) < first + length or sorted(seen) == list(range(n))
    if not shuffle:
        in_order = [list(range(k, min(k + size, n))) for k in range(0, n, size)]
        assert batches == [in_order[k % length] for k in range(len(batches))]


@settings(deadline=None, max_examples=40)
@given(**numbers)
def test_threads_and_queues_change_nothing(kind, n, size, steps, epochs, shuffle, queue, seed):
    trained = [batches_of(kind, n, size, steps, epochs, shuffle, workers, queue, seed) for workers in (0, 1, 4)]
    for model, batches in trained[1:]:
        assert batches == trained[0][1]
        assert_same_weights(trained[0][0], model)


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(1, 30), size=st.integers(1, 12), steps=st.none() | st.integers(1, 9), seed=st.integers(0, 2**31 - 1)
)
def test_fit_and_fit_generator_over_a_flow_are_equal(n, size, steps, seed):
    by_fit, one = batches_of("arrays", n, size, steps, 3, True, 1, 10, seed)
    by_flow, other = batches_of("flow", n, size, steps, 3, True, 1, 10, seed)
    assert one == other
    assert_same_weights(by_fit, by_flow)
    assert by_fit.history.history == by_flow.history.history


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(0, 11), workers=st.sampled_from([0, 1, 4]), seed=st.integers(0, 2**31 - 1))
def test_saved_anywhere_and_continued_is_never_stopped(tmp_path_factory, cut, workers, seed):
    path = tmp_path_factory.mktemp("cut") / "model"
    x, y = numbered(20)

    def train(model, n_batches, stop_after=None):
        source = ImageDataGenerator(rotation_range=20).flow(x, y, batch_size=6, seed=seed)
        stop = LambdaCallback(
            on_train_batch_end=lambda *_: setattr(model, "stop_training", model.n_batches == stop_after)
        )
        model.fit_generator(source, n_batches, workers=workers, verbose=0, callbacks=[stop])

    def fresh(seed):
        torch.manual_seed(0)
        model = Model(nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2)), seed=seed)
        model.compile("adam")
        return model

    whole, first, second = fresh(seed), fresh(seed), fresh(0)
    train(whole, 12)
    if cut:
        train(first, 12, stop_after=cut)
    first.save(path)
    second.load(path)
    train(second, 12 - cut)
    assert_same_weights(whole, second)
