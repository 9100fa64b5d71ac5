"""What augmentation costs a training: `fit_generator` with README's seven parameters, and the same without any."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers import train
from benchmarks.peers.augment import SETTINGS

TITLE = "`fit_generator`, augmented"

BATCH = 32

Step = Callable[[], int]


class Case(NamedTuple):
    """A network, and how many pictures an epoch (a step of the measurement) has."""

    network: str
    n: int

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Noise, uint8 (n, 28, 28, 1), and labels."""
        rng = np.random.default_rng(0)
        return rng.integers(0, 256, (self.n, 28, 28, 1), np.uint8), rng.integers(0, train.N_CLASSES, self.n)


CASES = {"MLP 512-512, batch 32": Case("mlp", 4096), "CNN 28x28, batch 32": Case("cnn", 1024)}


def fitlab(settings: dict[str, Any]) -> Callable[[Case], Step]:
    """`Model.fit_generator` with these settings of an `ImageDataGenerator`."""

    def row(case: Case) -> Step:
        from torch import nn

        from engine import ImageDataGenerator, Model

        network = train.torch_network(case.network)
        model = Model(nn.Sequential(nn.Flatten(), network) if case.network == "mlp" else network, seed=0)
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        flow = ImageDataGenerator(rescale=1 / 255, **settings).flow(*case.data(), batch_size=BATCH, seed=0)
        return lambda: model.fit_generator(flow, epochs=1, verbose=0) and case.n

    return row


def _keras(settings: dict[str, Any]) -> Callable[[Case], Step]:
    def row(case: Case) -> Step:
        os.environ["KERAS_BACKEND"] = "torch"
        from keras.src.legacy.preprocessing.image import ImageDataGenerator

        model = train.keras_network(case.network, (28, 28, 1))
        flow = ImageDataGenerator(rescale=1 / 255, **settings).flow(*case.data(), batch_size=BATCH, seed=0)
        return lambda: model.fit(flow, epochs=1, verbose=0) and case.n

    return row


ROWS: dict[str, Callable[[Case], Step]] = {
    "FitLab": fitlab(SETTINGS),
    "FitLab without augmentation": fitlab({}),
    "Keras on torch": _keras(SETTINGS),
    "Keras on torch without augmentation": _keras({}),
}

# At least this share of our own rate without augmentation.
BARS = {
    ("MLP 512-512, batch 32", "FitLab without augmentation"): 0.85,
    ("CNN 28x28, batch 32", "FitLab without augmentation"): 0.97,
}
