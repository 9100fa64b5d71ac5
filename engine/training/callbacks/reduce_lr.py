"""Lowers the learning rate when nothing improves any more."""

from __future__ import annotations

from typing import Any

from engine.errors import SpecError
from engine.training.callbacks.base import Logs
from engine.training.callbacks.monitor import Monitor, Watching
from engine.training.ranges import check_not_negative, check_number, check_whole


class ReduceLROnPlateau(Watching):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement; Keras' rules.

    Parameters
    ----------
    monitor, mode, min_delta
        What to watch and what counts as better; see `Monitor`.
    factor : float
        Above 0 and below 1.
    patience : int
        Epochs to wait; 0 and 1 mean the same.
    cooldown : int
        Epochs after a reduction in which waiting does not count, the last of them excepted.
    min_lr : float
        The rate does not fall below this.

    Raises
    ------
    SpecError
        If the factor is not between 0 and 1, or another argument of another kind or out of range.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        if not 0 < check_number("factor", factor) < 1:
            raise SpecError("training.bad_factor", factor=factor)
        self.monitor = Monitor(monitor, mode, min_delta)
        self.factor = factor
        self.patience = check_whole("patience", patience, least=0)
        self.verbose = verbose
        self.cooldown = check_whole("cooldown", cooldown, least=0)
        self.min_lr = check_not_negative("min_lr", min_lr)
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.wait = 0
        self._cooling = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin afresh; the rate stays as an earlier training left it."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the rate this epoch used, then compare and perhaps lower it."""
        rate = self.model.learning_rate
        if logs is not None:
            logs["learning_rate"] = rate
        value = self.monitor.read(logs, self)
        if value is None:
            return
        if self._cooling:
            self._cooling -= 1
            self.wait = 0
        if self.monitor.better(value, self.best):
            self.best = value
            self.wait = 0
        elif not self._cooling:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.learning_rate = max(rate * self.factor, self.min_lr)
                self._cooling = self.cooldown
                self.wait = 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate lowered to {self.model.learning_rate:g}")
