"""Optimizers by Keras' rules and defaults.

Each class here is a recipe without parameters, as in Keras; `build` makes the `torch.optim.Optimizer`. Adam and AdamW
are PyTorch's own; SGD and RMSprop differ from PyTorch's and are written below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import Parameter

from engine.errors import SpecError
from engine.training.names import lookup


class Recipe(Protocol):
    """What `Model.compile` takes as optimizer besides a name and a finished `torch.optim.Optimizer`."""

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        ...


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, Keras' rule: ``v = momentum * v - rate * g; w += v``.

    PyTorch's keeps the rate out of the velocity, so the two differ as soon as the rate changes.
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        return KerasSGD(parameters, lr=self.learning_rate, momentum=self.momentum, nesterov=self.nesterov)


def momentum_sgd(learning_rate: float = 0.05) -> SGD:
    """SGD with momentum 0.9, as the pages offer it."""
    return SGD(learning_rate, momentum=0.9)


@dataclass(frozen=True)
class RMSprop:
    """RMSprop, Keras' rule: ``v = rho * v + (1 - rho) * g**2; w -= rate * g / sqrt(v + epsilon)``.

    PyTorch's has epsilon outside the root and forgets more slowly.
    """

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        return KerasRMSprop(
            parameters, lr=self.learning_rate, rho=self.rho, momentum=self.momentum, epsilon=self.epsilon
        )


@dataclass(frozen=True)
class Adam:
    """`torch.optim.Adam` with Keras' defaults, fused where the device allows it."""

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        parameters = list(parameters)
        return torch.optim.Adam(
            parameters, self.learning_rate, (self.beta_1, self.beta_2), self.epsilon, fused=_can_fuse(parameters)
        )


@dataclass(frozen=True)
class AdamW:
    """`torch.optim.AdamW` with Keras' defaults: all weights, biases too, shrink by ``rate * weight_decay`` a step."""

    learning_rate: float = 0.001
    weight_decay: float = 0.004
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        parameters = list(parameters)
        return torch.optim.AdamW(
            parameters,
            self.learning_rate,
            (self.beta_1, self.beta_2),
            self.epsilon,
            self.weight_decay,
            fused=_can_fuse(parameters),
        )


NAMES: dict[str, type[Any]] = {"adam": Adam, "adamw": AdamW, "sgd": SGD, "rmsprop": RMSprop}


def build(optimizer: str | Recipe | torch.optim.Optimizer, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
    """The optimizer for a name (Keras' defaults), a recipe of this module, or a finished one, which is used as it is.

    Raises
    ------
    SpecError
        If the name is unknown or the object is no optimizer.
    """
    if isinstance(optimizer, torch.optim.Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        return lookup(NAMES, optimizer, "optimizer")().build(parameters)
    if not hasattr(optimizer, "build"):
        raise SpecError(
            "training.not_a_part", what="optimizer", kind=type(optimizer).__name__, choices=", ".join(NAMES)
        )
    return optimizer.build(parameters)


def _can_fuse(parameters: list[Parameter]) -> bool:
    """Whether one kernel can update everything (CPU and CUDA); elsewhere torch falls back to its loop."""
    return all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)


class KerasSGD(torch.optim.Optimizer):
    """The optimizer that `SGD` builds."""

    def __init__(self, parameters: Iterable[Parameter], lr: float, momentum: float, nesterov: bool) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "nesterov": nesterov})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is ever given
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            weights, gradients = _with_gradients(group)
            if not weights:
                continue
            rate, momentum = group["lr"], group["momentum"]
            if momentum == 0:
                torch._foreach_add_(weights, gradients, alpha=-rate)
                continue
            velocities = _state(self, weights, "velocity")
            torch._foreach_mul_(velocities, momentum)
            torch._foreach_add_(velocities, gradients, alpha=-rate)
            if group["nesterov"]:
                torch._foreach_add_(weights, velocities, alpha=momentum)
                torch._foreach_add_(weights, gradients, alpha=-rate)
            else:
                torch._foreach_add_(weights, velocities)


class KerasRMSprop(torch.optim.Optimizer):
    """The optimizer that `RMSprop` builds."""

    def __init__(self, parameters: Iterable[Parameter], lr: float, rho: float, momentum: float, epsilon: float) -> None:
        super().__init__(parameters, {"lr": lr, "rho": rho, "momentum": momentum, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is ever given
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            weights, gradients = _with_gradients(group)
            if not weights:
                continue
            squares = _state(self, weights, "square")
            torch._foreach_mul_(squares, group["rho"])
            torch._foreach_addcmul_(squares, gradients, gradients, value=1 - group["rho"])
            roots = torch._foreach_add(squares, group["epsilon"])
            torch._foreach_sqrt_(roots)
            if group["momentum"] == 0:
                torch._foreach_addcdiv_(weights, gradients, roots, value=-group["lr"])
                continue
            moments = _state(self, weights, "moment")
            torch._foreach_mul_(moments, group["momentum"])
            torch._foreach_addcdiv_(moments, gradients, roots, value=group["lr"])
            torch._foreach_sub_(weights, moments)


def _with_gradients(group: dict[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    weights = [parameter for parameter in group["params"] if parameter.grad is not None]
    return weights, [parameter.grad for parameter in weights]


def _state(optimizer: torch.optim.Optimizer, weights: list[Tensor], name: str) -> list[Tensor]:
    """The tensors kept per weight under `name`, zeros at first."""
    for weight in weights:
        if name not in optimizer.state[weight]:
            optimizer.state[weight][name] = torch.zeros_like(weight)
    return [optimizer.state[weight][name] for weight in weights]
