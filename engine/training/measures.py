"""Metrics that are a mean over pictures: accuracies and errors; and the base of all metrics.

A metric is a recipe without state: it says what a batch adds to its sums, and what the sums come to. The sums
themselves live in `metrics.Averages`. Metrics that count over all pictures stand in `confusion`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from engine.training import losses
from engine.training.ranges import check_share, check_whole


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Base of the metrics.

    Parameters
    ----------
    name : str, optional
        What it is called in the logs; None = Keras' name of the class, such as ``"f1_score"``.

    Attributes
    ----------
    direction : str or None
        ``"max"`` or ``"min"``: which way is better; None if nobody knows.
    of_probabilities : bool
        Whether outputs that the loss takes as logits are shown to it as probabilities.
    is_mean : bool
        Whether the result is a mean over pictures, so that those of two parts tell that of the whole.
    """

    name: str | None = None
    direction: ClassVar[Literal["min", "max"] | None] = "max"
    of_probabilities: ClassVar[bool] = False
    is_mean: ClassVar[bool] = False

    def sums(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """What a batch adds, on the device, of a shape that is always the same.

        Outputs are (B, D), targets (B, ...), weights (B,), None where they do not count.
        """
        raise NotImplementedError

    def result(self, sums: np.ndarray, n: float) -> Any:
        """What the sums of all batches come to; `n` is the sum of the weights, or the number of pictures."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class MeanMetric(Metric):
    """Base of the metrics that report a mean over pictures, 0 if there is none."""

    is_mean = True

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Value of each picture, (B,), numbers or bool; or several of each, (B, ...), of which the mean counts."""
        raise NotImplementedError

    def sums(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        values = losses.per_picture(self.values(outputs, targets))
        return (values if weights is None else values * weights).sum()

    def result(self, sums: np.ndarray, n: float) -> float:
        return float(sums) / n if n else 0.0


@dataclass(frozen=True, kw_only=True)
class FunctionMetric(MeanMetric):
    """A function ``(outputs, targets)`` that gives (B,), (B, ...) or a mean over the batch, ()."""

    function: Callable[[Tensor, Tensor], Tensor]
    direction: ClassVar[Literal["min", "max"] | None] = None

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        values = losses.check_tensor(self.function(outputs, targets), "metric")
        return values.expand(len(targets)) if values.ndim == 0 else values


@dataclass(frozen=True, kw_only=True)
class LossMetric(FunctionMetric):
    """A loss, looked at only."""

    direction = "min"


# --- accuracies -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BinaryAccuracy(MeanMetric):
    """Share of yes-or-no answers that are right.

    Parameters
    ----------
    threshold : float
        A yes is a probability above it, 0..1. (Keras compares the network's raw outputs, even if they are logits.)
    """

    threshold: float = 0.5
    of_probabilities = True

    def __post_init__(self) -> None:
        check_share("threshold", self.threshold)

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        yeses = answers(outputs, targets) > 0.5
        return ((outputs > self.threshold) == yeses).float().flatten(1).mean(dim=1)


@dataclass(frozen=True)
class CategoricalAccuracy(MeanMetric):
    """Share of pictures whose largest output is that of their class, given as a one-hot row or as a number."""

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return is_right(outputs, targets)


@dataclass(frozen=True)
class SparseCategoricalAccuracy(CategoricalAccuracy):
    """`CategoricalAccuracy` by the name that Keras has for classes as numbers."""


@dataclass(frozen=True)
class Accuracy(MeanMetric):
    """What ``"accuracy"`` means follows from the shapes, as in Keras: one output is a yes-or-no question.

    Parameters
    ----------
    from_logits : bool
        Whether a single output is a logit, of which a yes is above 0, rather than a probability.
    """

    from_logits: bool = False

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.shape[-1] == 1:
            return BinaryAccuracy(0.0 if self.from_logits else 0.5).values(outputs, targets)
        return is_right(outputs, targets)


@dataclass(frozen=True)
class TopKCategoricalAccuracy(MeanMetric):
    """Share of pictures whose class is among the `k` largest outputs; with a tie at the last place it is.

    Classes are given as one-hot rows or as numbers.

    Parameters
    ----------
    k : int
        At least 1.
    """

    k: int = 5

    def __post_init__(self) -> None:
        check_whole("k", self.k)

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        least = outputs.topk(min(self.k, outputs.shape[-1])).values[:, -1]
        chosen = outputs.gather(1, classes(targets).reshape(-1, 1).long())[:, 0]
        return (chosen >= least).float()


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """`TopKCategoricalAccuracy` by the name that Keras has for classes as numbers."""


def is_right(outputs: Tensor, targets: Tensor) -> Tensor:
    """Whether the largest output is that of the class, (B,) bool; for (B, ..., C) outputs (B, ...) float32."""
    said = outputs.argmax(dim=-1)
    right = said == classes(targets).reshape(said.shape)
    return right if right.ndim == 1 else right.float()


def classes(targets: Tensor) -> Tensor:
    """Classes of one number per picture (B,) or (B, 1) as they are, else the place of the largest entry of a row."""
    return targets if targets.numel() == len(targets) else targets.argmax(dim=-1)


def answers(outputs: Tensor, targets: Tensor) -> Tensor:
    """Targets in the outputs' shape (B, D) and dtype; classes, of one number per picture, as one-hot rows."""
    if targets.numel() == len(targets) != outputs.numel():
        return (targets.reshape(-1, 1) == torch.arange(outputs.shape[-1], device=outputs.device)).to(outputs.dtype)
    return targets.reshape(outputs.shape).to(outputs.dtype)


# --- errors ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MeanAbsoluteError(MeanMetric):
    """Mean absolute difference."""

    direction = "min"

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return losses.MeanAbsoluteError()(outputs, targets)


@dataclass(frozen=True)
class MeanSquaredError(MeanMetric):
    """Mean squared difference."""

    direction = "min"

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return losses.MeanSquaredError()(outputs, targets)


@dataclass(frozen=True)
class RootMeanSquaredError(MeanSquaredError):
    """Root of the mean squared difference over all pictures."""

    is_mean = False

    def result(self, sums: np.ndarray, n: float) -> float:
        return math.sqrt(super().result(sums, n))
