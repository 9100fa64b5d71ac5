"""Writes one line per epoch into a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, TextIO

from engine.augment.arguments import check_path
from engine.errors import SpecError
from engine.training.callbacks.base import Callback, Logs
from engine.training.ranges import check_switch


class CSVLogger(Callback):
    """Columns: ``epoch`` (from 0) and the names of the first epoch's logs, sorted; Keras' format.

    If the first epoch has no validation, empty ``val_`` columns are kept for later. A missing value is ``NA``; names
    that appear later are left out. Written out after every epoch.

    Parameters
    ----------
    filename : str or Path
        Missing folders are made.
    separator : str
    append : bool
        Add to what the file holds; the header is written only into an empty file.

    Raises
    ------
    SpecError
        If the separator is not one character, or append no bool.
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:
        self.filename = Path(check_path("filename", filename))
        if not isinstance(separator, str) or len(separator) != 1:
            raise SpecError("training.bad_separator", value=repr(separator))
        self.separator = separator
        self.append = check_switch("append", append)
        self._names: list[str] | None = None
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self._has_header = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.filename.open("a" if self.append else "w", newline="", encoding="utf-8")
        self._names = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's line."""
        assert self._file is not None
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if self._names is None:
            self._names = _columns(logs)
            if not self._has_header:
                writer.writerow(["epoch", *self._names])
        writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        assert self._file is not None
        self._file.close()


def _columns(logs: Logs) -> list[str]:
    names = sorted(logs)
    if not any(name.startswith("val_") for name in names):
        names += [f"val_{name}" for name in names]
    return names
