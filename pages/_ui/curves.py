"""A run's curves: its metric rows gathered per series, as lines of a chart and as a table of epochs.

Owns no file and no widget; `tail` reads the rows, `live_chart` draws the lines.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from engine.runs.database import Metric

Key = tuple[str, str]  # name and split of a series: ("loss", "validation")

CSV_COLUMNS: dict[str, Key] = {
    "loss": ("loss", "train"),
    "accuracy": ("accuracy", "train"),
    "val_loss": ("loss", "validation"),
    "val_accuracy": ("accuracy", "validation"),
    "learning_rate": ("learning_rate", "train"),
}

PREFIXES = {"train": "", "validation": "val_"}
"""How a split begins the names of its further columns: a script may have any metrics."""


class Series(NamedTuple):
    """One curve: the step and the epoch (from 1) of each value, arrays of equal length."""

    step: np.ndarray
    epoch: np.ndarray
    value: np.ndarray


EMPTY = Series(*(np.empty(0) for _ in Series._fields))


class Gatherer:
    """Takes rows as they come and hands out all curves so far."""

    def __init__(self) -> None:
        self.last_id = 0
        self._columns: dict[Key, tuple[array, array, array]] = {}

    def add(self, rows: Iterable[Metric]) -> None:
        """Take rows that follow those taken before."""
        for row in rows:
            columns = self._columns.setdefault((row.name, row.split), (array("d"), array("d"), array("d")))
            for column, value in zip(columns, (row.step, row.epoch, row.value), strict=True):
                column.append(value)
            self.last_id = row.id

    def curves(self) -> Curves:
        """All curves so far; later rows do not change them."""
        return Curves({key: Series(*map(np.array, columns)) for key, columns in self._columns.items()})


class Curves:
    """The curves of a run at one moment. Compared by identity: no news, same object.

    Attributes
    ----------
    drawn : dict
        What was made of these curves, for all who look at them; goes when they go.
    """

    def __init__(self, series: Mapping[Key, Series]) -> None:
        self._series = MappingProxyType(dict(series))
        self.drawn: dict[tuple, bytes] = {}

    def get(self, name: str, split: str) -> Series:
        """One curve, without points if there is none."""
        return self._series.get((name, split), EMPTY)

    def names(self) -> list[str]:
        """What was measured on training or validation pictures, in the order of its first appearance."""
        return list(dict.fromkeys(name for name, split in self._series if split in ("batch", "train", "validation")))

    def latest(self, name: str, split: str) -> float | None:
        """Newest value of a curve; None if there is none."""
        values = self.get(name, split).value
        return float(values[-1]) if len(values) else None

    def at_epoch(self, name: str, split: str, epoch: int | None) -> float | None:
        """Value of a curve in an epoch; None if there is none."""
        series = self.get(name, split)
        found = np.flatnonzero(series.epoch == epoch)
        return float(series.value[found[-1]]) if len(found) else None

    def n_not_finite(self, name: str) -> int:
        """How many values of a name, of any split, are no finite number."""
        return sum(int((~np.isfinite(series.value)).sum()) for (of, _), series in self._series.items() if of == name)

    def csv(self, best_epoch: int | None) -> str:
        """One row per epoch, the best one marked by 1 in the column "best"; what is missing is empty."""
        further = [key for key in self._series if key[1] in PREFIXES and key not in CSV_COLUMNS.values()]
        columns = CSV_COLUMNS | {PREFIXES[key[1]] + key[0]: key for key in further}
        epochs = sorted({int(epoch) for key in columns.values() for epoch in self.get(*key).epoch})
        output = io.StringIO()
        writer = csv.writer(output, lineterminator="\n")
        writer.writerow(["epoch", *columns, "best"])
        for epoch in epochs:
            values = (self.at_epoch(name, split, epoch) for name, split in columns.values())
            writer.writerow([epoch, *values, int(epoch == best_epoch)])
        return output.getvalue()
