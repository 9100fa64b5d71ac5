"""Prints how far a training is."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.training.callbacks.base import Callback, Logs

BAR_WIDTH = 20
REDRAW_S = 0.05


class ProgbarLogger(Callback):
    """Verbose 1: a bar per epoch, redrawn at most every 0.05 s. Verbose 2: one line at an epoch's end.

    Evaluation and prediction on their own print the same; a validation inside a training prints nothing itself. Where
    nobody knows how many batches will come, the first epoch's number is the next one's total. An epoch that was cut
    short says so.
    """

    def __init__(self) -> None:
        self._training = False
        self._total: int | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Validation is part of a training from here on."""
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Name the epoch."""
        if self.params["epochs"] > 1:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._start()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Redraw the bar, if it is time (then reads the averages: synchronises)."""
        self._draw(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the epoch's line."""
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Start the clock of an evaluation."""
        if not self._training:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Redraw the bar of an evaluation."""
        if not self._training:
            self._draw(batch + 1, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Print an evaluation's line."""
        if not self._training:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Start the clock of a prediction."""
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Redraw the bar of a prediction."""
        self._draw(batch + 1, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Print a prediction's line."""
        self._finish(None)

    def _start(self) -> None:
        self._total = self.params["steps"] or self._total
        self._began = time.perf_counter()
        self._drawn = 0.0
        self._done = 0
        self._width = 0

    def _draw(self, done: int, logs: Logs | None) -> None:
        self._done = done
        now = time.perf_counter()
        if self.params["verbose"] == 1 and now - self._drawn >= REDRAW_S:
            self._drawn = now
            self._write(self._line(self._progress(), logs))

    def _finish(self, logs: Logs | None) -> None:
        self._total = self._total or self._done
        progress = self._progress() if self.params["verbose"] == 1 else f"{self._done}/{self._total}"
        self._write(self._line(progress + (" ended early" if self._done < self._total else ""), logs))
        print()

    def _write(self, line: str) -> None:
        """Write over the line that stands there."""
        begin = "\r" if self._width else ""
        sys.stdout.write(begin + line.ljust(self._width))
        sys.stdout.flush()
        self._width = len(line)

    def _progress(self) -> str:
        """Such as ``5/10 ━━━━━─────``."""
        if not self._total:
            return str(self._done)
        filled = min(BAR_WIDTH, BAR_WIDTH * self._done // self._total)
        return f"{self._done}/{self._total} {'━' * filled}{'─' * (BAR_WIDTH - filled)}"

    def _line(self, progress: str, logs: Logs | None) -> str:
        """Such as ``5/5 - 0s - 5ms/step - accuracy: 0.3500 - loss: 1.2455``."""
        passed_s = time.perf_counter() - self._began
        parts = [progress, f"{passed_s:.0f}s", f"{1000 * passed_s / max(self._done, 1):.0f}ms/step"]
        parts += [f"{name}: {_number(value)}" for name, value in sorted(_floats(logs).items())]
        return " - ".join(parts)


def _floats(logs: Logs | None) -> Mapping[str, float]:
    return dict(logs or {})


def _number(value: float | list[float]) -> str:
    """One number; of a metric with several, their mean."""
    value = float(np.mean(value))
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"
