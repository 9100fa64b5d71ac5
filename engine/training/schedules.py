"""Learning rates that change with every update of the weights, by Keras' formulas; an optimizer takes one as its rate.

Rates that follow the epochs, or the share of the training that is done, are callbacks: `callbacks.schedules`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import SpecError
from engine.training.ranges import check_not_negative, check_positive, check_share, check_whole


class LearningRateSchedule:
    """Base of the schedules: ``schedule(step)`` is the rate of update `step`, counted from 0 since `Model.compile`."""

    def __call__(self, step: int) -> float:
        raise NotImplementedError


@dataclass(frozen=True)
class _Decay(LearningRateSchedule):
    """What the decays share. After each `decay_steps` updates one more unit has passed.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        Updates that make one unit.

    Raises
    ------
    SpecError
        If a rate is not above 0, or `decay_steps` below 1.
    """

    initial_learning_rate: float
    decay_steps: int

    def __post_init__(self) -> None:
        check_positive("initial_learning_rate", self.initial_learning_rate)
        check_whole("decay_steps", self.decay_steps)


@dataclass(frozen=True)
class _RateDecay(_Decay):
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("decay_rate", self.decay_rate)

    def _passed(self, step: int) -> float:
        return step // self.decay_steps if self.staircase else step / self.decay_steps


@dataclass(frozen=True)
class ExponentialDecay(_RateDecay):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``; with `staircase` the power is rounded down."""

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate * self.decay_rate ** self._passed(step)


@dataclass(frozen=True)
class InverseTimeDecay(_RateDecay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``; with `staircase` the ratio is rounded down."""

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self._passed(step))


@dataclass(frozen=True)
class PolynomialDecay(_Decay):
    """From the initial rate to `end_learning_rate` in `decay_steps`, along a line bent by `power`.

    With `cycle` it starts again from the curve's begin whenever it reaches the end, each time stretched over one
    more multiple of `decay_steps`; without, the end rate stays.
    """

    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("end_learning_rate", self.end_learning_rate)
        check_positive("power", self.power)

    def __call__(self, step: int) -> float:
        length = self.decay_steps * (max(1, math.ceil(step / self.decay_steps)) if self.cycle else 1)
        left = 1 - min(step, length) / length
        return self.end_learning_rate + (self.initial_learning_rate - self.end_learning_rate) * left**self.power


@dataclass(frozen=True)
class CosineDecay(LearningRateSchedule):
    """Falls along a cosine to the share `alpha` of its top in `decay_steps`, after a climb along a line if asked for.

    Parameters
    ----------
    initial_learning_rate : float
        Where it begins; 0 is possible where it then climbs.
    decay_steps : int
        Updates of the fall; they begin after the climb.
    alpha : float
        The last rate as a share of the top, 0..1.
    warmup_target : float, optional
        The top of the climb. None = no climb: the top is `initial_learning_rate`.
    warmup_steps : int
        Updates of the climb.

    Raises
    ------
    SpecError
        If one is out of its range.
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        check_whole("decay_steps", self.decay_steps)
        check_share("alpha", self.alpha)
        check_whole("warmup_steps", self.warmup_steps, least=0)
        if self.warmup_target is None:
            check_positive("initial_learning_rate", self.initial_learning_rate)
        else:
            check_not_negative("initial_learning_rate", self.initial_learning_rate)
            check_positive("warmup_target", self.warmup_target)

    def __call__(self, step: int) -> float:
        top, begin = self.initial_learning_rate, 0
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                share = step / self.warmup_steps
                return self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * share
            top, begin = self.warmup_target, self.warmup_steps
        share = min(step - begin, self.decay_steps) / self.decay_steps
        return top * (self.alpha + (1 - self.alpha) * (1 + math.cos(math.pi * share)) / 2)


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and with update ``boundaries[0]``, then ``values[1]`` up to ``boundaries[1]``, and so on.

    Parameters
    ----------
    boundaries : sequence of int
        Ascending.
    values : sequence of float
        One more than `boundaries`.

    Raises
    ------
    SpecError
        If they do not fit together, or a value is not above 0.
    """

    def __init__(self, boundaries: Sequence[int], values: Sequence[float]) -> None:
        self.boundaries, self.values = list(boundaries), [check_positive("values", value) for value in values]
        if len(self.values) != len(self.boundaries) + 1 or self.boundaries != sorted(self.boundaries):
            raise SpecError("training.bad_boundaries", boundaries=self.boundaries, n=len(self.values))

    def __call__(self, step: int) -> float:
        return self.values[bisect_left(self.boundaries, step)]
