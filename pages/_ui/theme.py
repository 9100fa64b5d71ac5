"""Colours by meaning, and the little styling that Streamlit's theme cannot express.

The colours themselves stand in `.streamlit/config.toml`, once per theme; here stands what each position means, so that
a meaning keeps its colour on every page.
"""

from __future__ import annotations

import streamlit as st

# Position of each meaning in the theme's chart colours.
HUES = {"train": 0, "validation": 1, "original": 2, "augmented": 3, "fit": 4, "fit_generator": 5}

_STYLE = """
<style>
  /* Roomy, and never wider than a line of text wants to be read. */
  .stMainBlockContainer { max-width: 1180px; padding: 5rem 2rem 6rem; }
  @media (max-width: 640px) { .stMainBlockContainer { padding: 4.5rem 1rem 4rem; } }

  /* Small pictures keep their pixels. */
  .fl-tile img, .st-key-sheet img, .st-key-original img { image-rendering: pixelated; border-radius: 0.4rem; }
  .st-key-original img { width: 100%; }

  /* The language switch stands in the header, on every page at the same place. */
  .st-key-language { position: fixed; top: 0.7rem; right: 1.2rem; width: auto; z-index: 999999; }

  /* Numbers in tables stand under each other. */
  .stTable td, [data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
</style>
"""


def apply_style() -> None:
    """Send the style sheet; once per page run, before anything is drawn."""
    st.html(_STYLE)
