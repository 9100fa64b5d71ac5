"""Accumulation, averages and schedules around an optimizer: equal to their definition, and from call to call."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from engine.optimizers import SGD, Adam, RMSprop, schedules
from engine.training.callbacks import LambdaCallback, ModelCheckpoint
from tests.training.pictures import assert_same_weights, cnn, features, linear, pictures


def assert_close_weights(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"global_clipnorm": 0.3, "weight_decay": 0.1}])
def test_small_batches_equal_one_large_batch(arguments, weighted):
    x, y = features(50)
    w = np.linspace(0, 2, 50, dtype=np.float32) if weighted else None
    schedule = schedules.ExponentialDecay(0.1, 2, 0.5)
    large = linear(optimizer=Adam(schedule, **arguments))
    small = linear(optimizer=Adam(schedule, gradient_accumulation_steps=3, **arguments))
    large.fit(x, y, sample_weight=w, batch_size=50, epochs=4, shuffle=False, verbose=0)
    small.fit(x, y, sample_weight=w, batch_size=20, epochs=4, shuffle=False, verbose=0)  # 20, 20, 10
    assert small.update.n == large.update.n == 4
    assert small.learning_rate == large.learning_rate == 0.025
    assert_close_weights(large, small)


def test_what_is_left_over_counts_in_the_next_fit():
    x, y = features(40)
    once, twice = (linear(optimizer=SGD(0.1, gradient_accumulation_steps=3)) for _ in range(2))
    once.fit(x, y, batch_size=20, epochs=3, shuffle=False, verbose=0)
    before = twice.get_weights()
    twice.fit(x, y, batch_size=20, epochs=1, shuffle=False, verbose=0)
    assert all(np.array_equal(*pair) for pair in zip(before, twice.get_weights(), strict=True))
    twice.fit(x, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    assert once.update.n == twice.update.n == 2
    assert_same_weights(once, twice)


def averages(momentum, frequency=None, epochs=3):
    """A training with an average, the weights after each epoch (of one update), and after its end."""
    seen = []
    model = linear(optimizer=SGD(0.5, use_ema=True, ema_momentum=momentum, ema_overwrite_frequency=frequency))
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()[0]))
    model.fit(*features(), batch_size=50, epochs=epochs, verbose=0, callbacks=[note])
    return model, seen, model.get_weights()[0]


def test_the_average_of_the_weights_replaces_them_at_the_end():
    _, seen, final = averages(0.8)
    average = seen[0]
    for weights in seen[1:]:
        average = 0.8 * average + 0.2 * weights
    np.testing.assert_allclose(final, average, rtol=1e-6)
    plain = linear(optimizer=SGD(0.5))
    plain.fit(*features(), batch_size=50, epochs=3, verbose=0)
    np.testing.assert_array_equal(plain.get_weights()[0], seen[-1])  # training itself knows nothing of it


def test_the_average_may_replace_the_weights_in_between():
    _, seen, _ = averages(0.8, frequency=2, epochs=2)
    _, raw, _ = averages(0.8, epochs=2)
    np.testing.assert_allclose(seen[1], 0.8 * raw[0] + 0.2 * raw[1], rtol=1e-6)


def test_the_average_is_there_when_training_ends():
    model, seen = linear(optimizer=SGD(0.5, use_ema=True, ema_momentum=0.8)), []
    note = LambdaCallback(on_train_end=lambda logs: seen.append(model.get_weights()[0]))
    model.fit(*features(), epochs=2, verbose=0, callbacks=[note])
    np.testing.assert_array_equal(model.get_weights()[0], seen[0])


EVERYTHING = {
    "adam": Adam(
        schedules.CosineDecay(0.001, 20, warmup_target=0.01, warmup_steps=3), weight_decay=0.01, clipnorm=0.5,
        use_ema=True, ema_momentum=0.9, gradient_accumulation_steps=3,
    ),
    "rmsprop": RMSprop(0.01, momentum=0.5, centered=True, global_clipnorm=0.5, gradient_accumulation_steps=5),
    "sgd": SGD(
        schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), momentum=0.9, clipvalue=0.1, use_ema=True,
        ema_overwrite_frequency=4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("optimizer", EVERYTHING.values(), ids=EVERYTHING)
def test_a_training_interrupted_anywhere_continues_exactly(tmp_path, optimizer):
    images, labels = pictures()
    arguments = {"batch_size": 16, "verbose": 0}
    through, continued = cnn(optimizer=optimizer), cnn(seed=99, optimizer=optimizer)
    keep = ModelCheckpoint(tmp_path / "{epoch}.safetensors")
    through.fit(images, labels, epochs=4, callbacks=[keep], **arguments)
    continued.load(tmp_path / "2.safetensors")
    assert continued.update.n == 8 // (optimizer.gradient_accumulation_steps or 1)
    continued.fit(images, labels, initial_epoch=2, epochs=4, **arguments)
    assert_same_weights(continued, through)


@pytest.mark.parametrize("optimizer", EVERYTHING.values(), ids=EVERYTHING)
def test_equal_seeds_give_bit_equal_weights(optimizer):
    images, labels = pictures()
    a, b = cnn(optimizer=optimizer), cnn(optimizer=optimizer)
    for model in (a, b):
        model.fit(images, labels, batch_size=16, epochs=2, verbose=0)
    assert_same_weights(a, b)


def test_a_model_without_average_takes_a_file_with_one(tmp_path):
    x, y = features()
    averaged, plain = linear(optimizer=SGD(0.1, use_ema=True)), linear(seed=5, optimizer=SGD(0.1))
    averaged.fit(x, y, verbose=0)
    averaged.save(tmp_path / "m")
    plain.load(tmp_path / "m")
    assert_same_weights(averaged, plain)
    plain.fit(x, y, verbose=0)
    averaged.load(tmp_path / "m")
    averaged.update.restore(*averaged.update.state())
    assert torch.equal(averaged.update.state()[1]["average.0"], averaged.network.weight)


def test_who_listens_to_functions_hears_of_backward():
    class Listener(TorchFunctionMode):
        n = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.n += func is torch.Tensor.backward
            return func(*args, **(kwargs or {}))

    x, y = features(24)
    alone, heard = linear(), linear()
    alone.fit(x, y, batch_size=8, verbose=0)
    with Listener() as listener:
        heard.fit(x, y, batch_size=8, verbose=0)
    assert listener.n == 3
    assert_same_weights(alone, heard)
