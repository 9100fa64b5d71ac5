"""The run strip, on top of every page: the run at work in one line, its Stop button, and the way to it.

`status_bar` draws the same line for any run; the Watch page uses it for a run that the strip does not show.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from engine.errors import EngineError
from engine.runs.status import QUEUED, Status
from engine.runs.store import Run
from pages._ui import numbers, runs, state, widgets
from pages._ui.curves import Curves
from pages._ui.texts import t

TICK_S = 1.0
IDLE_TICK_S = 5.0  # how soon a run that somebody else started shows up

ICONS = {
    "queued": ":material/hourglass_empty:",
    "starting": ":material/hourglass_top:",
    "running": ":material/play_arrow:",
    "stopping": ":material/stop_circle:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
    "lost": ":material/error:",
}


def run_strip() -> None:
    """Draw the strip; nothing at all before the first run."""
    run = runs.board().current()
    at_work = run is not None and runs.follow(run).read()[0].is_active
    st.session_state["strip"] = _shown(run)
    st.fragment(_strip, run_every=TICK_S if at_work else IDLE_TICK_S)()


def shows(run: Run) -> bool:
    """Whether the strip of this page shows that run."""
    return st.session_state.get("strip", (None,))[0] == run.run_id


def _strip() -> None:
    run = runs.board().current()
    if _shown(run) != st.session_state["strip"]:
        st.rerun()  # another run, or it has begun or ended: the page around the strip may look different too
    if run is not None:
        status_bar(run, "strip")


def _shown(run: Run | None) -> tuple[str | None, bool]:
    return (None, False) if run is None else (run.run_id, runs.follow(run).read()[0].is_active)


def status_bar(run: Run, key: str) -> None:
    """One run in one line, of fixed height: name, phase, progress, numbers, and Stop while it can be stopped.

    Parameters
    ----------
    run : Run
        The run.
    key : str
        Names the line; also its CSS class ``st-key-...``.
    """
    status, curves = runs.follow(run).read()
    with st.container(key=key, horizontal=True, vertical_alignment="center", gap="medium"):
        st.page_link(
            "pages/watch.py",
            label=widgets.plain(runs.title(run)),
            icon=ICONS[status.phase],
            query_params={"run": run.run_id, "draft": state.draft_id()},
        )
        st.html(_line(status, curves))
        if status.is_active:
            st.button(
                t("watch.stop"),
                key=f"{key}_stop",
                icon=":material/stop:",
                help=t("watch.stop.help"),
                disabled=status.phase == "stopping",
                on_click=_stop,
                args=(run,),
            )


def _stop(run: Run) -> None:
    try:
        run.request_stop()
        runs.follow(run).look_again()
    except EngineError as error:
        st.toast(widgets.plain(error.text(state.language())), icon=":material/error:")


def _line(status: Status, curves: Curves) -> str:
    """Phase, progress and numbers as HTML."""
    items = "".join(
        f'<span class="fl-fact fl-{name}"><small>{escape(label)}</small><b>{escape(value)}</b></span>'
        for name, label, value in _facts(status, curves)
    )
    width = 100 * status.progress
    bar = (
        f'<div class="fl-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{width:.0f}" '
        f'aria-label="{escape(t("watch.progress"))}"><i style="width: {width:.1f}%"></i></div>'
    )
    return f'<div class="fl-line fl-phase-{status.phase}"><div class="fl-facts">{items}</div>{bar}</div>'


def _facts(status: Status, curves: Curves) -> list[tuple[str, str, str]]:
    """Name, label and value of each number of the line."""
    phase = ("phase", t("watch.phase"), t(f"watch.phase.{status.phase}"))
    if status.phase in QUEUED:
        return [phase, ("place", t("watch.place"), str(status.queue_place or numbers.NONE))]
    # A run whose database cannot be read has no number of epochs.
    epoch = f"{status.epoch} / {status.epochs}" if status.epochs else numbers.NONE
    facts = [phase, ("epoch", t("watch.epoch"), epoch)]
    if status.is_active:
        facts += [
            ("eta", t("watch.eta"), numbers.duration(status.eta_s)),
            ("speed", t("watch.speed"), numbers.count(status.images_per_s)),
            ("loss", t("watch.loss"), numbers.loss(status.loss)),
            ("accuracy", t("watch.val_accuracy"), numbers.percent(status.val_accuracy)),
        ]
    else:
        best = curves.at_epoch("accuracy", "validation", status.best_epoch)
        facts += [
            ("duration", t("watch.duration"), numbers.duration(status.duration_s)),
            ("best", t("watch.best_epoch"), str(status.best_epoch or numbers.NONE)),
            ("accuracy", t("watch.val_accuracy"), numbers.percent(best)),
            ("test", t("watch.test_accuracy"), numbers.percent(status.test_accuracy)),
        ]
    return [*facts, ("device", t("watch.device"), status.device(state.language()) if status.device else numbers.NONE)]
