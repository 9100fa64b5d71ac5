"""Data: which pictures, what is in them, and how they are split."""

from __future__ import annotations

import streamlit as st

from pages._ui import dataset, overview, shell, source, state
from pages._ui.texts import t

shell.surround()
st.title(t("data.title"), anchor=False)
st.markdown(t("data.sentence"))
source.choose_source()
settings, content = st.columns([5, 8], gap="large")
with settings:
    source.settings()
with content:
    pictures = dataset.current(state.draft().data)
    if pictures is not None:
        overview.overview(pictures)
if st.button(t("data.next"), type="primary", icon=":material/arrow_forward:", icon_position="right"):
    st.switch_page("pages/augment.py", query_params={"draft": state.draft_id()})
