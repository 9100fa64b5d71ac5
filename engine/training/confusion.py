"""Metrics of counts over all pictures: precision, recall, F1 and the area under a curve, by Keras' definitions.

Outputs are probabilities (B, D): logits have been through softmax or sigmoid. Targets are answers of the same shape, or
classes (B,) that become one-hot rows; each of the B * D answers counts. No line here waits for the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from engine.errors import SpecError
from engine.training.measures import Metric, answers
from engine.training.names import check_choice
from engine.training.ranges import check_share, check_switch, check_whole

EPSILON = 1e-7
NO_ANSWER = -1e10  # below every output: what is not among the top k is never a yes


@dataclass(frozen=True)
class _Share(Metric):
    """What precision and recall share: right answers of those that some rule counts.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        A yes is a probability above it, 0..1. None = 0.5, or with `top_k` none. Of several, each gives a value.
    top_k : int, optional
        Only the k largest outputs of a picture can be a yes.
    class_id : int, optional
        Look at this class alone.

    Raises
    ------
    SpecError
        If one is out of its range.
    """

    thresholds: float | Sequence[float] | None = None
    top_k: int | None = None
    class_id: int | None = None
    of_probabilities = True

    def __post_init__(self) -> None:
        for threshold in self._limits():
            if threshold != NO_ANSWER:
                check_share("thresholds", threshold)
        if self.top_k is not None:
            check_whole("top_k", self.top_k)
        if self.class_id is not None:
            check_whole("class_id", self.class_id, least=0)

    def _limits(self) -> list[float]:
        if self.thresholds is None:
            return [0.5 if self.top_k is None else NO_ANSWER]
        return np.atleast_1d(self.thresholds).tolist()

    def counted(self, said: Tensor, true: Tensor) -> Tensor:
        """Which answers make the whole, of the yeses `said` and `true`, bool (B, D)."""
        raise NotImplementedError

    def sums(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """Right answers and counted ones for each threshold, (2, T)."""
        if self.class_id is not None and self.class_id >= outputs.shape[-1]:
            maximum = outputs.shape[-1] - 1
            raise SpecError("spec.out_of_range", name="class_id", value=self.class_id, minimum=0, maximum=maximum)
        true = answers(outputs, targets) != 0
        if self.top_k is not None:
            best = outputs.topk(min(self.top_k, outputs.shape[-1])).indices
            outputs = torch.full_like(outputs, NO_ANSWER).scatter(1, best, outputs.gather(1, best))
        if self.class_id is not None:
            chosen = slice(self.class_id, self.class_id + 1)
            outputs, true = outputs[:, chosen], true[:, chosen]
        yeses = [outputs > limit for limit in self._limits()]
        right = [_weighted(said & true, weights).sum() for said in yeses]
        return torch.stack([*right, *(_weighted(self.counted(said, true), weights).sum() for said in yeses)])

    def result(self, sums: np.ndarray, n: float) -> float | list[float]:
        right, counted = sums.reshape(2, -1)
        shares = _divide(right, counted).tolist()
        return shares[0] if len(shares) == 1 else shares


@dataclass(frozen=True)
class Precision(_Share):
    """Share of the yeses that are right; 0 if there is none."""

    def counted(self, said: Tensor, true: Tensor) -> Tensor:
        return said


@dataclass(frozen=True)
class Recall(_Share):
    """Share of what should be a yes that is one; 0 if there is none."""

    def counted(self, said: Tensor, true: Tensor) -> Tensor:
        return true


@dataclass(frozen=True)
class F1Score(Metric):
    """Harmonic mean of precision and recall.

    Parameters
    ----------
    average : str, optional
        None = a list with one value per class. ``"micro"``: of all answers together. ``"macro"``: mean of the
        classes' values. ``"weighted"``: the same, each class counted by its share of the pictures.
    threshold : float, optional
        A yes is a probability above it, 0..1. None = the largest output of a picture is its yes; a single output is
        then compared with 0.5. (In Keras a single output would always be a yes.)

    Raises
    ------
    SpecError
        If one is out of its range.
    """

    average: Literal["micro", "macro", "weighted"] | None = None
    threshold: float | None = None
    of_probabilities = True

    def __post_init__(self) -> None:
        if self.average is not None:
            check_choice("average", self.average, ("micro", "macro", "weighted"))
        if self.threshold is not None:
            check_share("threshold", self.threshold)

    def sums(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """Right yeses, wrong yeses and missed ones of each class, (3, D)."""
        true = answers(outputs, targets)
        if self.threshold is None and outputs.shape[-1] > 1:
            said = (outputs >= outputs.max(dim=-1, keepdim=True).values) & (outputs.abs() > 1e-9)
        else:
            said = outputs > (0.5 if self.threshold is None else self.threshold)
        yes = said.to(true.dtype)
        counts = (yes * true, yes * (1 - true), (1 - yes) * true)
        return torch.stack([_weighted(count, weights).sum(dim=0) for count in counts])

    def result(self, sums: np.ndarray, n: float) -> float | list[float]:
        right, wrong, missed = sums.sum(axis=1, keepdims=True) if self.average == "micro" else sums
        precision, recall = right / (right + wrong + EPSILON), right / (right + missed + EPSILON)
        scores = 2 * precision * recall / (precision + recall + EPSILON)
        if self.average is None:
            return scores.tolist()
        shares = (right + missed) / ((right + missed).sum() + EPSILON)
        return float((scores * shares).sum() if self.average == "weighted" else scores.mean())


@dataclass(frozen=True)
class AUC(Metric):
    """Area under the curve that a sliding threshold draws.

    Parameters
    ----------
    num_thresholds : int
        Evenly spread over 0..1; more are more exact.
    curve : str
        ``"ROC"``: true against false positive rate. ``"PR"``: precision against recall.
    summation_method : str
        ``"interpolation"``: trapezoids, for PR Davis and Goadrich's (2006) curve between the points.
        ``"minoring"`` and ``"majoring"``: the lower and the higher end of each piece.
    from_logits : bool
        Outputs go through sigmoid. Not needed where the loss takes them as logits.

    Raises
    ------
    SpecError
        If one is out of its range.
    """

    num_thresholds: int = 200
    curve: Literal["ROC", "PR"] = "ROC"
    summation_method: Literal["interpolation", "minoring", "majoring"] = "interpolation"
    from_logits: bool = False

    def __post_init__(self) -> None:
        check_whole("num_thresholds", self.num_thresholds, least=2)
        check_choice("curve", self.curve, ("ROC", "PR"))
        check_choice("summation_method", self.summation_method, ("interpolation", "minoring", "majoring"))
        check_switch("from_logits", self.from_logits)

    @property
    def of_probabilities(self) -> bool:  # type: ignore[override]
        """Logits that are known as such to the metric itself are turned here."""
        return not self.from_logits

    def sums(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """How much of what should be yes, and no, lies between two thresholds, (2, T)."""
        true = answers(outputs, targets)
        if self.from_logits:
            outputs = outputs.sigmoid()
        last = self.num_thresholds - 1
        # The threshold that an output is just above of.
        below = ((outputs * last).ceil() - 1).clamp(0, last).long().flatten()
        sums = torch.zeros(2, self.num_thresholds, dtype=true.dtype, device=true.device)
        for row, share in zip(sums, (true, 1 - true), strict=True):
            row.index_add_(0, below, _weighted(share, weights).flatten())
        return sums

    def result(self, sums: np.ndarray, n: float) -> float:
        right, wrong = sums[:, ::-1].cumsum(axis=1)[:, ::-1]  # yeses at each threshold, (T,)
        missed, refused = right[0] - right, wrong[0] - wrong
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _area_between_points(right, wrong, missed)
        recall = _divide(right, right + missed)
        if self.curve == "ROC":
            x, y = _divide(wrong, wrong + refused), recall
        else:
            x, y = recall, _divide(right, right + wrong)
        pieces = {
            "interpolation": (y[:-1] + y[1:]) / 2,
            "minoring": np.minimum(y[:-1], y[1:]),
            "majoring": np.maximum(y[:-1], y[1:]),
        }
        return float(((x[:-1] - x[1:]) * pieces[self.summation_method]).sum())


def _area_between_points(right: np.ndarray, wrong: np.ndarray, missed: np.ndarray) -> float:
    """Under the precision-recall curve, on which both counts of yeses (T,) grow evenly from point to point."""
    yeses = right + wrong
    gained = right[:-1] - right[1:]
    slope = _divide(gained, np.maximum(yeses[:-1] - yeses[1:], 0))
    intercept = right[1:] - slope * yeses[1:]
    are_both = (yeses[:-1] > 0) & (yeses[1:] > 0)
    ratio = np.where(are_both, _divide(yeses[:-1], yeses[1:]), 1.0)
    return float(_divide(slope * (gained + intercept * np.log(ratio)), right[1:] + missed[1:]).sum())


def _weighted(counted: Tensor, weights: Tensor | None) -> Tensor:
    counted = counted.float() if counted.dtype == torch.bool else counted
    return counted if weights is None else counted * weights[:, None]


def _divide(a: Any, b: np.ndarray) -> np.ndarray:
    """A / b, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(b), where=b != 0)
