"""How weights begin. PyTorch's layers begin by He's uniform rule (Kaiming); Keras' by Glorot's, offered here."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)

_LAYERS = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
)  # fmt: skip


def glorot_(network: Network) -> Network:
    """Begin all dense and convolutional layers of a network anew as Keras does; returns the network.

    Weights are drawn evenly from [-a, a] with ``a = sqrt(6 / (fan_in + fan_out))``, biases are 0.
    `torch.manual_seed` decides them.

    Notes
    -----
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks.
    """
    for module in network.modules():
        if isinstance(module, _LAYERS):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network
