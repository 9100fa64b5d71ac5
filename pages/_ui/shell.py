"""What stands around every page: set-up, navigation, the language switch and the run strip."""

from __future__ import annotations

import errno
import os
from contextvars import ContextVar
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from engine import paths
from engine.errors import RunError
from engine.runs import app
from pages._ui import state, theme, warm_up, widgets
from pages._ui.live_chart import load_plotly
from pages._ui.strip import run_strip
from pages._ui.texts import t

# File, address and icon of each page; the first is where a visitor starts.
PAGES = {
    "start": ":material/home:",
    "data": ":material/photo_library:",
    "augment": ":material/auto_fix_high:",
    "train": ":material/tune:",
    "watch": ":material/show_chart:",
}

_stands: ContextVar[bool] = ContextVar("shell_stands", default=False)


def run() -> None:
    """Draw the page that the address names, with everything around it."""
    if (problem := _no_home()) is not None:
        _navigation()
        widgets.problem(problem)
        return
    state.open_draft()
    warm_up.start()
    _announce()
    theme.apply_style()
    page = _navigation()
    _language_switch()
    run_strip()
    token = _stands.set(True)
    try:
        page.run()
    finally:
        _stands.reset(token)
    load_plotly()  # last, so that no page waits for it; the first curve then needs no wait either


@st.cache_resource(show_spinner=False)
def _announce() -> None:
    """Write down once where this server can be reached, for scripts to tell their users."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    host = st.get_option("server.address") or st.get_option("browser.serverAddress")
    path = "/".join(("", *filter(None, [st.get_option("server.baseUrlPath").strip("/")])))
    app.announce(f"{scheme}://{host}:{st.get_option('server.port')}{path}")


def _no_home() -> RunError | None:
    """Why runs and drafts cannot be kept, if they cannot."""
    try:
        if os.access(paths.home_dir("drafts"), os.W_OK):
            return None
        reason = os.strerror(errno.EACCES)
    except OSError as error:
        reason = error.strerror or str(error)
    return RunError("runs.no_home", folder=str(paths.runs_dir()), problem=reason)


def surround() -> None:
    """The first line of each page: see to it that `run` stands around it.

    A page whose address is the very first thing a new server is asked for would otherwise stand there alone, because
    Streamlit takes a folder called pages for one of its older kind until `st.navigation` has been called once.
    """
    if not _stands.get():
        _navigation()
        st.rerun()


def _navigation() -> Page:
    # The icon comes first: without one, the browser asks a server of Google's for that of the page.
    st.set_page_config(page_title="FitLab", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide")
    return st.navigation(
        [
            st.Page(f"pages/{name}.py", title=t(f"nav.{name}"), icon=icon, default=name == "start")
            for name, icon in PAGES.items()
        ],
        position="top",
    )


def _language_switch() -> None:
    other = "en" if state.language() == "zh" else "zh"
    with st.container(key="language"):
        st.button(
            t("shell.other_language"),
            key="switch_language",
            help=t("shell.language_help"),
            type="tertiary",
            on_click=state.choose,
            kwargs={"language": other},
        )
