"""What a person hands over and the training cannot use is refused in words: networks, functions, weights, rates."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from engine import callbacks, losses, optimizers
from engine.errors import DataError, SpecError, SpecTypeError, TrainingError
from engine.training.callbacks import LambdaCallback, OneCycle
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


@pytest.mark.parametrize("weight", [np.array([1.0, 2.0]), [1.0, 2.0], "balanced"])
def test_class_weights_are_a_dict(weight):
    with pytest.raises(SpecError, match="class_weight as a dict"):
        _model().fit(X, Y, class_weight=weight, verbose=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("callbacks", np.array(1)),
        ("validation_split", np.array([1, 2])),
        ("validation_split", ""),
        ("shuffle", np.array([1, 2])),
        ("view_metrics", np.array([1, 2])),
    ],
)
def test_an_array_is_no_setting(name, value):
    with pytest.raises(SpecError, match=name):
        _model().fit(X, Y, verbose=0, **{name: value})


def test_a_device_may_be_one_of_pytorchs():
    assert Model(nn.Linear(6, 3), device=torch.device("cpu")).device == torch.device("cpu")
    for other in (None, 0, 2.5, ["cpu"]):
        with pytest.raises(TrainingError, match="device"):
            Model(nn.Linear(6, 3), device=other)


@pytest.mark.parametrize("kind", [nn.CrossEntropyLoss, nn.NLLLoss])
def test_labels_are_checked_first_for_pytorchs_losses_too(kind):
    model = _model(loss=kind())
    before = model.get_weights()
    labels = Y.copy()
    labels[2] = -100  # which PyTorch's losses leave out
    labels[33] = 3
    with pytest.raises(DataError, match=r"from 0 to 2.*label 3 in row 33"):
        model.fit(X, labels, batch_size=8, shuffle=False, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    labels[33] = 2
    model.fit(X, labels, verbose=0)


def test_a_batch_of_no_pictures_is_named_as_such():
    with pytest.raises(DataError, match="at least one picture"):
        _model().fit_generator(iter([(X, Y), (X[:0], Y[:0])]), steps_per_epoch=2, verbose=0)


def test_a_single_picture_that_cannot_be_normalised_is_named():
    network = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3))
    with pytest.raises(DataError, match=r"at least two pictures.*in batch 3"):
        _model(network).fit(X[:25], Y[:25], batch_size=8, verbose=0)


def test_losses_for_classes_want_one_row_of_scores_per_picture():
    network = nn.Sequential(nn.Linear(6, 6), nn.Unflatten(1, (2, 3)))
    with pytest.raises(DataError, match=r"\(B, C\), for CategoricalCrossentropy.*shape \(2, 3\)"):
        _model(network, loss="categorical_crossentropy").fit(X, np.ones((40, 2, 3), np.float32), verbose=0)


def test_a_metric_over_rows_of_scores_is_a_mean_over_pictures():
    network = nn.Sequential(nn.Linear(6, 6), nn.Unflatten(1, (2, 3)))
    model = _model(network, loss="mse", metrics=["categorical_accuracy"])
    targets = np.eye(3, dtype=np.float32)[np.random.default_rng(0).integers(0, 3, (40, 2))]
    accuracy = model.evaluate(X, targets, verbose=0)[1]
    said = model.predict(X, verbose=0).argmax(-1)
    assert accuracy == pytest.approx((said == targets.argmax(-1)).mean())


def test_a_loss_of_several_values_per_picture_can_be_weighted():
    targets = np.eye(3, dtype=np.float32)[Y]
    weights = np.linspace(0, 2, 40, dtype=np.float32)
    own = _model(loss=lambda outputs, targets: (outputs - targets) ** 2, metrics=[])
    named = _model(loss="mse", metrics=[])
    histories = [model.fit(X, targets, sample_weight=weights, epochs=2, verbose=0).history for model in (own, named)]
    assert histories[0] == histories[1]


def test_a_loss_without_gradient_is_refused():
    with pytest.raises(TrainingError, match="without any gradient"):
        _model(loss=lambda outputs, targets: outputs.detach().mean()).fit(X, Y, verbose=0)


def test_an_optimizer_must_be_able_to_train_the_network():
    network = nn.Linear(6, 3)
    for optimizer, words in (
        (torch.optim.Adam(nn.Linear(6, 3).parameters()), "Adam over others"),
        (torch.optim.LBFGS(network.parameters()), "LBFGS, which"),
    ):
        with pytest.raises(SpecError, match=words):
            Model(network).compile(optimizer)


def test_rates_by_the_share_of_the_training_want_its_length():
    with pytest.raises(SpecError, match="steps_per_epoch, because a generator"):
        _model().fit(iter([(X, Y)]), callbacks=[OneCycle(0.1)], verbose=0)


def test_a_loader_of_a_stream_has_no_length():
    class Numbers(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(zip(X, Y, strict=True))

    loader = torch.utils.data.DataLoader(Numbers(), batch_size=16)
    history = _model().fit(loader, steps_per_epoch=2, validation_data=loader, validation_steps=3, verbose=0)
    assert history.params["steps"] == 2
    with pytest.raises(SpecError, match="steps_per_epoch"):
        _model().fit(loader, verbose=0)


def test_from_logits_is_yes_or_no():
    with pytest.raises(SpecError, match="from_logits"):
        losses.BinaryCrossentropy(from_logits="no")


def test_errors_survive_the_way_from_another_process():
    error = DataError("training.split_of_stream", field="training.epochs", kind="generator")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is DataError
    assert (str(again), again.field) == (str(error), error.field)


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.ModelCheckpoint(3),
        lambda: callbacks.BackupAndRestore(None),
        lambda: callbacks.CSVLogger(1.5),
        lambda: callbacks.TensorBoard([]),
        lambda: _model().save(3),
        lambda: _model().load({}),
    ],
)
def test_a_path_is_a_path(make):
    with pytest.raises(SpecTypeError, match="a path as"):
        make()


@pytest.mark.parametrize("kind", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau])
def test_a_monitor_is_a_name(kind):
    with pytest.raises(SpecError, match="text for monitor"):
        kind(monitor=3)


@pytest.mark.parametrize("freq", [{}, b"x", torch.tensor(2), "2"])
def test_a_frequency_is_a_number_or_a_list(freq):
    with pytest.raises(SpecError, match="validation_freq"):
        _model().fit(X, Y, validation_split=0.2, validation_freq=freq, verbose=0)


@pytest.mark.parametrize("given", [{"metrics": 0}, {"metrics": np.zeros(3)}, {"optimizer": optimizers.Optimizer()}])
def test_parts_are_parts(given):
    with pytest.raises(SpecError):
        _model(**given)


def test_weights_are_a_list():
    with pytest.raises(TrainingError, match="received int"):
        _model().set_weights(5)
