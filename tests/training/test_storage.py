"""A model on disk: training goes on exactly, and files that do not fit are refused with a reason."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.augment.generator import ImageDataGenerator
from engine.errors import TrainingError
from engine.training import optimizers
from engine.training.callbacks import OneCycle
from engine.training.model import Model
from tests.training.pictures import assert_same_weights, cnn, features, linear, pictures

OPTIMIZERS = {
    "adam": "adam",
    "adamw": "adamw",
    "rmsprop": optimizers.RMSprop(0.001, momentum=0.5),
    "sgd": optimizers.SGD(0.01, momentum=0.9),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_continues_exactly(tmp_path, optimizer):
    images, labels = pictures()
    through = cnn(optimizer=optimizer)
    through.fit(images, labels, batch_size=16, epochs=4, verbose=0)

    begun = cnn(optimizer=optimizer)
    begun.fit(images, labels, batch_size=16, epochs=2, verbose=0)
    begun.save(tmp_path / "model.safetensors")
    continued = cnn(seed=99, optimizer=optimizer)
    continued.load(tmp_path / "model.safetensors")
    continued.fit(images, labels, batch_size=16, epochs=2, verbose=0)
    assert_same_weights(continued, through)


def test_an_augmented_stream_continues_exactly_in_the_middle_of_a_pass(tmp_path):
    images, labels = pictures()
    flow = ImageDataGenerator(rotation_range=30, horizontal_flip=True).flow(images, labels, batch_size=16, seed=3)
    through, begun = cnn(), cnn()
    through.fit_generator(flow, steps_per_epoch=3, epochs=4, verbose=0, callbacks=[OneCycle(0.01)])

    begun.fit_generator(flow, steps_per_epoch=3, epochs=4, verbose=0, callbacks=[OneCycle(0.01), StopAfter(2)])
    begun.save(tmp_path / "model.safetensors")
    continued = cnn(seed=99)
    continued.load(tmp_path / "model.safetensors")
    continued.fit_generator(flow, steps_per_epoch=3, initial_epoch=2, epochs=4, verbose=0, callbacks=[OneCycle(0.01)])
    assert_same_weights(continued, through)


class StopAfter(OneCycle):
    """Ends a training after so many epochs, as a killed one would."""

    def __init__(self, n_epochs):
        super().__init__(0.01)
        self.n_epochs = n_epochs

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 == self.n_epochs


def test_dropout_continues_exactly(tmp_path):
    x, y = np.ones((40, 6), np.float32), np.arange(40) % 2

    def build():
        torch.manual_seed(5)
        model = Model(nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 2)), seed=5, device="cpu")
        model.compile()
        return model

    through, begun, continued = build(), build(), build()
    through.fit(x, y, epochs=3, verbose=0)
    begun.fit(x, y, epochs=1, verbose=0)
    begun.save(tmp_path / "m.safetensors")
    torch.manual_seed(1234)  # what else the program does with random numbers makes no difference
    continued.load(tmp_path / "m.safetensors")
    continued.fit(x, y, epochs=2, verbose=0)
    assert_same_weights(continued, through)


def test_predictions_survive(tmp_path):
    images, labels = pictures()
    model, other = cnn(), cnn(seed=99)
    model.fit(images, labels, verbose=0)
    model.save(tmp_path / "new folder" / "model.safetensors")
    other.load(tmp_path / "new folder" / "model.safetensors")
    np.testing.assert_array_equal(model.predict(images, verbose=0), other.predict(images, verbose=0))
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["model.safetensors"]


def test_without_optimizer_only_weights_are_kept(tmp_path):
    images, labels = pictures()
    model, other = cnn(), cnn(seed=99)
    model.fit(images, labels, verbose=0)
    model.save(tmp_path / "weights.safetensors", include_optimizer=False)
    other.load(tmp_path / "weights.safetensors")
    assert_same_weights(model, other)
    assert not other.optimizer.state


def test_another_optimizer_starts_afresh_and_says_so(tmp_path):
    images, labels = pictures()
    model, other = cnn(optimizer="adam"), cnn(optimizer="sgd")
    model.fit(images, labels, verbose=0)
    model.save(tmp_path / "m.safetensors")
    with pytest.warns(UserWarning, match="saved with Adam"):
        other.load(tmp_path / "m.safetensors")
    assert_same_weights(model, other)
    assert not other.optimizer.state


def test_an_optimizer_over_other_groups_is_refused_before_anything_is_loaded(tmp_path):
    model, other = linear(), linear(seed=99)
    model.fit(*features(), verbose=0)
    model.save(tmp_path / "m.safetensors")
    weight, bias = other.network.parameters()
    other.compile(type(model.optimizer)([{"params": [weight]}, {"params": [bias]}]))
    before = other.get_weights()
    with pytest.raises(TrainingError, match=re.escape("groups of [2] parameters for one over [1, 1]")):
        other.load(tmp_path / "m.safetensors")
    assert all(np.array_equal(now, then) for now, then in zip(other.get_weights(), before, strict=True))


def test_an_optimizer_over_other_parameters_is_refused_before_anything_is_loaded(tmp_path):
    model, other = linear(), linear(seed=99)
    model.fit(*features(), verbose=0)
    model.save(tmp_path / "m.safetensors")
    other.compile(type(model.optimizer)(reversed(list(other.network.parameters()))))
    before = other.get_weights()
    with pytest.raises(TrainingError, match=re.escape("parameter 0 is of shape (3, 4) for (3,)")):
        other.load(tmp_path / "m.safetensors")
    assert all(np.array_equal(now, then) for now, then in zip(other.get_weights(), before, strict=True))


def test_a_missing_file_and_foreign_files_are_refused(tmp_path):
    model = linear()
    with pytest.raises(TrainingError, match=r"written by model\.save"):
        model.load(tmp_path / "nowhere.safetensors")
    (tmp_path / "text").write_text("not safetensors")
    with pytest.raises(TrainingError, match=r"written by model\.save"):
        model.load(tmp_path / "text")
    save_file({"weight": torch.zeros(3)}, tmp_path / "foreign")
    with pytest.raises(TrainingError, match="no facts in it"):
        model.load(tmp_path / "foreign")
    save_file({"weight": torch.zeros(3)}, tmp_path / "older", {"facts": "{}", "optimizer": '{"kind": "Adam"}'})
    with pytest.raises(TrainingError, match="no shapes in it"):
        model.load(tmp_path / "older")


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        ([nn.Linear(6, 8), nn.Linear(8, 5)], r"1\.weight of shape \(5, 8\) for \(3, 8\)"),
        ([nn.Linear(6, 8)], r"1\.weight of shape None for \(3, 8\)"),
        ([nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(3, 3)], r"2\.bias of shape \(3,\) for None"),
    ],
)
def test_weights_of_another_network_are_refused_as_a_whole(tmp_path, others, problem):
    Model(nn.Sequential(*others), device="cpu").save(tmp_path / "m")
    model = Model(nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3)), device="cpu")
    before = model.get_weights()
    with pytest.raises(TrainingError, match=problem):
        model.load(tmp_path / "m")
    for values, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(values, same)


def test_an_interrupted_save_leaves_the_earlier_file(tmp_path, monkeypatch):
    model = linear()
    path = tmp_path / "m.safetensors"
    model.save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("engine.training.storage.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before
