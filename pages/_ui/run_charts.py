"""The live charts of a run, per batch and per epoch, with the best epoch starred: loss and accuracy, or a script's own.

The bytes of a chart are made once for all who watch the run; `live_chart` shows them.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.runs.status import Status
from engine.runs.store import Run
from pages._ui import live_chart, numbers, runs, state
from pages._ui.curves import EMPTY, Curves
from pages._ui.live_chart import Chart, Line
from pages._ui.texts import TEXTS

NAMES = ("loss", "accuracy")


def run_charts(run: Run) -> None:
    """Draw the charts, two beside each other; may stand inside a fragment."""
    status, curves = runs.follow(run).read()
    columns = st.columns(2, gap="medium")
    for number, name in enumerate(_names(status, curves)):
        with columns[number % 2]:
            shown = (name, run.run_id, _steps_per_epoch(status), _shown_epochs(status), status.best_epoch)
            key = (*shown, state.language())
            if key not in curves.drawn:
                curves.drawn[key] = _chart(curves, *key)
            live_chart.draw(f"chart_{run.run_id}_{name}", curves.drawn[key])


def _names(status: Status, curves: Curves) -> Sequence[str]:
    """The metrics that have a chart: a script may have any, each known from its first value on."""
    if not status.is_script:
        return NAMES
    return [name for name in curves.names() if name != "learning_rate"] or ["loss"]


def _chart(
    curves: Curves, name: str, run_id: str, steps_per_epoch: int, x_max: int, best_epoch: int | None, language: str
) -> bytes:
    def text(key: str) -> str:
        return TEXTS[key](language)

    title = TEXTS[f"watch.{name}"](language) if name in NAMES else name
    percent = name.endswith("accuracy")
    show = numbers.percent if percent else numbers.loss
    batch, train, validation = (curves.get(name, split) for split in ("batch", "train", "validation"))
    if not steps_per_epoch:
        batch = EMPTY
    best = validation.epoch == best_epoch
    lines = [
        Line(text("watch.line.batch"), batch.step / max(1, steps_per_epoch), batch.value, "batch", "train"),
        Line(text("watch.line.train"), train.epoch, train.value, "epoch", "train"),
        Line(text("watch.line.validation"), validation.epoch, validation.value, "epoch", "validation"),
        Line(text("watch.line.best"), validation.epoch[best], validation.value[best], "best", "validation"),
    ]
    label = TEXTS["watch.chart"](
        language,
        name=title,
        train=show(curves.latest(name, "train")),
        validation=show(curves.latest(name, "validation")),
    )
    return live_chart.encode(Chart(name, run_id, title, label, text("watch.axis"), x_max, percent), lines)


def _steps_per_epoch(status: Status) -> int:
    """0 while nobody knows, in the first epoch of a source that does not say how long it is."""
    return status.steps // max(1, status.epochs)


def _shown_epochs(status: Status) -> int:
    """Right end of the horizontal axis: all epochs, but of very many only twice as many as were reached."""
    shown = 20
    while shown < status.epoch:
        shown *= 2
    return max(1, min(status.epochs, shown)) if status.is_active else max(1, status.epoch)
