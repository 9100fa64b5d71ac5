"""Metrics, and the averages of an epoch, kept on the device.

Owns the arithmetic of what an epoch reports: sums over pictures divided by pictures (or by weights), so that a short
batch counts by its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import SpecError
from engine.training.losses import Loss, MeanAbsoluteError, MeanSquaredError

PerPicture = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Metric:
    """One value per picture, (B,), from outputs (B, D) and targets; `weighted` uses the sample weights."""

    name: str
    values: PerPicture
    weighted: bool = False


@dataclass(frozen=True)
class Accuracy:
    """1 for a right answer, 0 for a wrong one, (B,).

    Which answer is right follows from the shapes, as in Keras: one output is a yes-or-no question; targets of one
    number are classes; else the largest entry of outputs and targets is compared. A yes begins at probability 0.5,
    for logits at 0 (Keras compares raw logits with 0.5).
    """

    from_logits: bool

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.shape[-1] == 1:
            yes = outputs > (0.0 if self.from_logits else 0.5)
            return (yes == (targets.reshape(outputs.shape) > 0.5)).flatten(1).float().mean(dim=1)
        answers = outputs.argmax(dim=-1)
        if targets.numel() == len(targets):
            return (answers == targets.reshape(answers.shape)).float()
        return (answers == targets.argmax(dim=-1)).float()


ERRORS: dict[str, PerPicture] = {
    "mae": MeanAbsoluteError(),
    "mean_absolute_error": MeanAbsoluteError(),
    "mse": MeanSquaredError(),
    "mean_squared_error": MeanSquaredError(),
}
ACCURACIES = ("accuracy", "acc")

Named = str | Callable[[Tensor, Tensor], Tensor]


def find(metrics: Sequence[Named], weighted_metrics: Sequence[Named], loss: Loss) -> list[Metric]:
    """The metrics for names or functions ``(outputs, targets) -> (B,)``.

    A weighted one is called ``weighted_NAME`` when `metrics` has the same name.

    Raises
    ------
    SpecError
        If a name is unknown or an object cannot be called.
    """
    plain = [Metric(_name(metric), _values(metric, loss)) for metric in metrics]
    names = {metric.name for metric in plain}
    weighted = []
    for metric in weighted_metrics:
        name = _name(metric)
        weighted.append(Metric(f"weighted_{name}" if name in names else name, _values(metric, loss), weighted=True))
    return plain + weighted


def _name(metric: Named) -> str:
    return metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)


def _values(metric: Named, loss: Loss) -> PerPicture:
    choices = ", ".join([*ACCURACIES, *ERRORS])
    if isinstance(metric, str):
        if metric in ACCURACIES:
            return Accuracy(loss.from_logits)
        if metric not in ERRORS:
            raise SpecError("spec.not_a_choice", name="metrics", value=metric, choices=choices)
        return ERRORS[metric]
    if not callable(metric):
        raise SpecError("training.not_a_part", what="metric", kind=type(metric).__name__, choices=choices)
    return metric


class Averages(Mapping[str, float]):
    """Running averages of loss and metrics over an epoch, as the mapping that batch hooks receive.

    Sums live on the device; reading any value copies them to the host once per step at most (the only
    synchronisation), so an epoch that nobody reads costs none. A value read later is the later average.
    """

    def __init__(self, metrics: Sequence[Metric], device: torch.device) -> None:
        self._metrics = metrics
        self._n = 0
        # Apple's GPU has no float64; elsewhere it keeps sums over millions of pictures exact.
        dtype = torch.float32 if device.type == "mps" else torch.float64
        self._sums = [torch.zeros((), dtype=dtype, device=device) for _ in range(1 + len(metrics))]
        # What weighted metrics are divided by: weights summed on the device, and pictures that had none.
        self._weights = torch.zeros((), dtype=dtype, device=device)
        self._n_unweighted = 0
        self._read: dict[str, float] | None = None

    @torch.no_grad()
    def add(self, loss: Tensor, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> None:
        """Count one batch: its loss (), outputs (B, ...), targets (B, ...) and weights (B,)."""
        n = len(targets)
        self._n += n
        self._read = None
        self._sums[0].add_(loss, alpha=n)
        for total, metric in zip(self._sums[1:], self._metrics, strict=True):
            values = metric.values(outputs, targets)
            if metric.weighted and weights is not None:
                values = values * weights
            total.add_(values.sum())
        if weights is None:
            self._n_unweighted += n
        else:
            self._weights.add_(weights.sum())

    @property
    def n_pictures(self) -> int:
        """How many pictures were counted."""
        return self._n

    def read(self) -> dict[str, float]:
        """The averages so far; copies them from the device (synchronises)."""
        if self._read is None:
            *sums, weight = torch.stack([*self._sums, self._weights]).tolist()
            weight += self._n_unweighted
            per = [self._n, *(weight if metric.weighted else self._n for metric in self._metrics)]
            names = ["loss", *(metric.name for metric in self._metrics)]
            self._read = {name: total / n if n else 0.0 for name, total, n in zip(names, sums, per, strict=True)}
        return self._read

    def __getitem__(self, name: str) -> float:
        return self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(["loss", *(metric.name for metric in self._metrics)])

    def __len__(self) -> int:
        return 1 + len(self._metrics)
