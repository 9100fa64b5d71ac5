"""The offered networks: shapes, normalisation, and that each learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine import catalog
from engine.networks import Normalize, zoo
from engine.training.callbacks import OneCycle
from engine.training.model import Model
from tests.training.pictures import N_CLASSES, pictures


@pytest.mark.parametrize("name", catalog.NETWORKS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (33, 20, 3)])
def test_every_network_takes_any_size_and_gives_logits(name, shape):
    network = catalog.NETWORKS[name].load()(shape, 7)
    assert isinstance(network[0], Normalize)
    inputs = torch.rand(2, shape[2], shape[0], shape[1]) * 255
    assert network(inputs).shape == (2, 7)


@pytest.mark.parametrize("name", catalog.NETWORKS)
def test_a_last_batch_of_one_tiny_picture_is_trained_on(name):
    images, labels = np.arange(9 * 64, dtype=np.uint8).reshape(9, 8, 8, 1), np.arange(9) % 3
    model = Model(catalog.NETWORKS[name].load()((8, 8, 1), 3, images), seed=0, device="cpu")
    model.compile()
    history = model.fit(images, labels, batch_size=8, verbose=0)
    assert model.n_batches == 2
    assert np.isfinite(history.history["loss"][0])
    assert np.isfinite(model.predict(images, verbose=0)).all()


@pytest.mark.parametrize("name", catalog.NETWORKS)
def test_every_network_learns(name):
    images, labels = pictures(120)
    torch.manual_seed(0)
    model = Model(catalog.NETWORKS[name].load()(images.shape[1:], N_CLASSES, images), seed=0, device="cpu")
    model.compile()
    history = model.fit(images, labels, epochs=6, batch_size=16, verbose=0, callbacks=[OneCycle(0.003)])
    assert history.history["accuracy"][-1] > 0.9


def test_normalize_measures_the_pictures():
    images, _ = pictures(200)
    normalize = Normalize(3, images)
    normalized = normalize(torch.from_numpy(images).permute(0, 3, 1, 2).float())
    assert normalized.mean(dim=(0, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(normalized.std(dim=(0, 2, 3)), torch.ones(3), rtol=1e-3, atol=1e-3)
    assert set(normalize.state_dict()) == {"mean", "std"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalize_measures_pictures_of_another_scale(dtype):
    images, _ = pictures(60)
    scaled = images.astype(dtype) / 255
    wanted = Normalize(3, images)(torch.from_numpy(images).permute(0, 3, 1, 2).float())
    got = Normalize(3, scaled)(torch.from_numpy(scaled).permute(0, 3, 1, 2).float())
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
    flat = np.full((4, 2, 2, 1), 0.5, dtype)
    assert torch.equal(Normalize(1, flat)(torch.full((1, 1, 2, 2), 0.5)), torch.zeros(1, 1, 2, 2))


def test_normalize_leaves_a_flat_channel_finite():
    images = np.zeros((4, 2, 2, 1), np.uint8)
    assert torch.equal(Normalize(1, images)(torch.zeros(1, 1, 2, 2)), torch.zeros(1, 1, 2, 2))


def test_normalize_refuses_another_number_of_channels():
    with pytest.raises(ValueError, match="3 channels expected, 1 came"):
        Normalize(3)(torch.zeros(1, 1, 2, 2))


def test_a_residual_block_begins_as_its_shortcut():
    block = zoo.Residual(4).train()
    inputs = torch.rand(2, 4, 6, 6)
    torch.testing.assert_close(block(inputs), inputs)
