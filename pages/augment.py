"""Augment: what each random transform does to a picture, seen before any training."""

from __future__ import annotations

import streamlit as st

from pages._ui import augmenting, dataset, shell, state
from pages._ui.texts import t

shell.surround()
st.title(t("augment.title"), anchor=False)
st.markdown(t("augment.sentence"))
pictures = dataset.current(state.draft().data)
if pictures is not None:
    augmenting.workbench(pictures)
if st.button(t("augment.next"), type="primary", icon=":material/arrow_forward:", icon_position="right"):
    st.switch_page("pages/train.py", query_params={"draft": state.draft_id()})
