"""Stops a training whose loss is no number any more."""

from __future__ import annotations

import math

from engine.errors import TrainingError
from engine.training.callbacks.base import Callback, Logs
from engine.training.ranges import check_switch


class TerminateOnNaN(Callback):
    """Ends the training after a batch whose loss is NaN or infinite.

    Without it, `fit` notices at the end of the epoch and raises. Reads the loss after every batch, so on a GPU each
    step waits for the device.

    Parameters
    ----------
    raise_error : bool
        Raise `TrainingError` instead of ending quietly.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = check_switch("raise_error", raise_error)
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch for the message."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss (synchronises)."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            epoch, rate = self.epoch + 1, self.model.learning_rate
            raise TrainingError("training.loss_not_finite", loss=loss, epoch=epoch, step=batch + 1, rate=rate)
        print(f"Batch {batch}: the loss is {loss}; training stops.")
        self.model.stop_training = True
