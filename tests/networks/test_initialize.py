"""Glorot's begin of weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from engine.networks import glorot_, small_cnn


def test_weights_lie_evenly_within_glorots_limits():
    torch.manual_seed(0)
    network = glorot_(nn.Sequential(nn.Linear(300, 100), nn.Conv2d(8, 40, 5), nn.ConvTranspose2d(6, 20, 3)))
    for layer, fans in zip(network, (400, 25 * 48, 9 * 26), strict=True):
        limit = np.sqrt(6 / fans)
        assert layer.weight.abs().max().item() <= limit
        assert layer.weight.abs().max().item() > 0.97 * limit
        np.testing.assert_allclose(layer.weight.std().item(), limit / np.sqrt(3), rtol=0.05)
        assert not layer.bias.any()


def test_other_layers_stay_and_the_seed_decides():
    networks = []
    for _ in range(2):
        torch.manual_seed(4)
        networks.append(glorot_(small_cnn((8, 8, 3), 3, width=4)))
    one, other = (network.state_dict() for network in networks)
    assert all(torch.equal(one[name], other[name]) for name in one)
    norms = [module for module in networks[0].modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert all(bool((norm.weight == 1).all()) for norm in norms)
