"""Live curves below a notebook's cell: what `view_metrics` shows there. Draws with Plotly, and owns no data."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from engine.training.callbacks import Callback

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

REDRAW_S = 1.0
TRAIN, VALIDATION = "#2f6fde", "#e07b00"
HEIGHT = 260  # pixels
Points = tuple[list[float], list[float]]
"""Epochs (from 1, with a fraction inside an epoch) and values of one curve."""


def is_notebook() -> bool:
    """Whether this program runs in a notebook's kernel, so that figures can be drawn below a cell."""
    ipython = sys.modules.get("IPython")
    return type(ipython and ipython.get_ipython()).__name__ == "ZMQInteractiveShell"


class Curves(Callback):
    """One panel per metric, with a line for training and one for validation, redrawn once a second at most.

    Parameters
    ----------
    epochs : range
        Indices of the epochs to train; the axis has its full length from the beginning.
    """

    def __init__(self, epochs: range) -> None:
        self.epochs = epochs
        self.points: dict[str, Points] = {}
        self._epoch = 0
        self._drawn = 0.0
        self._handle: Any = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note which epoch it is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the epoch so far, if it is time (then reads the averages: synchronises)."""
        if self.params["steps"] and time.monotonic() - self._drawn >= REDRAW_S:
            done = self._epoch + (batch + 1) / self.params["steps"]
            self._draw(self._with(done, logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the epoch, and draw."""
        self.points = self._with(epoch + 1, logs)
        self._draw(self.points)

    def _with(self, epoch: float, logs: Any) -> dict[str, Points]:
        """The curves so far, and a point more."""
        longer = dict(self.points)
        for name, value in (logs or {}).items():
            epochs, values = longer.get(name, ([], []))
            longer[name] = ([*epochs, epoch], [*values, value])
        return longer

    def _draw(self, points: dict[str, Points]) -> None:
        from IPython.display import display

        self._drawn = time.monotonic()
        # As data: a figure that is shown as an object draws itself again below each time.
        shown = figure(points, self.epochs)._repr_mimebundle_(None, None)
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


def figure(points: dict[str, Points], epochs: range) -> Figure:
    """The curves as one figure: a panel for each metric, the rate left out, validation in the panel of its metric."""
    from plotly.subplots import make_subplots

    names = [name for name in points if name != "learning_rate" and not name.startswith("val_")]
    panels = make_subplots(cols=len(names), subplot_titles=names)
    for column, name in enumerate(names, start=1):
        for key, label, color in ((name, "training", TRAIN), (f"val_{name}", "validation", VALIDATION)):
            if key in points:
                xs, ys = points[key]
                line = {"x": xs, "y": ys, "name": label, "line": {"color": color}, "mode": "lines+markers"}
                panels.add_scatter(**line, showlegend=column == 1, row=1, col=column)
    panels.update_xaxes(title="epoch", range=[epochs.start + 0.5, epochs.stop + 0.5])
    panels.update_layout(height=HEIGHT, margin={"t": 40, "b": 40, "l": 50, "r": 20}, template="plotly_white")
    return panels
