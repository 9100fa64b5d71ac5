"""Which of two values of a metric is better. Shared by the callbacks that watch one."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from engine.errors import SpecError
from engine.texts.training import NOTES
from engine.training.callbacks.base import Callback, Logs
from engine.training.metrics import direction
from engine.training.ranges import check_number

if TYPE_CHECKING:
    from engine.training.model import Model


class Monitor:
    """Watches one name of the epoch's logs.

    Parameters
    ----------
    name : str
        Such as ``"val_loss"``.
    mode : str
        ``"min"``, ``"max"`` or ``"auto"``: losses and errors should fall, the other metrics rise.
    min_delta : float
        A change up to this size is no improvement.

    Raises
    ------
    SpecError
        If mode is none of the three, or min_delta is no number.
    """

    def __init__(self, name: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        if not isinstance(name, str):
            raise SpecError("spec.not_text", name="monitor", value=name)
        self.name = name
        self.mode = direction(name) if mode == "auto" else mode
        if mode not in ("auto", "min", "max"):
            raise SpecError("training.no_direction", monitor=name, mode=mode)
        self.min_delta = abs(check_number("min_delta", min_delta))

    def settle(self, model: Model) -> None:
        """Find the direction of a name that only the compiled metrics explain, such as ``Precision(name="hits")``.

        Raises
        ------
        SpecError
            If none of them has the name, or it is a function, of which nobody knows which way is better.
        """
        names = {tracked.name: tracked.metric for tracked in getattr(model, "metrics", ())}
        if self.mode is None and (metric := names.get(self.name.removeprefix("val_"))) is not None:
            self.mode = metric.direction
        if self.mode is None:
            raise SpecError("training.no_direction", monitor=self.name, mode="auto")

    def better(self, value: float, best: float | None) -> bool:
        """Whether `value` improves on `best`. A tie does not."""
        if best is None:
            return True
        return value + self.min_delta < best if self.mode == "min" else value - self.min_delta > best

    def read(self, logs: Logs | None, callback: object) -> float | None:
        """The watched value; None, with a warning, where the epoch has none.

        Raises
        ------
        SpecError
            If the metric has several values.
        """
        value = (logs or {}).get(self.name)
        if value is None:
            note = NOTES["missing_metric"]
            known = ", ".join(logs or {})
            warnings.warn(
                note("en", callback=type(callback).__name__, monitor=self.name, known=known or "none"), stacklevel=3
            )
        if isinstance(value, list):
            raise SpecError("training.several_values", monitor=self.name, n=len(value))
        return value


class Watching(Callback):
    """Base of the callbacks that watch a metric."""

    monitor: Monitor

    def set_model(self, model: Model) -> None:
        super().set_model(model)
        self.monitor.settle(model)
