"""Watch: one run while it learns, or what became of it. Without `?run=` in the address, the way to every run."""

from __future__ import annotations

import streamlit as st

from engine.errors import RunError
from engine.runs.store import Run, RunStore
from pages._ui import run_charts, run_report, runs, shell, strip, widgets
from pages._ui.runs_list import runs_list
from pages._ui.texts import t

TICK_S = 0.4
N_RUNS = 50


def live(run: Run) -> None:
    """All that moves while a run goes on."""
    stage = _stage(run)
    if stage != st.session_state["watch_stage"]:
        st.rerun()  # what stands around the moving part looks different from now on
    if not strip.shows(run):
        strip.status_bar(run, "watched")
    run_report.say(run)
    run_charts.run_charts(run)
    run_report.log(run)


def _stage(run: Run) -> tuple[str, bool, bool]:
    status, _ = runs.follow(run).read()
    return run.run_id, status.is_active, run.first_batch.exists()


def _show(run: Run) -> None:
    st.title(widgets.plain(runs.title(run)), anchor=False)
    run_report.settings(run)
    st.session_state["watch_stage"] = stage = _stage(run)
    st.fragment(live, run_every=TICK_S if stage[1] else None)(run)
    run_report.first_batch(run)
    run_report.take_away(run)


def _choose() -> None:
    st.title(t("watch.title"), anchor=False)
    st.markdown(t("watch.choose"))
    runs_list(N_RUNS)


shell.surround()
if wanted := st.query_params.get("run"):
    # The browser does not change the address by itself where a link leads from this page to another run on it.
    st.query_params["run"] = wanted
    try:
        _show(RunStore().get(wanted))
    except RunError as error:
        widgets.problem(error)
        _choose()
else:
    _choose()
