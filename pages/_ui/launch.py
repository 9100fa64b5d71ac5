"""Starting a run from a page: make it, then go and watch it."""

from __future__ import annotations

import streamlit as st

from engine.errors import EngineError
from engine.runs.store import RunStore
from engine.spec import RunSpec
from pages._ui import runs, state, widgets


def launch(spec: RunSpec) -> None:
    """Start a run and switch to its Watch page; where it cannot start, say why and stay."""
    try:
        run = RunStore().create(spec)
    except EngineError as error:
        widgets.problem(error)
        return
    runs.board().look_again()
    st.switch_page("pages/watch.py", query_params={"run": run.run_id, "draft": state.draft_id()})
