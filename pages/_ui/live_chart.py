"""The live chart: a small component around `Plotly.react` that keeps its node, and so its zoom, for a whole run.

Owns thinning, the bytes that go to the browser and the two components; what a run's curves are stands in `curves`, how
they are drawn in `live_chart.js`. `st.plotly_chart` is not used because it is mounted anew with every change of data.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st
from plotly.offline import get_plotlyjs

from pages._ui import theme

MAX_POINTS = 1_000
HEIGHT = 300  # pixels, fixed so that nothing below the chart ever jumps

# Kept tiny because Streamlit sends it again with every mount: the drawing itself came with the loader.
_LIVE_JS = """
export default function ({ data, parentElement }) {
  let host, gone;
  const draw = () => {
    if (gone) return;
    if (window.Plotly && window.fitlabChart) host = window.fitlabChart.draw(parentElement, data);
    else setTimeout(draw, 50);
  };
  draw();
  return () => { gone = true; if (host) window.fitlabChart.remove(host); };
}
"""


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Parameters
    ----------
    name : str
        What the legend calls it, in the reader's language.
    x, y : ndarray
        Points, of equal length. Values that are not finite become gaps.
    style : {"batch", "epoch", "best"}
        Thin, thick with points, or a star.
    hue : str
        Colour role of `theme.HUES`.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    style: Literal["batch", "epoch", "best"]
    hue: str


@dataclass(frozen=True)
class Chart:
    """All of a chart but its points.

    Parameters
    ----------
    name : str
        Which chart of the run: "loss" or "accuracy". With `run_id` it names the component and the zoom to keep.
    run_id : str
        The run shown.
    title : str
        What the values are.
    label : str
        The chart in one sentence, for who cannot see it.
    x_title : str
        Title of the horizontal axis.
    x_max : float
        Right end of the horizontal axis.
    percent : bool
        Whether values are shares, shown from 0 to 100 %.
    """

    name: str
    run_id: str
    title: str
    label: str
    x_title: str
    x_max: float
    percent: bool = False


def thin(x: np.ndarray, y: np.ndarray, n_points: int = MAX_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Choose at most `n_points` points that look like all of them.

    Points are taken from equal buckets: the lowest and highest of each, the first gap of each, and the very last point,
    so neither a spike nor a gap nor the newest value is lost.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Points in the order of x.
    n_points : int
        Most points to keep, at least 4.

    Returns
    -------
    tuple of ndarray
        The chosen x and y, in the same order.
    """
    n = len(y)
    if n <= n_points:
        return x, y
    finite = np.isfinite(y)
    per_bucket = 2 if finite.all() else 3
    size = -(-n // ((n_points - 1) // per_bucket))  # ceiling division, here and below
    shape = (-(-n // size), size)

    def bucketed(values: np.ndarray, padding: float) -> np.ndarray:
        return np.concatenate([values, np.full(shape[0] * size - n, padding)]).reshape(shape)

    chosen = [
        bucketed(np.where(finite, y, np.inf), np.inf).argmin(axis=1),
        bucketed(np.where(finite, y, -np.inf), -np.inf).argmax(axis=1),
    ]
    if per_bucket == 3:
        chosen.append(bucketed(finite, 1).argmin(axis=1))
    starts = np.arange(shape[0]) * size
    kept = np.unique(np.concatenate([*(starts + index for index in chosen), [n - 1]]))
    return x[kept], y[kept]


def encode(chart: Chart, lines: Sequence[Line]) -> bytes:
    """Pack a chart as its component reads it.

    Returns
    -------
    bytes
        Length of the header (uint32), the header (JSON), then float32 x and y of each line, all little-endian.
        `version` in the header changes exactly when anything else does.
    """
    points = [(line, *thin(line.x, np.where(np.isfinite(line.y), line.y, np.nan))) for line in lines]
    body = b"".join(np.asarray(values, dtype="<f4").tobytes() for _, x, y in points for values in (x, y))
    header = {
        "uirevision": f"{chart.run_id}:{chart.name}",
        "height": HEIGHT,
        "title": chart.title,
        "label": chart.label,
        "x_title": chart.x_title,
        "x_max": chart.x_max,
        "percent": chart.percent,
        "lines": [
            {"name": line.name, "n": len(x), "style": line.style, "hue": theme.HUES[line.hue]} for line, x, _ in points
        ],
    }
    digest = hashlib.blake2b(json.dumps(header).encode() + body, digest_size=8)
    text = json.dumps({**header, "version": digest.hexdigest()}).encode()
    return struct.pack("<I", len(text)) + text + body


def load_plotly() -> None:
    """Send plotly.js and the drawing code to the browser, once per page run and outside any fragment."""
    _components()[0](key="plotly_loader", height=1)


def draw(key: str, data: bytes) -> None:
    """Show or update a chart made by `encode`; may stand inside a fragment. Needs `load_plotly` on the same page."""
    _components()[1](data=data, key=key)


@cache
def _components() -> tuple:
    """Register both components, once per process."""
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    loader = st.components.v2.component(
        "plotly_loader", html="<i hidden></i>", js=f"{get_plotlyjs()}\n{script}\nexport default function () {{}}\n"
    )
    html = f'<div class="live-legend"></div><div class="live-chart" style="height: {HEIGHT}px"></div>'
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    chart = st.components.v2.component("live_chart", html=html, css=style, js=_LIVE_JS, isolate_styles=False)
    return loader, chart
