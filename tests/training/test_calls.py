"""evaluate_generator, predict_generator, and what the calls accept as data and refuse in words."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import engine
from engine.augment.generator import ImageDataGenerator
from engine.errors import DataError, SpecError
from engine.training import notes
from tests.training.pictures import assert_same_weights, cnn, features, linear, pictures


def batches(n=48, size=16):
    x, y = features(n)
    return [(x[k : k + size], y[k : k + size]) for k in range(0, n, size)]


# --- evaluation and prediction over streams -------------------------------------------------------------------------


def test_evaluate_generator_and_predict_generator_are_evaluate_and_predict():
    x, y = features(48)
    model = linear()
    for source in (batches(), iter(batches())):
        assert model.evaluate_generator(source, 3) == pytest.approx(model.evaluate(x, y, verbose=0))
    np.testing.assert_allclose(model.predict_generator(iter(batches()), steps=3), model.predict(x, verbose=0), 1e-6)
    assert model.predict_generator(iter(batches()), 2).shape == (32, 3)
    assert isinstance(linear(metrics=None).evaluate_generator(batches()), float)


def test_the_functions_are_the_methods():
    x, y = features(48)
    model = linear()
    assert engine.evaluate(model, x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert engine.evaluate_generator(model, batches()) == model.evaluate_generator(batches())
    np.testing.assert_array_equal(engine.predict(model, x, verbose=0), model.predict(x, verbose=0))
    np.testing.assert_array_equal(
        engine.predict_generator(model, batches()), model.predict_generator(batches(), workers=3)
    )


@pytest.mark.parametrize("call", ["evaluate", "evaluate_generator", "predict", "predict_generator"])
def test_a_generator_that_ends_early_says_how_much_came(call):
    with pytest.warns(UserWarning, match="5 batches wanted, 3 came"):
        getattr(linear(), call)(iter(batches()), steps=5, verbose=0)
    with pytest.raises(DataError, match="a generator that yields at least one batch"):
        getattr(linear(), call)(iter([]), steps=5, verbose=0)


def test_a_generator_without_steps_is_read_to_its_end():
    x, y = features(48)
    model, other = linear(), linear()
    assert model.evaluate(iter(batches()), verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
    assert model.predict(iter(batches()), verbose=0).shape == (48, 3)
    for verbose in (1, 2):
        model.fit(iter(batches()), verbose=verbose)
        other.fit(x, y, batch_size=16, shuffle=False, verbose=0)
    assert_same_weights(model, other)
    with pytest.warns(UserWarning, match="epoch 2 wanted 3 batches and got 0"):
        assert model.fit(iter(batches()), epochs=3, verbose=0).epoch == [0]


@pytest.mark.parametrize("call", ["fit_generator", "evaluate_generator", "predict_generator"])
def test_the_classic_methods_want_steps_of_a_generator(call):
    with pytest.raises(SpecError, match="because a generator does not say"):
        getattr(linear(), call)(iter(batches()))


def test_threads_instead_of_processes_is_said_once(monkeypatch):
    monkeypatch.setattr(notes, "_said", set())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            linear().fit_generator(batches(), use_multiprocessing=True, verbose=0)
            linear().evaluate_generator(batches(), use_multiprocessing=True)
    assert [str(warning.message)[:19] for warning in caught] == ["use_multiprocessing"]
    assert caught[0].filename == __file__


# --- shuffle --------------------------------------------------------------------------------------------------------


def test_shuffled_within_batches_keeps_their_members():
    x = np.arange(10, dtype=np.float32)[:, None]
    seen = []
    model = linear(1)
    model.network.register_forward_hook(
        lambda module, inputs, outputs: seen.append(inputs[0][:, 0].tolist()) if module.training else None
    )
    model.fit(x, np.zeros(10, int), batch_size=4, epochs=2, shuffle="batch", verbose=0)
    assert [sorted(batch) for batch in seen] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] * 2
    assert seen[:2] != [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert seen[:2] != seen[3:5]


@pytest.mark.parametrize("shuffle", ["all", 2, None])
def test_other_kinds_of_shuffling_are_refused(shuffle):
    for call, data in ((linear().fit, features()), (linear().fit_generator, [batches()])):
        with pytest.raises(SpecError, match="shuffle"):
            call(*data, shuffle=shuffle)


# --- kinds of arrays ------------------------------------------------------------------------------------------------

X, Y = (np.round(features()[0], 1), features()[1])
WHOLE = np.random.default_rng(0).integers(0, 9, (50, 4))


@pytest.mark.parametrize(
    "x",
    [X.astype(kind) for kind in (">f4", ">f8", "f2", "f8", np.longdouble)]
    + [WHOLE.astype(kind) for kind in ("u1", "u2", ">u2", "u4", "u8", "i1", "i2", "i4", "i8", ">i8", "?")]
    + [X.tolist(), list(X), pd.DataFrame(X), torch.from_numpy(X), torch.from_numpy(X).bfloat16(), X[:, ::-1]],
    ids=lambda x: f"{type(x).__name__}-{getattr(x, 'dtype', '')}",
)
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", nn.CrossEntropyLoss(reduction="none")])
def test_inputs_of_every_kind_mean_their_values(x, loss):
    a, b = linear(loss=loss), linear(loss=loss)
    plain = x.float().numpy() if isinstance(x, torch.Tensor) else np.asarray(x).astype(np.float32)
    a.fit(x, Y, verbose=0)
    b.fit(plain, Y, verbose=0)
    assert_same_weights(a, b)
    np.testing.assert_array_equal(a.predict(x, verbose=0), b.predict(plain, verbose=0))


@pytest.mark.parametrize(
    "y",
    [Y.astype(kind) for kind in (">i8", "u1", "u2", "u4", "u8", "i4", "f2", ">f4")]
    + [Y.tolist(), pd.Series(Y), pd.Series(Y, index=np.arange(50)[::-1], dtype="Int64"), torch.from_numpy(Y)],
    ids=lambda y: f"{type(y).__name__}-{getattr(y, 'dtype', '')}",
)
def test_labels_of_every_kind_mean_their_values(y):
    a, b, c = linear(), linear(), linear()
    a.fit(X, y, verbose=0, sample_weight=pd.Series(np.ones(50)))
    b.fit(X, Y, verbose=0)
    c.fit_generator(iter([(pd.DataFrame(X), y)]), 1, verbose=0)
    assert_same_weights(a, b)
    assert c.n_batches == 1
    if np.asarray(y).dtype.kind in "iu":
        linear(loss=nn.CrossEntropyLoss()).fit(X, y, verbose=0)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X.astype(object), Y, "numbers in x, but received values of type object"),
        (X, Y.astype(object), "numbers in y, but received values of type object"),
        (X.astype(complex), Y, "numbers in x, but received values of type complex"),
        (X, pd.Series(["cat"] * 50), "numbers in y"),
        (X, [[1], [2, 3]] * 25, "rows of one shape"),
        (np.float32(3), Y, "lengths|as many labels|at least one"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_in_words(x, y, message):
    with pytest.raises(DataError, match=message):
        linear().fit(x, y, verbose=0)


def test_pictures_written_on_another_machine_train():
    images, labels = pictures()
    swapped = images.astype(">f4")
    a, b = cnn(), cnn()
    a.fit_generator(ImageDataGenerator().flow(swapped, labels, seed=1), verbose=0)
    b.fit_generator(ImageDataGenerator().flow(images, labels, seed=1), verbose=0)
    assert_same_weights(a, b)


# --- files larger than memory ---------------------------------------------------------------------------------------


@pytest.fixture
def mapped(tmp_path):
    """Float pictures in a file, of which the last one is no number."""
    images = pictures(40)[0].astype(np.float32)
    images[-1] = np.nan
    np.save(tmp_path / "x.npy", images)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


@pytest.mark.parametrize("via", ["fit", "flow"])
def test_floats_in_a_file_are_checked_as_they_come(mapped, via):
    labels = np.arange(40) % 3

    def train(model, labels, **arguments):
        if via == "fit":
            return model.fit(mapped, labels, batch_size=8, shuffle=False, verbose=0, **arguments)
        source = ImageDataGenerator().flow(mapped, labels, batch_size=8, shuffle=False)
        return model.fit_generator(source, verbose=0, workers=2, **arguments)

    model = cnn()
    train(model, labels, steps_per_epoch=3)
    assert model.n_batches == 3
    with pytest.raises(DataError, match=r"finite numbers in x, but received 192 values.*the first in row 7"):
        train(model, labels, steps_per_epoch=5)  # a whole pass, and so from its beginning
    assert model.n_batches == 3 + 4
    with pytest.raises(DataError, match="label 4 in row 39"):  # what is in memory is looked at before
        train(cnn(), np.where(np.arange(40) == 39, 4, labels))


def test_part_of_a_file_validates(mapped):
    labels = np.arange(40) % 3
    a, b = cnn(), cnn()
    whole = np.array(mapped)
    one = a.fit(mapped[:32], labels[:32], validation_split=0.25, batch_size=8, verbose=0)
    other = b.fit(whole[:32], labels[:32], validation_split=0.25, batch_size=8, verbose=0)
    assert one.history == other.history
    assert_same_weights(a, b)
