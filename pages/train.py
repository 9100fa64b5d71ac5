"""Train: which network learns, in which way, and the button that starts it."""

from __future__ import annotations

import streamlit as st

from pages._ui import shell, training
from pages._ui.texts import t

shell.surround()
st.title(t("train.title"), anchor=False)
chosen, will_run = st.columns([8, 5], gap="large")
with chosen:
    training.settings()
with will_run:
    training.summary()
