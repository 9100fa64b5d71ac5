"""Collects what every epoch reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.training.callbacks.base import Callback, Logs

if TYPE_CHECKING:
    from engine.training.model import Model


class History(Callback):
    """What `Model.fit` returns: one list per name of the logs.

    Attributes
    ----------
    history : dict of str to list of float
        A name that some epochs lack (`validation_freq`) has a shorter list; `rows` keeps the epochs with the values.
    epoch : list of int
        Index of each epoch.
    rows : list of dict
        Per epoch its index under ``epoch`` and its logs.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.rows: list[dict[str, Any]] = []

    def set_model(self, model: Model) -> None:
        """Begin empty, before any callback's `on_train_begin`: one may fill in what was before an interruption."""
        super().set_model(model)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the epoch."""
        self.add(epoch, logs or {})

    def add(self, epoch: int, logs: Logs) -> None:
        """Add what an epoch reported."""
        self.epoch.append(epoch)
        self.rows.append({"epoch": epoch, **logs})
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
