"""Decides which picture serves for training, validation and test. Pure numpy, reproducible from the seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.data.source import PARTS
from engine.errors import DataError
from engine.spec import DataSpec


def split(labels: np.ndarray, given_parts: Mapping[str, np.ndarray], spec: DataSpec) -> dict[str, np.ndarray]:
    """Assign every picture to exactly one part.

    Parts that the source brings are kept as they are; if validation is missing, it is cut from train, and a missing
    test part stays empty. Without any given part, validation and test are both cut from all pictures.

    Parameters
    ----------
    labels : array of int64, shape (n,)
    given_parts : mapping of part name to array of int64
        Indices of the pictures that the source itself assigns; together all pictures, or empty.
    spec : DataSpec
        `split`, `validation_fraction`, `test_fraction` and `seed` are used.

    Returns
    -------
    dict of array of int64
        Ascending indices for "train", "validation" and "test".

    Raises
    ------
    DataError
        If nothing would be left for training or for validation.
    """
    empty = np.zeros(0, dtype=np.int64)
    parts = {name: np.sort(given_parts.get(name, empty)) for name in PARTS}
    if not any(len(part) for part in parts.values()):
        parts["train"] = np.arange(len(labels))
        _cut(parts, labels, spec, spec.validation_fraction, spec.test_fraction)
    elif not len(parts["validation"]):
        _cut(parts, labels, spec, spec.validation_fraction, 0.0)
    if not len(parts["train"]) or not len(parts["validation"]):
        counts = {name: len(part) for name, part in parts.items()}
        raise DataError("data.part_empty", field="data.validation_fraction", **counts)
    return parts


def missing_classes(
    labels: np.ndarray, parts: Mapping[str, np.ndarray], class_names: Sequence[str]
) -> dict[str, list[str]]:
    """Names of the classes that do not occur in a part, for every part that has pictures and lacks a class."""
    lacking = {}
    for name, indices in parts.items():
        counts = np.bincount(labels[indices], minlength=len(class_names))
        if len(indices) and not counts.all():
            lacking[name] = [class_names[label] for label in np.flatnonzero(counts == 0).tolist()]
    return lacking


def _cut(parts: dict[str, np.ndarray], labels: np.ndarray, spec: DataSpec, validation: float, test: float) -> None:
    """Move shares of the train part to validation and test, in place."""
    train = parts["train"]
    if not len(train):
        return
    if spec.split == "last":
        # Keras' own rounding: the first floor(n * (1 - share)) are kept. At least one picture is for validation.
        first_test = math.floor(len(train) * (1 - test))
        first_validation = min(math.floor(len(train) * (1 - validation - test)), first_test - 1)
        cuts = np.split(train, [first_validation, first_test])
    else:
        by_class = [train[labels[train] == label] for label in np.unique(labels[train])]
        shares = [_cut_class(members, labels[members[0]], spec.seed, validation, test) for members in by_class]
        cuts = [np.sort(np.concatenate(share)) for share in zip(*shares, strict=True)]
    parts["train"], parts["validation"] = cuts[:2]
    if test:
        parts["test"] = cuts[2]


def _cut_class(members: np.ndarray, label: int, seed: int, validation: float, test: float) -> list[np.ndarray]:
    """Shuffle one class and cut it into train, validation and test.

    Small classes fill train first, then validation, then test: of two pictures, one is learned and one is checked.
    """
    # RandomState, because its stream is frozen: the same seed splits alike with every version of numpy.
    shuffled = np.random.RandomState([seed, label]).permutation(members)
    n = len(members)
    n_test = min(max(round(n * test), 1), n - 2) if test and n > 2 else 0
    n_validation = min(max(round(n * validation), 1), n - n_test - 1)
    return np.split(shuffled, [n - n_validation - n_test, n - n_test])
