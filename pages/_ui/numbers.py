"""Numbers as people read them: rounded to what they mean, durations in words. Owns no text but units."""

from __future__ import annotations

import math

from engine.texts import Text
from pages._ui import state

NONE = "–"  # what stands where there is no number yet

_SECONDS = Text("{s} s", "{s} 秒")
_MINUTES = Text("{m} min {s} s", "{m} 分 {s} 秒")
_HOURS = Text("{h} h {m} min", "{h} 小时 {m} 分")


def duration(seconds: float | None) -> str:
    """12 s, 1 min 12 s or 2 h 5 min."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    text = _HOURS if hours else _MINUTES if minutes else _SECONDS
    return text(state.language(), h=hours, m=m, s=s)


def percent(share: float | None) -> str:
    """98.7 %, of a share between 0 and 1."""
    return NONE if share is None or not math.isfinite(share) else f"{100 * share:.1f} %"


def loss(value: float | None) -> str:
    """Three decimals; fewer where a loss is huge, "NaN" where it is no number any more."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.3g}"


def count(value: float | None) -> str:
    """A whole number with thousands separated: 2,800."""
    return NONE if value is None or not math.isfinite(value) else f"{value:,.0f}"
