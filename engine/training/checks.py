"""What is refused before it can spoil a training: data that cannot be used, in words a person can act on.

Works on the host, on numpy arrays; never asks the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import DataError

if TYPE_CHECKING:
    from engine.training.losses import Loss


def parts(item: Any) -> tuple[Any, Any, Any]:
    """A source's batch as (x, y, sample_weight), None for what is missing.

    Raises
    ------
    DataError
        If it is neither x alone nor a tuple or list of one, two or three.
    """
    if hasattr(item, "__array__"):
        return item, None, None
    if not isinstance(item, tuple | list) or not 1 <= len(item) <= 3 or item[0] is None:
        size = f" of {len(item)}" if isinstance(item, tuple | list | dict) else ""
        raise DataError("training.batch_form", form=f"{type(item).__name__}{size}")
    x, y, w = (*item, None, None)[:3]
    return x, y, w


def is_array(source: Any) -> bool:
    """Whether a source is read by index, row by row: arrays, tensors, tables and lists of rows.

    A list of tuples is batches.
    """
    is_rows = isinstance(source, list) and not (source and isinstance(source[0], tuple))
    return is_rows or hasattr(source, "__array__")


def on_host(values: Any) -> np.ndarray:
    """The values as a numpy array; a tensor on a GPU is copied (synchronises). numpy knows no bfloat16: it is widened.

    Raises
    ------
    DataError
        If rows are of different shapes.
    """
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return np.asarray(values.float() if values.dtype == torch.bfloat16 else values)
    try:
        return np.asarray(values)
    except ValueError:
        shapes = sorted({np.shape(row) for row in values})[:3]
        raise DataError("training.ragged", shapes=", ".join(map(str, shapes))) from None


def check_inputs(item: Any) -> None:
    """Refuse pictures that are not finite numbers, and none at all. `item` is what a source gives for a batch.

    Raises
    ------
    DataError
        Naming what is wrong, and in which row first.
    """
    x = on_host(parts(item)[0])
    if x.shape[:1] == (0,):
        raise DataError("training.empty")
    check_finite(x, "x")


class CheckBatch:
    """Refuses what cannot be learnt from; called with what a source gives for a batch.

    Parameters
    ----------
    loss : Loss
        Says which targets it can use.
    n_outputs : int
        Numbers that the network gives per picture.

    Raises
    ------
    DataError
        Naming what is wrong, and in which row first.
    """

    def __init__(self, loss: Loss, n_outputs: int) -> None:
        self.loss = loss
        self.n_outputs = n_outputs

    def __call__(self, item: Any) -> None:
        check_inputs(item)
        x, y, w = parts(item)
        if y is None:
            raise DataError("training.no_labels")
        if isinstance(y, list) and len(y) != len(x) and all(np.ndim(target) and len(target) == len(x) for target in y):
            raise DataError("training.several_targets", n=len(y))
        check_lengths(x, y, w)
        self.loss.check(on_host(y), self.n_outputs)
        if w is not None:
            check_weights(on_host(w))


def check_lengths(x: Any, y: Any = None, sample_weight: Any = None) -> None:
    """Refuse arrays that do not have one row per picture, or more than one weight per picture.

    Raises
    ------
    DataError
        Naming the sizes.
    """
    shapes = {name: np.shape(v) for name, v in (("x", x), ("y", y), ("sample_weight", sample_weight)) if v is not None}
    rows = {name: shape[0] if shape else 0 for name, shape in shapes.items()}
    if len(set(rows.values())) > 1 or len(shapes.get("sample_weight", ())) > 1:
        raise DataError("training.lengths", sizes=", ".join(f"{name}: {shape}" for name, shape in shapes.items()))


def check_weights(weights: np.ndarray) -> None:
    """Refuse sample weights (N,) that are not finite, or negative.

    Raises
    ------
    DataError
        Naming the first row that has one.
    """
    check_finite(weights, "sample_weight")
    if (weights < 0).any():
        row = int((weights < 0).argmax())
        raise DataError("training.negative_weight", row=row, weight=weights[row].item())


def check_finite(values: np.ndarray, what: str) -> None:
    """Refuse NaN, infinity, and what is no number. `what` names the array to a person.

    Raises
    ------
    DataError
        Naming the type, or how many values are not finite and the first row that has one.
    """
    if values.dtype.kind not in "biuf":
        raise DataError("training.not_numbers", what=what, dtype=str(values.dtype))
    if values.dtype.kind != "f":
        return
    n, first = 0, None
    # In slices, so that a large array needs no second one of its size.
    rows = max(1, 2**22 // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        part = values[start : start + rows]
        if _is_surely_finite(part):
            continue
        wrong = ~np.isfinite(part)
        if wrong.any():
            n += int(wrong.sum())
            first = start + int(wrong.reshape(len(wrong), -1).any(axis=1).argmax()) if first is None else first
    if n:
        raise DataError("training.not_finite", what=what, n=n, row=first)


def _is_surely_finite(values: np.ndarray) -> bool:
    """Whether the sum of squares is finite, which those of finite numbers alone can be; the quickest look at many."""
    if not values.flags.c_contiguous or values.dtype.char not in "fd":
        return False
    flat = values.reshape(-1)
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)))
