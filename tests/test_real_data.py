"""What the default recipe reaches: settings nobody touched, on real digits and on the built-in shapes."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
import torch

from engine import catalog
from engine.augment.generator import ImageDataGenerator
from engine.data.shapes import draw_shapes
from engine.networks import small_cnn
from engine.training.callbacks import OneCycle
from engine.training.model import Model
from tests.real_data import real_data

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]
SEEDS = (0, 1, 2)


def recipe(images, labels, seed):
    """Model and callbacks with the settings that the pages start with."""
    defaults = {name: param.default for name, param in catalog.TRAINING.items()}
    torch.manual_seed(seed)
    model = Model(small_cnn(images.shape[1:], int(labels.max()) + 1, images), seed=seed)
    model.compile(defaults["optimizer"])
    return model, [OneCycle(defaults["learning_rate"])], defaults["batch_size"]


def mnist():
    with np.load(real_data("mnist.npz"), allow_pickle=False) as file:
        return {part: (file[f"x_{part}"][..., None], file[f"y_{part}"].astype(np.int64)) for part in ("train", "test")}


def test_fit_on_mnist():
    data = mnist()

    def accuracy(seed):
        model, callbacks, batch_size = recipe(*data["train"], seed)
        model.fit(*data["train"], batch_size=batch_size, epochs=3, callbacks=callbacks, verbose=2)
        return model.evaluate(*data["test"], verbose=0)[1]

    reached = [accuracy(seed) for seed in SEEDS]
    print(reached)
    assert statistics.median(reached) >= 0.985


def test_fit_generator_on_mnist_with_light_augmentation():
    data = mnist()
    generator = ImageDataGenerator(**catalog.PRESETS["light"].values)

    def accuracy(seed):
        model, callbacks, batch_size = recipe(*data["train"], seed)
        flow = generator.flow(*data["train"], batch_size=batch_size, seed=seed)
        model.fit_generator(flow, epochs=3, callbacks=callbacks, verbose=2)
        return model.evaluate(*data["test"], verbose=0)[1]

    reached = [accuracy(seed) for seed in SEEDS]
    print(reached)
    assert statistics.median(reached) >= 0.983


def test_fit_on_shapes():
    images, labels = draw_shapes(range(4000), seed=7)
    model, callbacks, batch_size = recipe(images[:3200], labels[:3200], seed=0)
    model.fit(images[:3200], labels[:3200], batch_size=batch_size, epochs=10, callbacks=callbacks, verbose=2)
    assert model.evaluate(images[3200:], labels[3200:], verbose=0)[1] > 0.9
