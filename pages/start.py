"""Start: one sentence, one button, eight pictures that follow three sliders, and the way to everything else."""

from __future__ import annotations

import streamlit as st

from pages._ui import quick_start, shell, state
from pages._ui.runs_list import runs_list
from pages._ui.texts import t

shell.surround()
st.title(t("start.title"), anchor=False)
st.markdown(t("start.sentence"))
quick_start.train_now()
st.space("small")
quick_start.live_strip()
st.space("medium")

images, runs = st.columns([2, 3], gap="large")
with images:
    st.subheader(t("start.my_images"), anchor=False)
    st.markdown(t("start.my_images_says"))
    st.page_link(
        "pages/data.py",
        label=t("start.choose_images"),
        icon=":material/photo_library:",
        query_params={"draft": state.draft_id()},
    )
with runs:
    st.subheader(t("start.past_runs"), anchor=False)
    runs_list()
