"""Which metrics a model has, and the averages of an epoch, kept on the device.

Owns the arithmetic of what an epoch reports: sums over pictures divided by pictures (or by weights), so that a short
batch counts by its size. The metrics themselves are in `measures` and `confusion`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import DataError
from engine.training import confusion, losses, measures
from engine.training.losses import Loss
from engine.training.measures import FunctionMetric, LossMetric, Metric
from engine.training.names import check_part, lookup

NAMES: dict[str, type[Metric]] = {
    "accuracy": measures.Accuracy,
    "acc": measures.Accuracy,
    "binary_accuracy": measures.BinaryAccuracy,
    "categorical_accuracy": measures.CategoricalAccuracy,
    "sparse_categorical_accuracy": measures.SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": measures.TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": measures.SparseTopKCategoricalAccuracy,
    "precision": confusion.Precision,
    "recall": confusion.Recall,
    "f1_score": confusion.F1Score,
    "auc": confusion.AUC,
    "mean_absolute_error": measures.MeanAbsoluteError,
    "mae": measures.MeanAbsoluteError,
    "mean_squared_error": measures.MeanSquaredError,
    "mse": measures.MeanSquaredError,
    "root_mean_squared_error": measures.RootMeanSquaredError,
}

# Made for outputs of the loss's kind, where they are given by name.
_TELLS_LOGITS = (measures.Accuracy, losses.Crossentropy)

# What pictures (B, D) add to these are whole numbers, so that those of many batches may be counted at once.
_COUNTED = (measures.Accuracy, measures.CategoricalAccuracy, measures.SparseCategoricalAccuracy)

N_LATEST = 256
"""Batches that wait on the device until they are summed, at most."""

N_OUTPUTS = 2**14
"""Outputs of a batch that may wait, at most; larger ones take memory, and what their sums cost is no matter."""

Named = str | Metric | Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Tracked:
    """A metric of a model: under which name, whether with the sample weights, and for which loss's outputs."""

    name: str
    metric: Metric
    weighted: bool
    loss: Loss

    def sums(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """What a batch adds; see `Metric.sums`.

        Raises
        ------
        DataError
            If targets are of a shape that the metric cannot compare with outputs.
        """
        if outputs.ndim == 1:  # one answer per picture
            outputs = outputs[:, None]
        if self.metric.of_probabilities:
            outputs = self.loss.probabilities(outputs)
        try:
            return self.metric.sums(outputs, targets, weights if self.weighted else None)
        except RuntimeError as error:
            if outputs.numel() == targets.numel() or type(self.metric) is FunctionMetric:
                raise
            shapes = tuple(outputs.shape[1:]), tuple(targets.shape[1:])
            raise DataError("training.metric_shape", name=self.name, outputs=shapes[0], targets=shapes[1]) from error


def find(metrics: Named | Sequence[Named], weighted_metrics: Named | Sequence[Named], loss: Loss) -> list[Tracked]:
    """The metrics for names, metrics, or functions ``(outputs, targets) -> (B,)``; a single one needs no list.

    A weighted one is called ``weighted_NAME`` when `metrics` has the same name; the second of a name ``NAME_1``.

    Raises
    ------
    SpecError
        If a name is unknown or an object cannot be called.
    """
    tracked: dict[str, Tracked] = {}
    for weighted, group in ((False, metrics), (True, weighted_metrics)):
        plain = set(tracked)
        for metric in group if isinstance(group, Sequence) and not isinstance(group, str) else [group]:
            name = _name(metric)
            name = f"weighted_{name}" if weighted and name in plain else name
            free = next(n for n in _numbered(name) if n not in tracked)
            tracked[free] = Tracked(free, _metric(metric, loss), weighted, loss)
    return list(tracked.values())


def direction(name: str) -> str | None:
    """Which way a metric of this name is better, ``"min"`` or ``"max"``; None if no metric is called so."""
    kind = re.sub(r"_\d+$", "", name.removeprefix("val_").removeprefix("weighted_"))
    if kind in NAMES:
        return NAMES[kind].direction
    return "min" if kind == "loss" or kind in losses.NAMES else None


def numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """The logs with a metric of several values as one number for each, ``NAME_0`` and so on."""
    flat: dict[str, float] = {}
    for name, value in logs.items():
        flat |= {f"{name}_{k}": v for k, v in enumerate(value)} if isinstance(value, list) else {name: value}
    return flat


def _name(metric: Named) -> str:
    if isinstance(metric, str):
        return metric
    if isinstance(metric, Metric):
        return (
            metric.name
            or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(metric).__name__).lower()
        )
    return getattr(metric, "__name__", type(metric).__name__)


def _numbered(name: str) -> Iterator[str]:
    yield name
    n = 0
    while True:
        n += 1
        yield f"{name}_{n}"


def _metric(metric: Named, loss: Loss) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        kind: type[Any] = lookup({**losses.NAMES, **NAMES}, metric, "metrics")
        arguments: Any = {"from_logits": loss.from_logits} if issubclass(kind, _TELLS_LOGITS) else {}
        return kind(**arguments) if issubclass(kind, Metric) else LossMetric(function=kind(**arguments))
    check_part(metric, "metric", is_one=callable(metric), choices=[*NAMES, *losses.NAMES])
    return FunctionMetric(function=metric)


class Averages(Mapping[str, Any]):
    """Loss and metrics of an epoch so far, which is what batch hooks get as logs.

    Sums live on the device; reading any value copies them to the host once per step at most (the only
    synchronisation), so an epoch that nobody reads costs none. A value read later is the later average.
    """

    def __init__(self, metrics: Sequence[Tracked], device: torch.device) -> None:
        self._metrics = list(metrics)
        self._n = 0
        # Apple's GPU has no float64; elsewhere it keeps sums over millions of pictures exact.
        self._dtype = torch.float32 if device.type == "mps" else torch.float64
        self._loss = torch.zeros((), dtype=self._dtype, device=device)
        self._latest: list[tuple[Tensor, int]] = []  # losses that are not yet in the sum, with their pictures
        self._n_finite = torch.zeros((), dtype=torch.int64, device=device)
        self._sums: list[Tensor | None] = [None] * len(self._metrics)  # None before the first batch
        self._counted = [
            k for k, each in enumerate(self._metrics) if type(each.metric) in _COUNTED and not each.weighted
        ]
        self._all = list(range(len(self._metrics)))
        self._others = [k for k in self._all if k not in self._counted]
        self._uncounted: list[tuple[Tensor, Tensor]] = []  # outputs and targets, not yet seen by the counted ones
        # What weighted metrics are divided by: weights summed on the device, and pictures that had none.
        self._weights = torch.zeros((), dtype=self._dtype, device=device)
        self._n_unweighted = 0
        self._read: dict[str, Any] | None = None

    def add(self, loss: Tensor, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> None:
        """Count one batch: its loss (), outputs (B, ...), targets (B, ...) and weights (B,)."""
        n = len(targets)
        self._n += n
        self._read = None
        if self._may_wait(outputs, targets):
            if not self._is_alike(outputs, targets):
                self._fold()
            # A source may give its next batch in the same memory, of which a network without weights may give parts.
            kept = outputs.detach() if outputs.requires_grad else outputs.clone()
            self._uncounted.append((kept, targets.clone()))
            now = self._others
        else:
            now = self._all
        if now:
            self._count(now, outputs, targets, weights)
        self._latest.append((loss.detach(), n))
        if len(self._latest) == N_LATEST:
            self._fold()
        if weights is None:
            self._n_unweighted += n
        else:
            self._weights.add_(weights.sum())

    def _may_wait(self, outputs: Tensor, targets: Tensor) -> bool:
        """Whether some metrics can count this batch later, together with others like it; never the first one."""
        is_first = not self._counted or self._sums[0] is None
        return not is_first and outputs.ndim == 2 and outputs.numel() <= N_OUTPUTS

    def _is_alike(self, outputs: Tensor, targets: Tensor) -> bool:
        """Whether a batch can be joined with those that wait."""
        if not self._uncounted:
            return True
        before = self._uncounted[-1]
        return before[0].shape[1:] == outputs.shape[1:] and before[1].shape[1:] == targets.shape[1:]

    @torch.no_grad()
    def _count(self, which: Sequence[int], outputs: Tensor, targets: Tensor, weights: Tensor | None) -> None:
        for k in which:
            batch = self._metrics[k].sums(outputs, targets, weights)
            total = self._sums[k]
            self._sums[k] = batch.to(self._dtype) if total is None else total.add_(batch)

    @property
    def n_pictures(self) -> int:
        """How many pictures were counted."""
        return self._n

    def n_finite(self) -> int:
        """Batches before the first whose loss was not finite, after which no sum is; synchronises."""
        self._fold()
        return int(self._n_finite)

    def state(self) -> dict[str, Any]:
        """The sums so far as JSON has them, for `restore`; copies them from the device (synchronises)."""
        self._fold()
        return {
            "n": self._n,
            "n_unweighted": self._n_unweighted,
            "loss": self._loss.item(),
            "weights": self._weights.item(),
            "sums": [total.tolist() for total in self._sums if total is not None],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from the sums of another, interrupted epoch."""
        self._n, self._n_unweighted = state["n"], state["n_unweighted"]
        self._loss, self._weights, *sums = (
            torch.tensor(values, dtype=self._dtype, device=self._loss.device)
            for values in (state["loss"], state["weights"], *state["sums"])
        )
        self._sums = [*sums] or self._sums

    def since(self, n_before: int, before: Mapping[str, Any]) -> dict[str, Any]:
        """Loss and means over the pictures after the first `n_before`, whose averages were `before`.

        What is no mean over pictures, such as an area, stays that of all.
        """
        means = {"loss", *(t.name for t in self._metrics if t.metric.is_mean and not t.weighted)}
        n_new = self._n - n_before
        return {
            name: (value * self._n - before.get(name, 0.0) * n_before) / n_new if name in means else value
            for name, value in self.read().items()
        }

    def read(self) -> dict[str, Any]:
        """The averages so far; copies them from the device (synchronises)."""
        if self._read is None:
            self._fold()
            known = [total for total in self._sums if total is not None]  # all, or none before the first batch
            tensors = [self._loss, self._weights, *known]
            flat = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu().numpy().astype(np.float64)
            loss, weight, *sums = _cut(flat, [tensor.shape for tensor in tensors])
            n_weighted = float(weight) + self._n_unweighted
            self._read = {"loss": float(loss) / self._n if self._n else 0.0}
            for tracked, total in zip(self._metrics, sums or [np.zeros(())] * len(self._metrics), strict=True):
                self._read[tracked.name] = tracked.metric.result(total, n_weighted if tracked.weighted else self._n)
        return self._read

    @torch.no_grad()
    def _fold(self) -> None:
        """Bring what waits into the sums, losses in their order: many at once cost less than each on its own."""
        if self._uncounted:
            outputs, targets = (torch.cat(tensors) for tensors in zip(*self._uncounted, strict=True))
            self._uncounted.clear()
            self._count(self._counted, outputs, targets, None)
        if not self._latest:
            return
        # One product for each run of batches of a size: a tensor of all sizes would have to wait for the device.
        weighted = [
            torch.stack([loss for loss, _ in run]).to(self._dtype) * n
            for n, run in groupby(self._latest, key=itemgetter(1))
        ]
        sums = torch.cat([self._loss[None], *weighted]).cumsum(dim=0)[1:]
        self._loss = sums[-1]
        self._n_finite.add_(sums.isfinite().sum())
        self._latest.clear()

    def __getitem__(self, name: str) -> Any:
        return self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(["loss", *(metric.name for metric in self._metrics)])

    def __len__(self) -> int:
        return 1 + len(self._metrics)


def _cut(flat: np.ndarray, shapes: Sequence[torch.Size]) -> list[np.ndarray]:
    """The arrays of these shapes that lie one after the other in a flat one."""
    ends = np.cumsum([shape.numel() for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]
