"""Losses: one number per picture, from the network's outputs and the targets.

How a batch's numbers become one loss, with weights, stands in `batch_loss`; how an epoch's, in `metrics`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import DataError, SpecError
from engine.training.checks import check_finite

# Keras clips probabilities to [EPSILON, 1 - EPSILON] before the logarithm.
EPSILON = 1e-7


class Loss:
    """Base of the losses.

    Parameters
    ----------
    from_logits : bool
        Whether the network ends in raw scores (logits) rather than in softmax or sigmoid.
    """

    target_dtype: torch.dtype | None = torch.float32  # what targets are turned into; None keeps theirs

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Loss of each picture, (B,), for outputs (B, D) and targets (B, D) or (B,)."""
        raise NotImplementedError

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


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy for classes given as whole numbers, (B,) or (B, 1)."""

    target_dtype = torch.int64

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        labels = targets.reshape(len(targets))
        if self.from_logits:
            return F.cross_entropy(outputs, labels, reduction="none")
        return F.nll_loss(_log(outputs), labels, reduction="none")

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse labels that are not whole numbers from 0 to `n_outputs` - 1."""
        check_finite(targets, "y")
        if targets.size != len(targets):
            raise DataError("training.target_shape", expected=(), shape=targets.shape[1:])
        labels = targets.reshape(-1)
        wrong = (labels < 0) | (labels >= n_outputs)
        if labels.dtype.kind == "f":
            wrong |= labels != np.floor(labels)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                "training.label_range", last=n_outputs - 1, n_classes=n_outputs, label=labels[row].item(), row=row
            )


class CategoricalCrossentropy(Loss):
    """Cross-entropy for classes given as one-hot rows or probabilities, (B, C)."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        logs = F.log_softmax(outputs, dim=-1) if self.from_logits else _log(outputs)
        return -(targets * logs).sum(dim=-1)


class BinaryCrossentropy(Loss):
    """Cross-entropy for yes-or-no answers, mean over the D answers of a picture."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = targets.reshape(outputs.shape)
        if self.from_logits:
            return F.binary_cross_entropy_with_logits(outputs, targets, reduction="none").flatten(1).mean(dim=1)
        probabilities = outputs.clamp(EPSILON, 1 - EPSILON)
        return F.binary_cross_entropy(probabilities, targets, reduction="none").flatten(1).mean(dim=1)

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse targets outside 0..1."""
        super().check(targets, n_outputs)
        wrong = ((targets < 0) | (targets > 1)).reshape(len(targets), -1).any(axis=1)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError("training.not_yes_or_no", row=row, target=targets[row].tolist())


class MeanSquaredError(Loss):
    """Mean over a picture's D outputs of the squared difference."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets.reshape(outputs.shape)).square().flatten(1).mean(dim=1)


class MeanAbsoluteError(Loss):
    """Mean over a picture's D outputs of the absolute difference."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets.reshape(outputs.shape)).abs().flatten(1).mean(dim=1)


class CustomLoss(Loss):
    """A function ``(outputs, targets) -> (B,) or ()``, such as ``torch.nn.CrossEntropyLoss()``.

    Targets keep their own kind: whole numbers stay whole. Nothing is known that could be checked before training.
    """

    target_dtype = None

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__(from_logits=True)
        self.function = function

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.function(outputs, targets)

    def check(self, targets: np.ndarray, n_outputs: int) -> None:
        """Refuse targets that are not finite."""
        check_finite(targets, "y")


NAMES: dict[str, type[Loss]] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
}


def find(loss: str | Loss | Callable[[Tensor, Tensor], Tensor], network: nn.Module) -> Loss:
    """The loss for a name, a `Loss` (used as it is) or a function.

    A name means logits, unless the network's last module is a softmax or sigmoid. (Keras' names always mean
    probabilities, which is what most wrong losses there come from.)

    Raises
    ------
    SpecError
        If the name is unknown or the object cannot be called.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        if loss not in NAMES:
            raise SpecError("spec.not_a_choice", name="loss", value=loss, choices=", ".join(NAMES))
        return NAMES[loss](from_logits=not _ends_in_probabilities(network))
    if not callable(loss):
        raise SpecError("training.not_a_part", what="loss", kind=type(loss).__name__, choices=", ".join(NAMES))
    return CustomLoss(loss)


def batch_loss(losses: Tensor, weights: Tensor | None) -> Tensor:
    """The loss that is minimised, (): ``sum(w * l) / B``, divided by the pictures, not by their weights.

    Raises
    ------
    SpecError
        If there are weights but a custom loss gave a single number.
    """
    if weights is None:
        return losses.mean()
    if losses.ndim == 0:
        raise SpecError("training.scalar_loss")
    return (losses * weights).mean()


def _ends_in_probabilities(network: nn.Module) -> bool:
    *_, last = network.modules()
    return isinstance(last, nn.Softmax | nn.Sigmoid)


def _log(probabilities: Tensor) -> Tensor:
    return torch.log(probabilities.clamp(EPSILON, 1 - EPSILON))
