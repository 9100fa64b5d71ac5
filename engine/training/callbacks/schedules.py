"""How the learning rate changes: per epoch by a function of the user's, per step by a formula."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from engine.errors import SpecError
from engine.training.callbacks.base import Callback, Logs
from engine.training.ranges import check_positive, check_share


class LearningRateScheduler(Callback):
    """Sets the rate at the beginning of each epoch to ``schedule(epoch, rate)`` or ``schedule(epoch)``.

    The epoch index goes on counting after `initial_epoch`. The rate used is logged as ``learning_rate``.

    Raises
    ------
    SpecError
        If the schedule is no function; while training, if it does not return a finite number of at least 0.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise SpecError("training.not_a_schedule", kind=type(schedule).__name__)
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        rate = self.schedule(epoch, self.model.learning_rate) if self._takes_rate else self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise SpecError("training.bad_rate", rate=rate) from None
        if not 0 <= rate < math.inf:
            raise SpecError("training.bad_rate", rate=rate)
        self.model.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {self.model.learning_rate:g}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = self.model.learning_rate


def _takes_two(schedule: Callable[..., float]) -> bool:
    """Whether a schedule wants the rate beside the epoch; what does not say (built-in functions) gets the epoch."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except (TypeError, ValueError):
        return False
    return True


class StepSchedule(Callback):
    """Base of schedules that set the rate before each step, by the share of the training that is done.

    The share counts epochs absolutely (``(epoch + batch / steps) / epochs``), so a training continued with
    `initial_epoch` goes on where it was. The rate of an epoch's last step is logged as ``learning_rate``.

    Parameters
    ----------
    learning_rate : float
        The highest rate.

    Raises
    ------
    SpecError
        If it is not above 0.
    """

    def __init__(self, learning_rate: float) -> None:
        self.highest = check_positive("learning_rate", learning_rate)
        self._epoch = 0

    def rate(self, share: float) -> float:
        """The rate when `share` (0..1) of the training is done."""
        raise NotImplementedError

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Refuse a training of which nobody knows how long an epoch is.

        Raises
        ------
        SpecError
            If a generator trains without `steps_per_epoch`.
        """
        if self.params["steps"] is None:
            raise SpecError("training.steps_needed", field="training.steps_per_epoch", name="steps_per_epoch")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Set the rate of this step."""
        share = (self._epoch + batch / self.params["steps"]) / self.params["epochs"]
        self.model.learning_rate = self.rate(share)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = self.model.learning_rate


class OneCycle(StepSchedule):
    """Climbs along a line from a tenth of the rate to the rate, then falls to almost nothing along a cosine.

    The default recipe: the climb keeps early steps small while batch norm settles, the long fall ends in quiet.

    Parameters
    ----------
    learning_rate : float
        The rate at the top.
    climb : float
        Share of the training until the top.
    """

    def __init__(self, learning_rate: float, climb: float = 0.2) -> None:
        super().__init__(learning_rate)
        self.climb = check_share("climb", climb)

    def rate(self, share: float) -> float:
        """The rate when `share` (0..1) of the training is done."""
        if share < self.climb:
            return self.highest * (0.1 + 0.9 * share / self.climb)
        return self.highest * _cosine((share - self.climb) / (1 - self.climb), end=0.001)


class Cosine(StepSchedule):
    """Falls from the rate to zero along a cosine."""

    def rate(self, share: float) -> float:
        """The rate when `share` (0..1) of the training is done."""
        return self.highest * _cosine(share, end=0.0)


def _cosine(share: float, end: float) -> float:
    """From 1 to `end` as `share` goes from 0 to 1."""
    return end + (1 - end) * (1 + math.cos(math.pi * share)) / 2
