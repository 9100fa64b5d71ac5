"""The callback that writes a training into its run folder while it goes on.

Decides what is worth publishing and when: curves, progress, checkpoints, the first batch. How it gets to disk without
making the training wait is `engine.runs.database`'s business.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from engine.augment.flow import order
from engine.errors import TrainingError
from engine.runs.database import RunWriter
from engine.runs.log import say
from engine.runs.store import Run
from engine.training.callbacks import Callback
from engine.training.metrics import Averages, numbers

N_FIRST = 64
"""How many pictures of the first batch are kept, at most."""
SMOOTHING = 0.3
"""Weight of the latest measurement in the average speed."""

Logs = Mapping[str, Any]


class StopRequested(Exception):
    """Somebody asked the run to stop, and its current batch is done."""


class Publisher(Callback):
    """Publishes a training: curves, progress and, if it is to, weights.

    Reads the averages of an epoch ten times a second at most, so that the training hardly notices it.

    Parameters
    ----------
    run : Run
        Where checkpoints go.
    writer : RunWriter
        Where everything else goes.
    keep_weights : bool
        Whether to save the model after each epoch, and the best one apart.
    """

    def __init__(self, run: Run, writer: RunWriter, keep_weights: bool = True) -> None:
        self.run = run
        self.writer = writer
        self.keep_weights = keep_weights
        self.epoch = 0  # from 1
        self.step = 0  # steps done in all epochs
        self.best: float | None = None
        self.images_per_s: float | None = None
        self._steps_before = 0  # done before this epoch
        self._epoch_began = self._validation_began = self._validation_s = 0.0
        # At the last published step of this epoch: pictures done, their averages, when.
        self._before: tuple[int, dict[str, float], float] = (0, {}, 0.0)

    def tell(self, kind: str, text: str) -> None:
        """Say something in the log and as an event."""
        say(text)
        self.writer.add_event(kind, text)

    # --- hooks ---

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Say how long it will be."""
        self.writer.set_state(epochs=self.params["epochs"], steps=self.params["epochs"] * (self.params["steps"] or 0))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin new averages."""
        self.epoch = epoch + 1
        self._steps_before = self.step
        self._epoch_began = time.monotonic()
        self._before = (0, {}, self._epoch_began)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Publish the step, if it is time (then reads the averages: synchronises)."""
        self.step += 1
        self._stop_if_asked()
        if self.writer.step_due():
            self._check()
            assert isinstance(logs, Averages)
            self._publish_step(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Note when the validation begins."""
        self._validation_began = time.monotonic()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop in the middle of a validation, too."""
        self._stop_if_asked()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Publish the epoch, and save the model."""
        if self.params["steps"] is None:  # a source that does not say how long it is; now it is known
            self.writer.set_state(steps=self.params["epochs"] * (self.step - self._steps_before))
        logs = {"learning_rate": self.model.learning_rate, **numbers(logs or {})}
        now = time.monotonic()
        self._validation_s = now - self._validation_began
        self.writer.add_epoch(self.step, self.epoch, "train", {k: v for k, v in logs.items() if k[:4] != "val_"})
        self.writer.add_epoch(
            self.step, self.epoch, "validation", {k[4:]: v for k, v in logs.items() if k[:4] == "val_"}
        )
        self.writer.set_state(epoch=self.epoch, step=self.step, **logs)
        is_best = self._note_best(logs)
        if self.keep_weights:
            self._save(is_best)
        values = ", ".join(f"{name} {value:.4g}" for name, value in logs.items())
        self.tell(
            "best" if is_best else "epoch",
            f"Epoch {self.epoch}/{self.params['epochs']} in {now - self._epoch_began:.1f} s: {values}"
            + (", the best so far." if is_best else "."),
        )
        self._check()

    # --- inside ---

    def _check(self) -> None:
        """Look whether what was published can be written."""
        self.writer.check()

    def _stop_if_asked(self) -> None:
        if self.writer.stop_requested.is_set():
            raise StopRequested

    def _publish_step(self, averages: Averages) -> dict[str, float]:
        """Publish the averages of the pictures since the last published step, and how fast they were; returns them."""
        done = averages.n_pictures
        done_before, before, then = self._before
        now, n_new = time.monotonic(), done - done_before
        values = numbers(averages.since(done_before, before))
        self._before = (done, averages.read(), now)
        # The first step of a run takes longer than any other.
        if self.step > 1:
            latest = n_new / (now - then)
            known = self.images_per_s or latest
            self.images_per_s = known + SMOOTHING * (latest - known)
        values["learning_rate"] = self.model.learning_rate
        self.writer.add_step(self.step, self.epoch, values)
        self.writer.set_state(
            epoch=self.epoch, step=self.step, images_per_s=self.images_per_s, eta_s=self._eta_s(averages), **values
        )
        return values

    def _eta_s(self, averages: Averages) -> float | None:
        """Seconds to the end: the steps left at the present speed, and one validation per epoch left."""
        if self.images_per_s is None or self.params["steps"] is None:
            return None
        epochs, steps = self.params["epochs"], self.params["steps"]
        left = epochs * steps - self.step
        n_pictures = averages.n_pictures / (self.step - self._steps_before)  # per step
        return left * n_pictures / self.images_per_s + (epochs - self.epoch + 1) * self._validation_s

    def _note_best(self, logs: Logs) -> bool:
        """Whether the epoch is the best so far, by validation loss; without validation none is."""
        val_loss = logs.get("val_loss", math.nan)
        if not math.isfinite(val_loss) or (self.best is not None and val_loss >= self.best):
            return False
        self.best = val_loss
        self.writer.set_state(best_epoch=self.epoch, best_value=val_loss, best_accuracy=logs.get("val_accuracy"))
        return True

    def _save(self, is_best: bool) -> None:
        """Save the model as the last one, and as the best one if it is."""
        self.model.save(self.run.last_checkpoint)
        if is_best:
            unfinished = self.run.best_checkpoint.with_suffix(".new")
            shutil.copyfile(self.run.last_checkpoint, unfinished)
            os.replace(unfinished, self.run.best_checkpoint)


class RunPublisher(Publisher):
    """Publishes a run of the app: also its first batch; and ends the training when that has no point any more.

    Parameters
    ----------
    run, writer
        As in `Publisher`.
    labels : ndarray, shape (N,), int64
        Labels of the training pictures.
    batch_size, seed : int
        Of the training; with them the order of pictures is known.
    """

    def __init__(self, run: Run, writer: RunWriter, labels: np.ndarray, batch_size: int, seed: int) -> None:
        super().__init__(run, writer)
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Wait for the first batch, too."""
        super().on_train_begin(logs)
        self._first_batch = self.model.network.register_forward_pre_hook(self._save_first_batch)

    def publish_test(self, logs: dict[str, float]) -> None:
        """Publish what the test part says of the trained model."""
        self.writer.add_epoch(self.step, self.epoch, "test", logs)
        self.writer.set_state(**{f"test_{name}": value for name, value in logs.items()})
        self.tell("test", "Test: " + ", ".join(f"{name} {value:.4g}" for name, value in logs.items()) + ".")

    def _publish_step(self, averages: Averages) -> dict[str, float]:
        """A loss that is no number any more ends the training here: the rest of a long epoch would only take time."""
        values = super()._publish_step(averages)
        if not math.isfinite(values["loss"]):
            loss, rate = values["loss"], values["learning_rate"]
            step = averages.n_finite() + 1
            raise TrainingError("training.loss_not_finite", loss=loss, epoch=self.epoch, step=step, rate=rate)
        return values

    def _save(self, is_best: bool) -> None:
        if not self.run.database.exists():
            raise StopRequested  # the run was deleted, and its weights would bring its folder back
        super()._save(is_best)

    def _save_first_batch(self, network: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Keep what the network gets at step 1, as it gets it; called before each pass through the network."""
        if not network.training:
            return
        self._first_batch.remove()
        indices = order(len(self.labels), self.seed, 0)[: self.batch_size][:N_FIRST]
        seen = inputs[0][:N_FIRST].float().permute(0, 2, 3, 1).cpu().numpy()  # (n, H, W, C); synchronises, once
        unfinished = self.run.folder / "first_batch.new.npz"
        np.savez(unfinished, inputs=seen, labels=self.labels[indices], indices=indices)
        os.replace(unfinished, self.run.first_batch)
