"""What Keras' arguments come to: steps, splits, validation's turn, class weights. Plain functions, no state."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.augment.arguments import check_count
from engine.errors import DataError, SpecError
from engine.training.callbacks.base import HOOKS
from engine.training.checks import check_lengths, is_array, on_host
from engine.training.feeds import Feed
from engine.training.ranges import check_whole

DEFAULT_BATCH_SIZE = 32


def epoch_range(initial_epoch: int, epochs: int) -> range:
    """Indices of the epochs to train; empty where `epochs` is not beyond `initial_epoch`, as in Keras.

    Raises
    ------
    SpecError
        If one is no whole number, or negative.
    """
    for name, value in (("initial_epoch", initial_epoch), ("epochs", epochs)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            raise SpecError("training.no_epochs", field="training.epochs", name=name, value=repr(value))
    return range(initial_epoch, epochs)


def list_callbacks(callbacks: Iterable[Any] | None) -> list[Any]:
    """The callbacks as a list; anything with one of Keras' hooks is one.

    Raises
    ------
    SpecError
        If it is a single callback, or holds what is none.
    """
    try:
        listed = [] if callbacks is None else list(callbacks)
    except TypeError:
        raise SpecError("training.not_callbacks", kind=type(callbacks).__name__) from None
    for callback in listed:
        if isinstance(callback, type) or not any(hasattr(callback, hook) for hook in (*HOOKS, "set_model")):
            raise SpecError("training.not_callbacks", kind=f"a list with {type(callback).__name__}")
    return listed


def split_off(x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
    """Cut the last `fraction` of the samples off, for validation: Keras' `validation_split`.

    Returns
    -------
    tuple
        x, y and sample_weight to train on, and a tuple of the same three to validate on.

    Raises
    ------
    DataError
        If the data is no array, lengths differ, or nothing is left on one side.
    """
    if not is_array(x):
        raise DataError("training.split_of_stream", kind=type(x).__name__)
    x, y, sample_weight = (None if values is None else on_host(values) for values in (x, y, sample_weight))
    check_lengths(x, y, sample_weight)
    n = len(x)
    cut = math.floor(n * (1 - fraction))
    if not 0 < cut < n:
        raise DataError("training.empty_split", fraction=fraction, n=n, n_train=cut, n_validation=n - cut)
    x_train, y_train, w_train = (None if values is None else values[:cut] for values in (x, y, sample_weight))
    x_val, y_val, w_val = (None if values is None else values[cut:] for values in (x, y, sample_weight))
    return x_train, y_train, w_train, (x_val, y_val, w_val)


def count_pictures(batch_size: int | None, x: Any, steps: int | None) -> int:
    """Pictures per batch: `batch_size` if given, else what cuts arrays into so many `steps`, else Keras' 32.

    Raises
    ------
    SpecError
        If it is no whole number of at least 1.
    """
    if batch_size is not None:
        return check_count("batch_size", batch_size)
    if steps is None or not is_array(x):
        return DEFAULT_BATCH_SIZE
    return max(1, math.ceil(len(x) / count_steps(steps, None, "steps_per_epoch")))


def count_steps(steps: int | None, length: int | None, name: str) -> int:
    """Batches to use: `steps` if given, else the `length` of a whole pass. `name` is the argument's.

    Raises
    ------
    SpecError
        If there is no whole pass, or less than one step.
    """
    if steps is None:
        if length is None:
            raise SpecError("training.steps_needed", field="training.steps_per_epoch", name=name)
        return length
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise SpecError("training.no_steps", field="training.steps_per_epoch", name=name, steps=repr(steps))
    return int(steps)


def count_or_all(steps: int | None, feed: Feed, name: str) -> int | None:
    """Like `count_steps`, but a generator without `steps` is read until it ends: None."""
    return None if steps is None and feed.length is None and feed.ends else count_steps(steps, feed.length, name)


def count_once(steps: int | None, feed: Feed, name: str) -> int | None:
    """Like `count_or_all` where nothing is trained: of one pass at most, so that no picture is looked at twice."""
    wanted = count_or_all(steps, feed, name)
    return wanted if wanted is None or feed.length is None else min(wanted, feed.length)


def batch_numbers(start: int, n: int | None) -> Iterable[int]:
    """The numbers of `n` batches from `start` on; None = without end."""
    return itertools.count(start) if n is None else range(start, start + n)


def check_verbose(verbose: int | str) -> int:
    """What to print: 0 nothing, 1 a bar, 2 a line per epoch; "auto" is 1.

    Raises
    ------
    SpecError
        If it is none of these.
    """
    if isinstance(verbose, str | int | np.integer) and verbose in ("auto", 0, 1, 2):
        return 1 if verbose == "auto" else int(verbose)
    raise SpecError("spec.not_a_choice", name="verbose", value=verbose, choices='0, 1, 2, "auto"')


def check_shuffle(shuffle: bool | str) -> bool | str:
    """Whether to shuffle: True, False, or "batch" for the rows within each batch.

    Raises
    ------
    SpecError
        If it is none of these.
    """
    if isinstance(shuffle, bool | np.bool_):
        return bool(shuffle)
    if not isinstance(shuffle, str) or shuffle != "batch":
        raise SpecError("spec.not_a_choice", name="shuffle", value=shuffle, choices='True, False, "batch"')
    return shuffle


def stream_position(n_batches: int, length: int | None, steps: int | None) -> int:
    """Where in the endless stream a call begins: after the `n_batches` already seen.

    Where an epoch is a whole pass, it begins with one, even if an earlier training was stopped in the middle.
    """
    return math.ceil(n_batches / length) * length if length is not None and length == steps else n_batches


def due_epochs(freq: int | Sequence[int]) -> Callable[[int], bool]:
    """Tells whether to validate after the epoch of an index: every `freq` epochs, or when `freq` lists it (from 1).

    Raises
    ------
    SpecError
        If `freq` is neither a list nor a whole number of at least 1.
    """
    if isinstance(freq, list | tuple | set | range) or (isinstance(freq, np.ndarray) and freq.ndim == 1):
        listed = {check_whole("validation_freq", number) for number in freq}
        return lambda epoch: epoch + 1 in listed
    every = check_whole("validation_freq", freq)
    return lambda epoch: (epoch + 1) % every == 0


def class_weight_table(class_weight: dict[int, float], n_outputs: int) -> tuple[np.ndarray, list[int]]:
    """Weights of all classes, float32 (C,), and the classes that `class_weight` does not mention: they count 1.

    Raises
    ------
    SpecError
        If it is no dict, a key is no class, or a weight is negative or no number.
    """
    if not isinstance(class_weight, Mapping):
        raise SpecError("training.class_weight_form", kind=type(class_weight).__name__)
    n_classes = max(n_outputs, 2)  # a single output tells two classes apart
    table = np.ones(n_classes, np.float32)
    for key, weight in class_weight.items():
        is_class = isinstance(key, int | np.integer) and 0 <= key < n_classes
        if not is_class or not isinstance(weight, int | float | np.number) or not 0 <= weight < np.inf:
            raise SpecError("training.class_weight", last=n_classes - 1, key=key, weight=weight)
        table[key] = weight
    return table, sorted(set(range(n_classes)) - {int(key) for key in class_weight})
