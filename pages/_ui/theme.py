"""Colours by meaning, and the little styling that Streamlit's theme cannot express.

The colours themselves stand in `.streamlit/config.toml`, once per theme; here stands what each position means, so that
a meaning keeps its colour on every page.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

# Position of each meaning in the theme's chart colours.
HUES = {"train": 0, "validation": 1, "original": 2, "augmented": 3, "fit": 4, "fit_generator": 5, "test": 8}

# Theme colours that style sheets use; the same names as Streamlit gives them inside components.
_COLOURS = {
    "--st-primary-color": "primaryColor",
    "--st-background-color": "backgroundColor",
    "--st-secondary-background-color": "secondaryBackgroundColor",
    "--st-text-color": "textColor",
    "--st-border-color": "borderColor",
    "--st-red-color": "redColor",
    "--st-gray-text-color": "grayTextColor",
}
_STYLE_SHEETS = ("theme.css", "strip.css")


def apply_style() -> None:
    """Send the style sheets; once per page run, before anything is drawn."""
    st.html(f"<style>{_style()}</style>")


@cache
def _style() -> str:
    folder = Path(__file__).parent
    sheets = [(folder / name).read_text(encoding="utf-8") for name in _STYLE_SHEETS]
    return "\n".join([_variables(), *sheets])


def _variables() -> str:
    """The theme's colours as CSS variables that follow the theme on show; `--fl-train` and so on for the meanings."""
    light, dark = (
        {name: st.get_option(f"theme.{theme}.{option}") for name, option in _COLOURS.items()}
        | {
            f"--fl-{meaning}": st.get_option(f"theme.{theme}.chartCategoricalColors")[place]
            for meaning, place in HUES.items()
        }
        for theme in ("light", "dark")
    )
    lines = (f"{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    return f".stApp {{ {' '.join(lines)} }}"
