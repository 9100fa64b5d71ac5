"""Saves the model while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.augment.arguments import check_path
from engine.errors import SpecError
from engine.training.callbacks.base import Callback, Logs
from engine.training.callbacks.monitor import Monitor
from engine.training.ranges import check_frequency, check_number, check_switch

if TYPE_CHECKING:
    from engine.training.model import Model


class ModelCheckpoint(Callback):
    """Saves after each epoch, or every so many batches; Keras' rules.

    Parameters
    ----------
    filepath : str or Path
        Stored as safetensors: NAME.keras, NAME.h5 and NAME.weights.h5 become NAME.safetensors. May hold ``{epoch}`` and
        ``{batch}`` (from 1) and names of the logs, with formats: ``{val_loss:.3f}``.
    monitor, mode
        What decides which is best; see `Monitor`.
    save_best_only : bool
        Save only what is better than all before. The best is not forgotten when a second `fit` begins. If an epoch
        lacks the monitored value, it is saved with a warning.
    save_weights_only : bool
        Leave the optimizer's state out; such a file cannot continue a training exactly.
    save_freq : "epoch" or int
        A number: every so many batches, counted across epochs.
    initial_value_threshold : float, optional
        The value to beat first.

    Raises
    ------
    SpecError
        If an argument is of another kind or out of range; while training, if the file's name asks for what the logs
        do not have.
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        self.filepath = check_path("filepath", filepath)
        check_switch("save_best_only", save_best_only)
        # The direction matters only where values are compared.
        self.monitor = Monitor(monitor, mode) if save_best_only else None
        self.verbose = verbose
        self.save_weights_only = check_switch("save_weights_only", save_weights_only)
        self.save_freq = check_frequency("save_freq", save_freq)
        threshold = initial_value_threshold
        self.best = None if threshold is None else check_number("initial_value_threshold", threshold)
        self._epoch = 0
        self._batches = 0

    def set_model(self, model: Model) -> None:
        super().set_model(model)
        if self.monitor is not None:
            self.monitor.settle(model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch for the file name."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save, if it is this batch's turn."""
        if not isinstance(self.save_freq, int):
            return
        self._batches += 1
        if self._batches % self.save_freq == 0:
            self._save(logs, batch=batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save, if saving goes by epochs."""
        if self.save_freq == "epoch":
            self._save(logs)

    def _save(self, logs: Logs | None, **names: int) -> None:
        if self.monitor is not None:
            value = self.monitor.read(logs, self)
            if value is not None and not self.monitor.better(value, self.best):
                return
            self.best = value if value is not None else self.best
        path = self._path({**(logs or {}), "epoch": self._epoch + 1, **names})
        self.model.save(path, include_optimizer=not self.save_weights_only)
        if self.verbose:
            print(f"Epoch {self._epoch + 1}: saved {path}")

    def _path(self, names: dict[str, Any]) -> Path:
        try:
            return Path(self.filepath.format(**names))
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            raise SpecError(
                "training.bad_file_name", path=self.filepath, name=error.args[0], known=", ".join(names)
            ) from None
