"""Stops when nothing improves any more."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.training.callbacks.base import Logs
from engine.training.callbacks.monitor import Monitor, Watching
from engine.training.ranges import check_number, check_switch, check_whole


class EarlyStopping(Watching):
    """Ends the training when `monitor` has not improved for `patience` epochs; Keras' rules.

    Parameters
    ----------
    monitor, mode, min_delta
        What to watch and what counts as better; see `Monitor`.
    patience : int
        Epochs without improvement to wait. 0 and 1 mean the same, and the first epoch never stops.
    baseline : float, optional
        The wait starts anew only with an improvement that also beats this value.
    restore_best_weights : bool
        Set the weights of the best epoch back at the end, also when training ran its full length.
    start_from_epoch : int
        Epochs before this index are not looked at.

    Raises
    ------
    SpecError
        If an argument is of another kind or out of range.

    Attributes
    ----------
    best, best_epoch
        Best value and its epoch's index.
    stopped_epoch : int
        Index of the epoch that stopped, 0 if none did.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor = Monitor(monitor, mode, min_delta)
        self.patience = check_whole("patience", patience, least=0)
        self.verbose = verbose
        self.baseline = None if baseline is None else check_number("baseline", baseline)
        self.restore_best_weights = check_switch("restore_best_weights", restore_best_weights)
        self.start_from_epoch = check_whole("start_from_epoch", start_from_epoch, least=0)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.stopped_epoch = 0
        self._best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin afresh, so that one object serves several trainings."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, and stop if the wait is over."""
        value = self.monitor.read(logs, self)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self._best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.monitor.better(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self.monitor.better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self._best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Set the best weights back, if that was asked for."""
        if self.verbose and self.stopped_epoch:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self._best_weights is not None:
            if self.verbose:
                print(f"Weights of the best epoch, {self.best_epoch + 1}, are set back.")
            self.model.set_weights(self._best_weights)
