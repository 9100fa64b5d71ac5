"""What stands around every page: set-up, navigation, the language switch and the run strip."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages._ui import state, theme, warm_up
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


def run() -> None:
    """Draw the page that the address names, with everything around it."""
    st.set_page_config(page_title="FitLab", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide")
    state.open_draft()
    warm_up.start()
    theme.apply_style()
    page = st.navigation(
        [
            st.Page(f"pages/{name}.py", title=t(f"nav.{name}"), icon=icon, default=name == "start")
            for name, icon in PAGES.items()
        ],
        position="top",
    )
    _language_switch()
    run_strip()
    page.run()


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
