"""The latest runs as a list of links."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from engine.runs.store import Run, RunStore
from pages._ui import numbers, runs, state, widgets
from pages._ui.texts import t

N_RUNS = 6


def runs_list(most: int = N_RUNS) -> None:
    """The newest runs, at most so many: name, when, how far, how good; each a link to its Watch page."""
    newest = RunStore().list()[:most]
    if not newest:
        st.caption(t("start.no_runs"))
    with st.container(key="runs"):
        for run in newest:
            _row(run)


def _row(run: Run) -> None:
    status = run.status()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            "pages/watch.py",
            label=widgets.plain(runs.title(run)),
            icon=":material/show_chart:",
            query_params={"run": run.run_id, "draft": state.draft_id()},
        )
        facts = [t(f"watch.phase.{status.phase}")]
        if status.best_accuracy is not None:
            facts.append(t("start.run_accuracy", accuracy=numbers.percent(status.best_accuracy)))
        if status.created:
            facts.append(datetime.fromtimestamp(status.created).strftime("%Y-%m-%d %H:%M"))
        st.caption(" · ".join(facts))
