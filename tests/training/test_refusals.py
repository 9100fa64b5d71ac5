"""What a person hands over and the training cannot use is refused in words: networks, functions, weights, rates."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import SpecError, TrainingError
from engine.training.callbacks import LambdaCallback
from engine.training.model import Model

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


class Wrapped(nn.Module):
    """A network whose output is put into something else."""

    def __init__(self, wrap):
        super().__init__()
        self.layer = nn.Linear(6, 3)
        self.wrap = wrap

    def forward(self, x):
        return self.wrap(self.layer(x))


def _model(network=None, **settings):
    torch.manual_seed(0)
    model = Model(network or nn.Sequential(nn.Linear(6, 3)), seed=0)
    model.compile(**settings)
    return model


@pytest.mark.parametrize("use", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize(
    ("wrap", "received"),
    [
        (lambda out: (out, out), "tuple"),
        (lambda out: {"out": out}, "dict"),
        (lambda out: out.sum(), r"shape \(\) for 2 pictures"),
        (lambda out: out[:1], r"shape \(1, 3\) for 2 pictures"),
    ],
)
def test_outputs_are_one_tensor_with_a_row_per_picture(use, wrap, received):
    model = _model(Wrapped(wrap))
    with pytest.raises(TrainingError, match=received):
        model.predict(X, verbose=0) if use == "predict" else getattr(model, use)(X, Y, verbose=0)


def test_a_network_may_give_one_number_per_picture():
    flat = _model(nn.Sequential(nn.Linear(6, 1), nn.Flatten(0)), loss="mse", metrics=["mae"])
    column = _model(nn.Sequential(nn.Linear(6, 1)), loss="mse", metrics=["mae"])
    histories = [model.fit(X, X[:, 0], epochs=2, verbose=0).history for model in (flat, column)]
    assert histories[0] == histories[1]
    assert flat.predict(X, verbose=0).shape == (40,)
    yes_or_no = _model(nn.Sequential(nn.Linear(6, 1), nn.Flatten(0)), loss="binary_crossentropy", metrics=["accuracy"])
    assert 0 < yes_or_no.fit(X, Y, verbose=0).history["accuracy"][0] <= 1


@pytest.mark.parametrize(
    ("what", "settings"), [("loss", {"loss": lambda *_: 3}), ("metric", {"metrics": [lambda *_: 3]})]
)
def test_functions_return_tensors(what, settings):
    with pytest.raises(SpecError, match=f"a {what} function that returns a tensor, but received int"):
        _model(**settings).fit(X, Y, verbose=0)


@pytest.mark.parametrize("rate", ["fast", -0.1, float("nan"), None])
def test_a_rate_is_a_number_of_at_least_0(rate):
    model = _model()
    with pytest.raises(SpecError, match="learning_rate"):
        model.learning_rate = rate
    assert model.learning_rate == pytest.approx(0.001)


def test_weights_are_numbers():
    model = _model()
    before = model.get_weights()
    with pytest.raises(TrainingError, match="values of type <U1"):
        model.set_weights([np.zeros((3, 6)), np.array(["a", "b", "c"])])
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_a_hook_is_a_function():
    with pytest.raises(SpecError, match="a function for on_epoch_end, but received int"):
        LambdaCallback(on_epoch_end=3)


def test_validation_freq_advises_what_makes_sense():
    with pytest.raises(SpecError, match="Leave validation_freq out"):
        _model().fit(X, Y, validation_split=0.2, validation_freq=0, verbose=0)
