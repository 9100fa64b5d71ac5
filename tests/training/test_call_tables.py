"""The tables of Keras' fit and fit_generator, row by row: what arguments do, and what is refused."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from engine.augment.generator import ImageDataGenerator
from engine.errors import EngineError, NotCompiledError, TrainingError
from engine.training.callbacks import LambdaCallback
from engine.training.model import Model
from tests.training.pictures import assert_same_weights, features, linear, pictures

X, Y = features(48)
SIZE = 16


def batches(weights=None):
    parts = [values for values in (X, Y, weights) if values is not None]
    return [tuple(values[k : k + SIZE] for values in parts) for k in range(0, len(X), SIZE)]


def endless(weights=None):
    while True:
        yield from batches(weights)


def loader():
    return DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=SIZE)


class Batches:
    """A Keras Sequence."""

    def __init__(self, weights=None):
        self.batches = batches(weights)

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, k):
        return self.batches[k]


def flow(n_outputs=3):
    """A flow over pictures, and a model that takes them."""
    images, labels = pictures(48)
    torch.manual_seed(0)
    model = Model(nn.Sequential(nn.Flatten(), nn.Linear(192, n_outputs)), seed=0, device="cpu")
    model.compile()
    return ImageDataGenerator().flow(images, labels, batch_size=SIZE, shuffle=False), model


# --- errors before training -----------------------------------------------------------------------------------------


def refused(call, kind, message, model):
    """Whether an error of ours comes, in three parts, and nothing was trained."""
    with pytest.raises(kind, match=message) as raised:
        call()
    assert isinstance(raised.value, EngineError)
    assert raised.value.text("en").startswith("Expected ")
    assert raised.value.text("zh").startswith("需要")
    assert model.n_batches == 0


@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_not_compiled(call):
    model = Model(nn.Linear(4, 3), device="cpu")
    for kind in (ValueError, TrainingError, NotCompiledError):
        refused(lambda: getattr(model, call)(X, Y), kind, r"Call model\.compile", model)
    refused(lambda: model.fit_generator(endless(), 1), ValueError, r"Call model\.compile", model)


W = np.ones(48, np.float32)

FIT_ERRORS = [
    ({"x": X, "y": Y[:-1]}, r"x: \(48, 4\), y: \(47,\)"),
    ({"x": X, "y": Y, "sample_weight": W[:-1]}, r"sample_weight: \(47,\)"),
    ({"x": X, "y": Y, "sample_weight": np.ones((48, 2))}, r"sample_weight: \(48, 2\)"),
    ({"x": X, "y": Y, "sample_weight": np.full(48, np.nan)}, "finite numbers in sample_weight"),
    ({"x": X, "sample_weight": W}, "labels y beside"),
    ({"x": X, "y": Y, "batch_size": 0}, "at least 1 for batch_size"),
    ({"x": X, "y": Y, "batch_size": 2.5}, "at least 1 for batch_size"),
    ({"x": X, "y": Y, "epochs": "3"}, "at least 0 for epochs"),
    ({"x": X, "y": Y, "epochs": None}, "at least 0 for epochs"),
    ({"x": X, "y": Y, "initial_epoch": -1}, "at least 0 for initial_epoch"),
    ({"x": X, "y": Y, "verbose": 3}, "verbose"),
    ({"x": X, "y": Y, "verbose": "loud"}, "verbose"),
    ({"x": X, "y": Y, "verbose": None}, "verbose"),
    ({"x": X, "y": Y, "callbacks": [None]}, "a list of callbacks"),
    ({"x": X, "y": Y, "callbacks": [LambdaCallback]}, "a list of callbacks"),
    ({"x": X, "y": Y, "callbacks": 3}, "a list of callbacks"),
    ({"x": X, "y": Y, "validation_split": 1.0}, "leaves 0 to train on and 48"),
    ({"x": X[:2], "y": Y[:2], "validation_split": 0.9}, "leaves 0 to train on and 2"),
    ({"x": X, "y": Y, "validation_split": -0.1}, "of 48"),
    ({"x": X, "y": Y, "validation_split": float("nan")}, "a number for validation_split"),
    ({"x": X, "y": Y, "validation_split": True}, "a number for validation_split"),
    ({"x": X, "y": Y, "validation_data": (X,)}, "tuple of 1"),
    ({"x": X, "y": Y, "validation_data": (X, Y, W, W)}, "tuple of 4"),
    ({"x": X, "y": Y, "validation_data": 3}, "arrays, a Sequence, a generator"),
    ({"x": X, "y": Y, "validation_data": (X, Y[:-1])}, r"y: \(47,\)"),
    ({"x": X, "y": Y, "validation_data": (X, Y + 9)}, "labels from 0 to 2"),
    ({"x": X, "y": Y, "validation_data": (X[:, :3], Y)}, r"shape \(3,\)"),
    ({"x": X, "y": Y, "validation_data": endless()}, "validation_steps, because a generator"),
    ({"x": X, "y": Y, "validation_data": (X, Y), "validation_steps": 0}, "at least 1 for validation_steps"),
    ({"x": X, "y": Y, "validation_data": (X, Y), "validation_batch_size": 0}, "at least 1 for batch_size"),
    ({"x": X, "y": Y, "validation_freq": 0}, "at least 1 for validation_freq"),
    ({"x": X, "y": Y, "validation_freq": [1, "2"]}, "at least 1 for validation_freq"),
    ({"x": X, "y": Y, "shuffle": "batches"}, "shuffle"),
    ({"x": X, "y": Y, "class_weight": [1, 2, 3]}, "a dict from class numbers to weights"),
    ({"x": X, "y": Y, "class_weight": {3: 1.0}}, "from 0 to 2 to weights"),
    ({"x": X, "y": Y, "class_weight": {0: -1}}, "from 0 to 2 to weights"),
    ({"x": X, "y": Y, "steps_per_epoch": 0}, "at least 1 for steps_per_epoch"),
    ({"x": X, "y": Y, "steps_per_epoch": True}, "at least 1 for steps_per_epoch"),
    ({"x": None, "y": Y}, "arrays, a Sequence, a generator"),
    ({"x": X, "y": Y - 1}, "label -1"),
    ({"x": X[:0], "y": Y[:0]}, "at least one picture"),
]


@pytest.mark.parametrize(("arguments", "message"), FIT_ERRORS)
def test_fit_refuses_in_words_before_training(arguments, message):
    model = linear()
    refused(lambda: model.fit(**arguments), ValueError, message, model)


@pytest.mark.parametrize("source", [endless, Batches, loader], ids=["generator", "Sequence", "DataLoader"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": Y}, "also y or sample_weight"),
        ({"sample_weight": W}, "also y or sample_weight"),
        ({"validation_split": 0.2}, "Pass validation_data instead"),
    ],
)
def test_what_streams_cannot_have_is_refused(source, arguments, message):
    model = linear()
    refused(lambda: model.fit(source(), steps_per_epoch=1, **arguments), ValueError, message, model)


GENERATOR_ERRORS = [
    ({"steps_per_epoch": None}, "steps_per_epoch, because a generator"),
    ({"steps_per_epoch": 0}, "at least 1 for steps_per_epoch"),
    ({"workers": -1}, "workers between 0"),
    ({"workers": 1.5}, "a whole number for workers"),
    ({"max_queue_size": 0}, "max_queue_size between 1"),
    ({"max_queue_size": "10"}, "a number for max_queue_size"),
    ({"shuffle": 3}, "shuffle"),
    ({"validation_data": endless()}, "validation_steps, because a generator"),
    ({"validation_data": (X, Y), "validation_freq": 0}, "at least 1 for validation_freq"),
    ({"class_weight": "balanced"}, "a dict from class numbers to weights"),
    ({"initial_epoch": 0.5}, "at least 0 for initial_epoch"),
    ({"generator": 3}, "arrays, a Sequence, a generator"),
    ({"generator": []}, "at least one picture"),
    ({"generator": iter([])}, "a generator that yields at least one batch"),
    ({"generator": iter([None])}, r"\(x, y\) or \(x, y, sample_weight\), but received NoneType"),
    ({"generator": iter([[X, Y]])}, r"\(x, y\) or \(x, y, sample_weight\), but received list of 2"),
    ({"generator": iter([(X, Y, W, W)])}, "received tuple of 4"),
    ({"generator": iter([(X,)])}, "labels y beside|pictures alone|tuple of 1"),
    ({"generator": iter([{"x": X}])}, "received dict of 1"),
    ({"generator": iter([(X, Y[:-1])])}, r"y: \(47,\)"),
    ({"generator": iter([(X[:, :2], Y)])}, r"shape \(2,\)"),
]


@pytest.mark.parametrize(("arguments", "message"), GENERATOR_ERRORS)
def test_fit_generator_refuses_in_words(arguments, message):
    model = linear()
    arguments = {"generator": endless(), "steps_per_epoch": 2, "verbose": 0, **arguments}
    refused(lambda: model.fit_generator(**arguments), ValueError, message, model)


def test_an_unknown_keyword_is_a_type_error():
    model = linear()
    for call in (model.fit, model.fit_generator, model.evaluate, model.predict, model.evaluate_generator):
        with pytest.raises(TypeError, match="colour"):
            call(X, colour="red")
    with pytest.raises(TypeError, match="workers"):
        model.fit(X, Y, workers=2)


@pytest.mark.parametrize("call", ["evaluate_generator", "predict_generator"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "at least 1 for steps"),
        ({"steps": None}, "steps, because a generator"),
        ({"workers": -1}, "workers between 0"),
        ({"max_queue_size": 0}, "max_queue_size between 1"),
        ({"verbose": 5}, "verbose"),
        ({"callbacks": 3}, "a list of callbacks"),
    ],
)
def test_the_other_classic_methods_refuse_in_words(call, arguments, message):
    model = linear()
    arguments = {"generator": endless(), "steps": 2, **arguments}
    refused(lambda: getattr(model, call)(**arguments), ValueError, message, model)


# --- what arguments do ----------------------------------------------------------------------------------------------


def test_batch_size_beside_a_stream_is_ignored():
    model = linear()
    assert model.fit(Batches(), batch_size=7, verbose=0).params["steps"] == 3
    assert model.n_batches == 3


@pytest.mark.parametrize(
    ("steps", "n", "sizes"), [(3, 10, [4, 4, 2]), (5, 10, [2] * 5), (1, 10, [10]), (10, 10, [1] * 10)]
)
def test_steps_without_a_batch_size_cut_the_arrays(steps, n, sizes):
    seen = []
    model = linear()
    model.network.register_forward_hook(
        lambda module, inputs, outputs: seen.append(len(outputs)) if module.training else None
    )
    model.fit(X[:n], Y[:n], steps_per_epoch=steps, verbose=0)
    assert seen == sizes


def test_history_says_what_was_asked():
    model = linear()
    history = model.fit(X, Y, batch_size=SIZE, initial_epoch=2, epochs=5, verbose=0)
    assert history.epoch == [2, 3, 4]
    assert history.params == {"epochs": 5, "steps": 3, "verbose": 0}
    assert history.model is model
    assert model.fit(X, Y, initial_epoch=5, epochs=3, verbose=0).epoch == []
    assert set(history.history) == {"loss", "accuracy"}
    assert all(isinstance(value, float) for values in history.history.values() for value in values)


FORMS = {
    "pair": lambda: (X, Y),
    "triple": lambda: (X, Y, np.ones(48)),
    "list": lambda: [X, Y],
    "tensors": lambda: (torch.from_numpy(X), torch.from_numpy(Y)),
    "generator": endless,
    "Sequence": Batches,
    "batches": batches,
    "DataLoader": loader,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_validation_data_gives_the_same_numbers(form):
    steps = {"validation_steps": 3} if form == "generator" else {}
    for source in ((X, Y), (endless(),)):
        a, b = linear(), linear()
        fit = {"epochs": 2, "steps_per_epoch": 3, "verbose": 0}
        wanted = a.fit(*source, validation_data=(X, Y), validation_batch_size=SIZE, **fit).history
        source = source if len(source) == 2 else (endless(),)
        history = b.fit(*source, validation_data=FORMS[form](), validation_batch_size=SIZE, **steps, **fit).history
        assert history["val_loss"] == pytest.approx(wanted["val_loss"], rel=1e-6)
        assert history["val_accuracy"] == pytest.approx(wanted["val_accuracy"], rel=1e-6)
        assert len(wanted["val_loss"]) == 2


def test_validation_by_a_flow_and_its_weights():
    source, model = flow()
    history = model.fit_generator(source, epochs=2, validation_data=source, verbose=0)
    assert history.history["val_loss"][-1] == pytest.approx(model.evaluate(source, verbose=0)[0])


def test_the_validation_batch_of_fit_generator_is_the_generators():
    sizes = []
    source, model = flow()
    model.network.register_forward_hook(
        lambda module, inputs, outputs: None if module.training else sizes.append(len(outputs))
    )
    model.fit_generator(source, validation_data=(source.x[:40], source.y[:40]), verbose=0)
    assert sizes[-3:] == [16, 16, 8]


def test_class_weights_multiply_with_the_weights_that_batches_bring():
    weights = np.linspace(0, 2, 48).astype(np.float32)
    by_class = {0: 2.0, 1: 0.5, 2: 1.0}
    models = [linear() for _ in range(4)]
    models[0].fit(X, Y, batch_size=SIZE, shuffle=False, sample_weight=weights, class_weight=by_class, verbose=0)
    models[1].fit_generator(endless(weights), 3, class_weight=by_class, verbose=0)
    models[2].fit_generator(Batches(weights), class_weight=by_class, shuffle=False, verbose=0)
    both = weights * np.array([by_class[label] for label in Y], np.float32)
    models[3].fit(X, Y, batch_size=SIZE, shuffle=False, sample_weight=both, verbose=0)
    for model in models[1:]:
        assert_same_weights(models[0], model)


def test_class_weights_of_targets_that_are_no_classes_count_one_beyond_the_table():
    values = np.linspace(-3, 9, 48).astype(np.float32)[:, None]
    a, b = linear(4, 1, loss="mse", metrics=None), linear(4, 1, loss="mse", metrics=None)
    with pytest.warns(UserWarning, match="classes 1"):
        a.fit(X, values, class_weight={0: 3.0}, verbose=0)
    weights = np.where(np.round(values[:, 0]) == 0, 3.0, 1.0)
    b.fit(X, values, sample_weight=weights, verbose=0)
    assert_same_weights(a, b)


def test_a_loader_gives_what_arrays_give():
    a, b, c = linear(), linear(), linear()
    a.fit(loader(), epochs=2, verbose=0)
    b.fit(X, Y, batch_size=SIZE, shuffle=False, epochs=2, verbose=0)
    c.fit_generator(itertools.cycle(loader()), 3, 2, verbose=0)
    assert_same_weights(a, b)
    assert_same_weights(b, c)
    assert a.evaluate(loader(), verbose=0) == pytest.approx(b.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(a.predict(loader(), verbose=0), b.predict(X, verbose=0), rtol=1e-5)


def test_a_list_batch_of_a_sequence_is_accepted():
    class Lists(Batches):
        def __getitem__(self, k):
            return list(self.batches[k])

    a, b = linear(), linear()
    a.fit(Lists(), shuffle=False, verbose=0)
    b.fit(Batches(), shuffle=False, verbose=0)
    assert_same_weights(a, b)


def test_a_generator_goes_on_where_the_last_call_stopped():
    taken = []

    def counted():
        for k in range(100):
            taken.append(k)
            yield X[:4] + k, Y[:4]

    source = counted()
    model = linear()
    for _ in range(3):
        model.fit_generator(source, 4, verbose=0)
    assert taken == list(range(12))  # nothing was read ahead and thrown away


def test_an_error_of_a_validation_source_arrives_unchanged():
    class Broken(Batches):
        def __getitem__(self, k):
            if k == 2:
                raise ZeroDivisionError("mine")
            return self.batches[k]

    with pytest.raises(ZeroDivisionError, match="mine"):
        linear().fit_generator(Batches(), validation_data=Broken(), verbose=0, workers=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fitlab-feed")]


def test_stop_training_of_an_earlier_call_is_forgotten():
    model = linear()
    model.stop_training = True
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]
