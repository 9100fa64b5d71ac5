"""Losses: one number per picture, from the network's outputs and the targets, by Keras' formulas.

How a batch's numbers become one loss, with weights, stands in `batch_loss`; how an epoch's, in `metrics`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import DataError, SpecError
from engine.texts.training import NOTES
from engine.training.checks import check_finite
from engine.training.names import check_part, lookup
from engine.training.ranges import check_positive, check_share, check_switch

# Keras clips probabilities to [EPSILON, 1 - EPSILON] before the logarithm.
EPSILON = 1e-7


class Loss:
    """Base of the losses.

    Attributes
    ----------
    from_logits : bool
        Whether the network ends in raw scores (logits) rather than in softmax or sigmoid.
    target_dtype : torch.dtype or None
        What targets are turned into; None keeps theirs.
    """

    from_logits = False
    target_dtype: torch.dtype | None = torch.float32

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Loss of each picture, (B,), for outputs (B, D) and targets (B, D) or (B,)."""
        raise NotImplementedError

    def mean(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean of the pictures' losses, ()."""
        return self(outputs, targets).mean()

    def probabilities(self, outputs: Tensor) -> Tensor:
        """The outputs (B, D) as metrics that compare with a threshold want them: logits become probabilities."""
        return outputs

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse targets that this loss cannot use. `targets` is (N, ...), on the host.

        Raises
        ------
        DataError
            If a target is not finite or has the wrong shape, or a label is out of range.
        """
        check_finite(targets, "y")
        if targets.size != len(targets) * n_outputs:
            raise DataError("training.target_shape", expected=(n_outputs,), shape=targets.shape[1:])


class Crossentropy(Loss):
    """Base of the losses for classes.

    Parameters
    ----------
    from_logits : bool
        Whether the network ends in raw scores (logits) rather than in softmax or sigmoid. LogSoftmax counts as
        logits: the softmax of log-probabilities are the probabilities themselves.
    label_smoothing : float
        Share of every target, 0..1, that is spread evenly over all answers: with s, a target y of C classes becomes
        ``y * (1 - s) + s / C``, a yes or no ``y * (1 - s) + s / 2``.

    Raises
    ------
    SpecError
        If `from_logits` is no bool, or `label_smoothing` outside 0..1.
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits = check_switch("from_logits", from_logits)
        self.label_smoothing = check_share("label_smoothing", label_smoothing)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """The outputs through softmax, if they are logits."""
        return outputs.softmax(dim=-1) if self.from_logits else outputs

    def _logs(self, outputs: Tensor) -> Tensor:
        """Logarithms of the probabilities, (B, C)."""
        if self.from_logits:
            return F.log_softmax(outputs, dim=-1)
        return torch.log(outputs.clamp(EPSILON, 1 - EPSILON))


class SparseCategoricalCrossentropy(Crossentropy):
    """Cross-entropy for classes given as whole numbers, (B,) or (B, 1). Keras has no label smoothing here."""

    target_dtype = torch.int64

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        labels = targets.reshape(len(targets))
        if self.from_logits:
            return self._of_logits(outputs, labels, "none")
        logs = self._logs(outputs)
        losses = F.nll_loss(logs, labels, reduction="none")
        return (1 - self.label_smoothing) * losses - self.label_smoothing * logs.mean(dim=-1)

    def mean(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean of the pictures' losses, (); of logits in one operation."""
        is_own = type(self).__call__ is SparseCategoricalCrossentropy.__call__  # else a subclass says what is a loss
        if self.from_logits and is_own:
            return self._of_logits(outputs, targets.reshape(len(targets)), "mean")
        return super().mean(outputs, targets)

    def _of_logits(self, outputs: Tensor, labels: Tensor, reduction: str) -> Tensor:
        return F.cross_entropy(outputs, labels, reduction=reduction, label_smoothing=self.label_smoothing)

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse labels that are not whole numbers from 0 to `n_outputs` - 1."""
        check_finite(targets, "y")
        if targets.size != len(targets):
            raise DataError("training.target_shape", expected=(), shape=targets.shape[1:])
        check_labels(targets.reshape(-1), n_outputs)


class CategoricalCrossentropy(Crossentropy):
    """Cross-entropy for classes given as one-hot rows or probabilities, (B, C)."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        smoothed = targets * (1 - self.label_smoothing) + self.label_smoothing / outputs.shape[-1]
        return -(smoothed * self._logs(outputs)).sum(dim=-1)


class BinaryCrossentropy(Crossentropy):
    """Cross-entropy for yes-or-no answers, mean over the D answers of a picture."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = targets.reshape(outputs.shape) * (1 - self.label_smoothing) + self.label_smoothing / 2
        if self.from_logits:
            losses = F.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        else:
            losses = F.binary_cross_entropy(outputs.clamp(EPSILON, 1 - EPSILON), targets, reduction="none")
        return per_picture(losses)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """The outputs through sigmoid, if they are logits."""
        return outputs.sigmoid() if self.from_logits else outputs

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse targets outside 0..1."""
        super().check(targets, n_outputs)
        wrong = ((targets < 0) | (targets > 1)).reshape(len(targets), -1).any(axis=1)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError("training.not_yes_or_no", row=row, target=targets[row].tolist())


class MeanLoss(Loss):
    """Base of the losses that are a mean over a picture's D outputs."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Loss of each output, (B, D), for outputs and targets of one shape."""
        raise NotImplementedError

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return per_picture(self.each(outputs, targets.reshape(outputs.shape)))


class MeanSquaredError(MeanLoss):
    """Squared difference."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square()


class MeanAbsoluteError(MeanLoss):
    """Absolute difference."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).abs()


class MeanAbsolutePercentageError(MeanLoss):
    """Absolute difference in percent of the target; targets below 1e-7 count as that."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return 100 * ((outputs - targets) / targets.abs().clamp(min=EPSILON)).abs()


class MeanSquaredLogarithmicError(MeanLoss):
    """Squared difference of ``log(1 + value)``; values below 1e-7 count as that."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.clamp(min=EPSILON).log1p() - targets.clamp(min=EPSILON).log1p()).square()


class Huber(MeanLoss):
    """Half the squared difference up to `delta`, from there on a line of the same slope.

    Parameters
    ----------
    delta : float
        Where the line begins.

    Raises
    ------
    SpecError
        If it is not above 0.
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = check_positive("delta", delta)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.huber_loss(outputs, targets, reduction="none", delta=self.delta)


class LogCosh(MeanLoss):
    """``log(cosh(difference))``: half the square of small differences, the size of large ones less log 2."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        difference = outputs - targets
        return difference + F.softplus(-2 * difference) - math.log(2)


class Poisson(MeanLoss):
    """``output - target * log(output)``, for counts."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs - targets * (outputs + EPSILON).log()


class Hinge(MeanLoss):
    """``max(0, 1 - target * output)`` for targets -1 and 1; where all of a batch are 0 or 1, 0 means -1."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        are_binary = ((targets == 0) | (targets == 1)).all()
        return F.relu(1 - torch.where(are_binary, 2 * targets - 1, targets) * outputs)


class SquaredHinge(Hinge):
    """The square of `Hinge`."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return super().each(outputs, targets).square()


class KLDivergence(Loss):
    """``sum(target * log(target / output))`` for distributions (B, C): the network must end in softmax."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        outputs, targets = outputs.clamp(EPSILON, 1), targets.reshape(outputs.shape).clamp(EPSILON, 1)
        return (targets * (targets / outputs).log()).sum(dim=-1)


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between outputs and targets, (B, D): -1 where they point the same way."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = targets.reshape(outputs.shape)
        return -(F.normalize(outputs, dim=-1) * F.normalize(targets, dim=-1)).sum(dim=-1)


class CustomLoss(Loss):
    """A function ``(outputs, targets) -> (B,) or ()``, such as ``torch.nn.CrossEntropyLoss()``.

    Targets keep their own kind: whole numbers stay whole. Nothing is known that could be checked before training.
    """

    target_dtype = None

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], from_logits: bool) -> None:
        self.function = function
        self.from_logits = from_logits and not isinstance(function, nn.BCELoss)

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        losses = check_tensor(self.function(outputs, targets), "loss")
        return losses if losses.ndim == 0 else per_picture(losses)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Logits through sigmoid where they are answers on their own, else through softmax."""
        if not self.from_logits:
            return outputs
        are_answers = outputs.shape[-1] == 1 or isinstance(self.function, nn.BCEWithLogitsLoss)
        return outputs.sigmoid() if are_answers else outputs.softmax(dim=-1)

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse targets that are not finite, and labels that PyTorch's losses for classes do not know."""
        check_finite(targets, "y")
        if (
            isinstance(self.function, nn.CrossEntropyLoss | nn.NLLLoss)
            and targets.ndim == 1
            and targets.dtype.kind in "iu"
        ):
            check_labels(np.where(targets == self.function.ignore_index, 0, targets), n_outputs)


NAMES: dict[str, type[Loss]] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mape": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "msle": MeanSquaredLogarithmicError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "poisson": Poisson,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "cosine_similarity": CosineSimilarity,
}


def per_picture(values: Tensor) -> Tensor:
    """The mean of each picture's values, (B,), for (B, ...); a network may also give one number per picture, (B,)."""
    return values if values.ndim == 1 else values.flatten(1).mean(dim=1)


def check_labels(labels: np.ndarray, n_outputs: int) -> None:
    """Refuse labels (N,) that are not whole numbers from 0 to `n_outputs` - 1, with DataError."""
    wrong = (labels < 0) | (labels >= n_outputs)
    if labels.dtype.kind == "f":
        wrong |= labels != np.floor(labels)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            "training.label_range", last=n_outputs - 1, n_classes=n_outputs, label=labels[row].item(), row=row
        )


def check_tensor(values: Any, what: str) -> Tensor:
    """Return what a person's function gave, else raise SpecError."""
    if not isinstance(values, Tensor):
        raise SpecError("training.not_a_tensor", what=what, kind=type(values).__name__)
    return values


def find(loss: str | Loss | Callable[[Tensor, Tensor], Tensor], network: nn.Module) -> Loss:
    """The loss for a name, a `Loss` (used as it is) or a function.

    The name of a loss for classes means logits, unless the network's last module is a softmax or sigmoid. (Keras'
    names always mean probabilities, which is what most wrong losses there come from.)

    Raises
    ------
    SpecError
        If the name is unknown or the object cannot be called.
    """
    if isinstance(loss, Loss):
        return loss
    from_logits = not isinstance(last_module(network), nn.Softmax | nn.Sigmoid)
    if isinstance(loss, str):
        kind = lookup(NAMES, loss, "loss")
        return kind(from_logits=from_logits) if issubclass(kind, Crossentropy) else kind()
    check_part(loss, "loss", is_one=callable(loss), choices=NAMES)
    return CustomLoss(loss, from_logits)


def last_module(network: nn.Module) -> nn.Module:
    """The module that was registered last, which in most networks computes the outputs."""
    *_, last = network.modules()
    return last


def check_outputs(loss: Loss, outputs: Tensor) -> None:
    """Refuse a network's outputs that a loss for classes cannot use, and doubt those that look unlike what it expects.

    Waits for the device.

    Raises
    ------
    DataError
        If they are not one row of scores per picture, (B, C).
    """
    if not isinstance(loss, Crossentropy) or isinstance(loss, BinaryCrossentropy):
        return
    if outputs.ndim != 2:
        raise DataError("training.not_scores", loss=type(loss).__name__, shape=tuple(outputs.shape[1:]))
    are_shares = bool(((outputs >= 0) & (outputs <= 1)).all())
    sum_to_one = bool((outputs.sum(dim=-1) - 1).abs().max() < 1e-5)
    if loss.from_logits and are_shares and sum_to_one:
        warnings.warn(NOTES["logits_sum_to_one"]("en", loss=type(loss).__name__), stacklevel=2)
    if not loss.from_logits and not are_shares:
        warnings.warn(NOTES["no_probabilities"]("en", loss=type(loss).__name__), stacklevel=2)


def batch_loss(loss: Loss, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """The loss that is minimised, (): ``sum(w * l) / B``, divided by the pictures, not by their weights.

    Raises
    ------
    SpecError
        If there are weights but a custom loss gave a single number.
    """
    if weights is None:
        return loss.mean(outputs, targets)
    losses = loss(outputs, targets)
    if losses.ndim == 0:
        raise SpecError("training.scalar_loss")
    return (losses * weights).mean()
