"""Which of two values of a metric is better. Shared by the callbacks that watch one."""

from __future__ import annotations

import warnings

from engine.errors import SpecError
from engine.texts.training import NOTES
from engine.training.callbacks.base import Logs
from engine.training.metrics import direction
from engine.training.ranges import check_number


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
        If mode is auto and the name is of neither kind, mode is none of the three, or min_delta is no number.
    """

    def __init__(self, name: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        self.name = name
        self.mode = direction(name) if mode == "auto" else mode
        if self.mode not in ("min", "max"):
            raise SpecError("training.no_direction", monitor=name, mode=mode)
        self.min_delta = abs(check_number("min_delta", min_delta))

    def better(self, value: float, best: float | None) -> bool:
        """Whether `value` improves on `best`. A tie does not."""
        if best is None:
            return True
        return value + self.min_delta < best if self.mode == "min" else value - self.min_delta > best

    def read(self, logs: Logs | None, callback: object) -> float | None:
        """The watched value; None, with a warning, where the epoch has none."""
        value = (logs or {}).get(self.name)
        if value is None:
            note = NOTES["missing_metric"]
            known = ", ".join(logs or {})
            warnings.warn(
                note("en", callback=type(callback).__name__, monitor=self.name, known=known or "none"), stacklevel=3
            )
        return value
