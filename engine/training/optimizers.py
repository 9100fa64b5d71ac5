"""Optimizers by Keras' names, arguments and defaults.

Each class here is a recipe without parameters, as in Keras; `build` makes the `torch.optim.Optimizer` and what
`update.Update` does around it. Adam and AdamW are PyTorch's own; SGD and RMSprop differ from PyTorch's, see `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Protocol

import torch
from torch.nn import Parameter

from engine.errors import SpecError
from engine.training import rules
from engine.training.names import check_part, lookup
from engine.training.ranges import (
    check_below_one,
    check_not_negative,
    check_positive,
    check_share,
    check_switch,
    check_whole,
)
from engine.training.schedules import LearningRateSchedule
from engine.training.update import Update


def _check_rate(name: str, value: Any) -> float | LearningRateSchedule:
    return value if isinstance(value, LearningRateSchedule) else check_positive(name, value)


# What each argument of an optimizer may be; None only where it is the default.
CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "learning_rate": _check_rate,
    "momentum": check_share,
    "nesterov": check_switch,
    "rho": check_share,
    "centered": check_switch,
    "beta_1": check_below_one,
    "beta_2": check_below_one,
    "epsilon": check_not_negative,
    "amsgrad": check_switch,
    "weight_decay": check_not_negative,
    "clipnorm": check_positive,
    "clipvalue": check_positive,
    "global_clipnorm": check_positive,
    "use_ema": check_switch,
    "ema_momentum": check_share,
    "ema_overwrite_frequency": check_whole,
    "gradient_accumulation_steps": check_whole,
}


class Recipe(Protocol):
    """What `Model.compile` takes as optimizer besides a name and a finished `torch.optim.Optimizer`."""

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        ...


@dataclass(frozen=True)
class Optimizer:
    """Base of the optimizers: the arguments that all of them take, as in Keras.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Above 0; or a schedule of `engine.optimizers.schedules`, which sets the rate before every update.
    weight_decay : float, optional
        All trained weights, biases too, shrink by ``rate * weight_decay`` an update, apart from the gradient.
    clipnorm : float, optional
        A parameter's gradient of a larger norm is scaled down to this one.
    clipvalue : float, optional
        Every entry of the gradients is cut to [-clipvalue, clipvalue].
    global_clipnorm : float, optional
        All gradients are scaled down together, if their common norm is larger. Only one of the three.
    use_ema : bool
        Keep an average of the weights, ``ema_momentum * average + (1 - ema_momentum) * weights`` after every update,
        which begins as the weights after the first one. Training, validation and checkpoints use the weights
        themselves; the end of a `fit` puts the averages in their place, before `on_train_end`, and a further `fit`
        goes on from there. Buffers such as batch norm's statistics are not averaged.
    ema_momentum : float
        0..1.
    ema_overwrite_frequency : int, optional
        Put the averages in the weights' place after every so many updates, too.
    gradient_accumulation_steps : int, optional
        Update the weights once for so many batches, from the mean gradient over all their pictures: as one large
        batch would, also where a batch is short. (Keras counts short batches like full ones.) An update, not a batch,
        is a step of a schedule and of the average. Batches left over at the end of an epoch or a `fit` count in the
        next, and are saved with the model. Batch norm still looks at each batch alone.

    Raises
    ------
    SpecError
        If one is out of its range.
    """

    learning_rate: float | LearningRateSchedule = 0.001
    _: KW_ONLY
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    use_ema: bool = False
    ema_momentum: float = 0.99
    ema_overwrite_frequency: int | None = None
    gradient_accumulation_steps: int | None = None

    def __post_init__(self) -> None:
        for argument in fields(self):
            value = getattr(self, argument.name)
            if value is not None or argument.default is not None:
                object.__setattr__(self, argument.name, CHECKS[argument.name](argument.name, value))
        clips = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name) is not None]
        if len(clips) > 1:
            raise SpecError("training.one_clip", given=", ".join(clips))

    @property
    def schedule(self) -> LearningRateSchedule | None:
        """What governs the rate, if it changes."""
        return self.learning_rate if isinstance(self.learning_rate, LearningRateSchedule) else None

    @property
    def first_rate(self) -> float:
        """The rate of the first update."""
        rate = self.learning_rate
        return float(rate(0) if isinstance(rate, LearningRateSchedule) else rate)

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        raise NotImplementedError


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, Keras' rule: ``v = momentum * v - rate * g; w += v``.

    PyTorch's keeps the rate out of the velocity, so the two differ as soon as the rate changes. Arguments beyond
    these: see `Optimizer`.
    """

    learning_rate: float | LearningRateSchedule = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        return rules.KerasSGD(
            parameters, self.first_rate, self.momentum, nesterov=self.nesterov, decay=self.weight_decay or 0.0
        )


def momentum_sgd(learning_rate: float = 0.05) -> SGD:
    """SGD with momentum 0.9, as the pages offer it."""
    return SGD(learning_rate, momentum=0.9)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """RMSprop, Keras' rule: ``v = rho * v + (1 - rho) * g**2; w -= rate * g / sqrt(v + epsilon)``.

    With `centered`, the square of the gradients' average is taken from v under the root. PyTorch's has epsilon
    outside the root and forgets more slowly. Arguments beyond these: see `Optimizer`.
    """

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        return rules.KerasRMSprop(
            parameters,
            self.first_rate,
            self.rho,
            self.momentum,
            self.epsilon,
            centered=self.centered,
            decay=self.weight_decay or 0.0,
        )


@dataclass(frozen=True)
class Adam(Optimizer):
    """`torch.optim.Adam` with Keras' defaults, fused where the device allows it.

    With `weight_decay` it is `torch.optim.AdamW`. Arguments beyond these: see `Optimizer`.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False

    def build(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters."""
        parameters = list(parameters)
        kind: type[torch.optim.Adam] = rules.Adam if self.weight_decay is None else rules.AdamW
        return kind(
            [{"params": parameters}],
            self.first_rate,
            (self.beta_1, self.beta_2),
            self.epsilon,
            self.weight_decay or 0.0,
            amsgrad=self.amsgrad,
            fused=_can_fuse(parameters),
        )


@dataclass(frozen=True)
class AdamW(Adam):
    """`Adam` whose weights decay."""

    weight_decay: float | None = 0.004


NAMES: dict[str, type[Optimizer]] = {"adam": Adam, "adamw": AdamW, "sgd": SGD, "rmsprop": RMSprop}


def build(optimizer: str | Recipe | torch.optim.Optimizer, parameters: Iterable[Parameter]) -> Update:
    """What updates the parameters: by a name (Keras' defaults), a recipe of this module, or a finished optimizer.

    A finished one is used as it is. Else frozen parameters (``requires_grad=False``) take no part: they have no
    gradient in a clipped norm, no decay and no state.

    Raises
    ------
    SpecError
        If the name is unknown, the object is no optimizer, or a finished one has none of the parameters.
    """
    if isinstance(optimizer, torch.optim.Optimizer):
        ours = set(parameters)
        if ours and not any(weight in ours for group in optimizer.param_groups for weight in group["params"]):
            raise SpecError("training.other_parameters", kind=type(optimizer).__name__)
        if isinstance(optimizer, torch.optim.LBFGS):
            raise SpecError("training.needs_closure", kind=type(optimizer).__name__, choices=", ".join(NAMES))
        return Update(optimizer, Optimizer())
    if isinstance(optimizer, str):
        optimizer = lookup(NAMES, optimizer, "optimizer")()
    check_part(
        optimizer, "optimizer", is_one=hasattr(optimizer, "build") and type(optimizer) is not Optimizer, choices=NAMES
    )
    settings = optimizer if isinstance(optimizer, Optimizer) else Optimizer()
    return Update(optimizer.build(parameter for parameter in parameters if parameter.requires_grad), settings)


def _can_fuse(parameters: list[Parameter]) -> bool:
    """Whether one kernel can update everything (CPU and CUDA); elsewhere torch falls back to its loop."""
    return all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
