"""Keras' update rules where PyTorch's differ, as `torch.optim.Optimizer`s on foreach kernels.

`optimizers` holds their recipes. Weights decay as in Keras: apart from the gradient, by ``rate * weight_decay``.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import unwrap
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

_HOOKS_OF_ALL = _global_optimizer_pre_hooks, _global_optimizer_post_hooks


class Rated(torch.optim.Optimizer):
    """An optimizer with its rate by Keras' names, for callbacks written for Keras; and a step without ceremony."""

    # PyTorch wraps these by `_disable_dynamo`, so that `torch.compile` leaves them out, and loads all of its compiler
    # for that when they are called: 2 to 4 s before the first step.
    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    state_dict = unwrap(torch.optim.Optimizer.state_dict)
    load_state_dict = unwrap(torch.optim.Optimizer.load_state_dict)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; setting it sets that of all parameter groups."""
        return self.param_groups[0]["lr"]

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        for group in self.param_groups:
            group["lr"] = float(rate)

    lr = learning_rate

    @property
    def is_watched(self) -> bool:
        """Whether somebody wants to hear of each `step`: by a hook, or by a function in its place."""
        hooks = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks, *_HOOKS_OF_ALL
        return any(hooks) or "step" in vars(self)

    def apply(self) -> None:
        """What `step` does to the weights, without its hooks, which for a small network take longer than that."""
        raise NotImplementedError


class Adam(Rated, torch.optim.Adam):
    """The optimizer that `optimizers.Adam` builds: PyTorch's own."""

    kernel = staticmethod(torch._fused_adam_)

    @torch.no_grad()
    def apply(self) -> None:
        """PyTorch's fused kernel at once, where its `step` would come to that after looking at all other ways."""
        found = []
        for group in self.param_groups:
            if not group["fused"] or group["amsgrad"]:
                self.step()
                return
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not all(self.state[weight] for weight in weights):
                # Private: requirements.txt limits torch's version. The lists are for `step`.
                self._init_group(group, *([] for _ in range(6)))
            states = [self.state[weight] for weight in weights]
            if weights:
                found.append((group, weights, states))
        for group, weights, states in found:
            steps = [state["step"] for state in states]
            torch._foreach_add_(steps, 1)
            self.kernel(
                weights,
                [weight.grad for weight in weights],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=group["maximize"],
            )


class AdamW(Adam, torch.optim.AdamW):
    """The optimizer that `optimizers.AdamW` builds: PyTorch's own."""

    kernel = staticmethod(torch._fused_adamw_)


class Rule(Rated):
    """Base of the rules that are written out here."""

    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is ever given
        """Update every parameter that has a gradient."""
        self.apply()


class KerasSGD(Rule):
    """The optimizer that `optimizers.SGD` builds."""

    def __init__(
        self, parameters: Iterable[Parameter], lr: float, momentum: float, nesterov: bool, decay: float
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
        super().__init__([{"params": list(parameters)}], settings)

    @torch.no_grad()
    def apply(self) -> None:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            weights, gradients = _decayed(group)
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


class KerasRMSprop(Rule):
    """The optimizer that `optimizers.RMSprop` builds."""

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        rho: float,
        momentum: float,
        epsilon: float,
        centered: bool,
        decay: float,
    ) -> None:
        settings = {"lr": lr, "rho": rho, "momentum": momentum, "epsilon": epsilon, "centered": centered}
        super().__init__([{"params": list(parameters)}], {**settings, "weight_decay": decay})

    @torch.no_grad()
    def apply(self) -> None:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            weights, gradients = _decayed(group)
            if not weights:
                continue
            squares = _state(self, weights, "square")
            torch._foreach_mul_(squares, group["rho"])
            torch._foreach_addcmul_(squares, gradients, gradients, value=1 - group["rho"])
            roots = torch._foreach_add(squares, group["epsilon"])
            if group["centered"]:
                means = _state(self, weights, "mean")
                torch._foreach_lerp_(means, gradients, 1 - group["rho"])
                torch._foreach_addcmul_(roots, means, means, value=-1)
            torch._foreach_sqrt_(roots)
            if group["momentum"] == 0:
                torch._foreach_addcdiv_(weights, gradients, roots, value=-group["lr"])
                continue
            moments = _state(self, weights, "moment")
            torch._foreach_mul_(moments, group["momentum"])
            torch._foreach_addcdiv_(moments, gradients, roots, value=group["lr"])
            torch._foreach_sub_(weights, moments)


def _decayed(group: dict[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """The weights that have a gradient, already decayed, and their gradients."""
    weights = [parameter for parameter in group["params"] if parameter.grad is not None]
    if weights and group["weight_decay"]:
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
    return weights, [parameter.grad for parameter in weights]


def _state(optimizer: torch.optim.Optimizer, weights: list[Tensor], name: str) -> list[Tensor]:
    """The tensors kept per weight under `name`, zeros at first."""
    for weight in weights:
        if name not in optimizer.state[weight]:
            optimizer.state[weight][name] = torch.zeros_like(weight)
    return [optimizer.state[weight][name] for weight in weights]
