"""Keeps a training safe from interruptions: it is saved while it runs, and goes on where it was."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from engine.augment.arguments import check_path
from engine.errors import TrainingError
from engine.texts.training import NOTES
from engine.training import storage
from engine.training.callbacks.base import Callback, Logs
from engine.training.callbacks.history import History
from engine.training.loop import Start
from engine.training.metrics import Averages
from engine.training.ranges import check_frequency, check_switch


class BackupAndRestore(Callback):
    """Saves the model after each epoch or every so many batches; the next `fit` goes on from the backup, if any.

    Weights, optimizer, position in the stream of samples and the History so far come back, so that a training that was
    interrupted, even killed, ends with the same weights as one that never was: bit for bit on the CPU, while the
    number of threads is the same. Give a flow a seed: without one it draws another in the next process. A plain
    generator begins anew, for it cannot be wound forward. What other callbacks remember (the waiting of EarlyStopping)
    is not kept.

    Parameters
    ----------
    backup_dir : str or Path
        A folder of its own.
    save_freq : "epoch" or int
        A number: every so many batches, counted across epochs. Training then goes on in the middle of the epoch.
    double_checkpoint : bool
        Keep the backup before the latest one too, and use it where the latest cannot be read.
    delete_checkpoint : bool
        Delete the backup when training ends normally, and the folder if nothing else is in it.

    Raises
    ------
    SpecError
        If an argument is of another kind, or `save_freq` is below 1.
    """

    def __init__(
        self,
        backup_dir: str | Path,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        self.backup_dir = Path(check_path("backup_dir", backup_dir))
        self.save_freq = check_frequency("save_freq", save_freq)
        self.double_checkpoint = check_switch("double_checkpoint", double_checkpoint)
        self.delete_checkpoint = check_switch("delete_checkpoint", delete_checkpoint)
        self._latest = self.backup_dir / "latest.safetensors"
        self._previous = self.backup_dir / "previous.safetensors"
        self._epoch = 0
        self._batches = 0
        self._saved: tuple[Any, ...] = ()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Load the backup, if there is one.

        Raises
        ------
        TrainingError
            If there is one but it cannot be read, or is of another network.
        """
        self._batches = 0
        self._saved = ()
        if (path := self._readable()) is None:
            return
        self.model.load(path)
        facts = storage.read_facts(path)
        self._batches = facts["batches"]
        self.model.start_at = Start(facts["epoch"], facts["step"], facts["averages"])
        for row in facts["rows"]:
            self._history.add(row.pop("epoch"), row)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Save again what a later callback has changed since the last epoch's end: the learning rate, a log."""
        self._epoch = epoch
        if self._saved and self._saved != self._state(self._history.rows):
            self._save(epoch, 0, self._history.rows)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save, if it is this batch's turn."""
        self._batches += 1
        if self._is_due() and batch + 1 != self.params["steps"]:
            self._saved = ()
            self._rotate()
            self._save(self._epoch, batch + 1, self._history.rows, logs.state() if isinstance(logs, Averages) else None)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save what the next epoch begins with."""
        if self.save_freq == "epoch" or self._is_due():
            # History comes after this callback, and has not heard of the epoch yet.
            self._rotate()
            self._save(epoch + 1, 0, [*self._history.rows, {"epoch": epoch, **(logs or {})}])

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete the backup, if that was asked for, and its folder, if nothing else is in it."""
        if not self.delete_checkpoint:
            return
        for path in (self._latest, self._previous):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.backup_dir.rmdir()

    @property
    def _history(self) -> History:
        assert self.model.history is not None  # a training has one
        return self.model.history

    def _is_due(self) -> bool:
        return isinstance(self.save_freq, int) and self._batches % self.save_freq == 0

    def _state(self, rows: list[dict[str, Any]]) -> tuple[Any, ...]:
        """What callbacks that come later in the list may change."""
        return self.model.learning_rate, rows

    def _rotate(self) -> None:
        """Make the latest backup the one before it."""
        if self.double_checkpoint and self._latest.exists():
            os.replace(self._latest, self._previous)

    def _save(self, epoch: int, step: int, rows: list[dict[str, Any]], averages: dict[str, Any] | None = None) -> None:
        rows = [{name: _plain(value) for name, value in row.items()} for row in rows]
        facts = {"epoch": epoch, "step": step, "averages": averages, "batches": self._batches, "rows": rows}
        self.model.save(self._latest, facts=facts)
        self._saved = self._state(rows) if step == 0 else ()

    def _readable(self) -> Path | None:
        """The backup to go on from: the latest, or with `double_checkpoint` the one before it."""
        if not self._latest.exists() and not self._previous.exists():
            return None
        try:
            storage.read_facts(self._latest)
        except TrainingError:
            if not self._previous.exists():
                raise
            warnings.warn(NOTES["broken_backup"]("en", path=self._latest), stacklevel=2)
            return self._previous
        return self._latest


def _plain(value: Any) -> Any:
    """A log's value as JSON has it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)
