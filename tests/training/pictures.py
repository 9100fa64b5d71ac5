"""Small pictures and networks that training tests share."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from engine.networks import zoo
from engine.training.blocks import Several
from engine.training.model import Model

N_CLASSES = 3


def pictures(n=50, size=8, n_channels=3, seed=0):
    """Noise whose brightness decides the class: images uint8 (n, size, size, n_channels), labels int64 (n,)."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, N_CLASSES, n)
    images = random.integers(0, 100, (n, size, size, n_channels)) + 70 * labels[:, None, None, None]
    return images.astype(np.uint8), labels


def cnn(seed=1, **compiled):
    """A compiled model with batch norm, on the CPU."""
    torch.manual_seed(seed)
    model = Model(zoo.small_cnn((8, 8, 3), N_CLASSES, width=4), seed=seed, device="cpu")
    model.compile(**compiled)
    return model


def linear(n_features=4, n_outputs=N_CLASSES, seed=1, **compiled):
    """A compiled linear model, on the CPU."""
    torch.manual_seed(seed)
    model = Model(nn.Linear(n_features, n_outputs), seed=seed, device="cpu")
    model.compile(**compiled)
    return model


def features(n=50, n_features=4, seed=0):
    """Rows of numbers and classes: float32 (n, n_features), int64 (n,)."""
    random = np.random.default_rng(seed)
    return random.normal(size=(n, n_features)).astype(np.float32), random.integers(0, N_CLASSES, n)


def assert_same_weights(a, b):
    """Equal bit for bit."""
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def batches(feed, numbers, seed=2):
    """What a feed gives for each batch, also where it gives several at once."""
    for call in feed.calls(numbers, seed=seed):
        item = call()
        if isinstance(item, Several):
            ends = np.cumsum(item.sizes)
            yield from (
                tuple(values[end - n : end] for values in item.item) for n, end in zip(item.sizes, ends, strict=True)
            )
        else:
            yield item
