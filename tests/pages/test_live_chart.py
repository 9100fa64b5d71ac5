"""Thinning keeps what the eye needs, and the bytes say what was drawn."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pages._ui import theme
from pages._ui.live_chart import MAX_POINTS, Chart, Line, encode, thin

VALUES = arrays(
    np.float64,
    st.integers(0, 5_000),
    elements=st.one_of(st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf])),
)


@given(y=VALUES, n_points=st.integers(4, 1_200))
def test_thinning_keeps_extremes_the_last_point_and_gaps(y: np.ndarray, n_points: int) -> None:
    x = np.arange(len(y), dtype=float)
    kept_x, kept_y = thin(x, y, n_points)

    assert len(kept_x) == len(kept_y) <= max(n_points, 0) or len(y) <= n_points
    assert np.all(np.diff(kept_x) > 0), "points stay in order, none twice"
    np.testing.assert_array_equal(kept_y, y[kept_x.astype(int)])
    if len(y):
        assert kept_x[-1] == x[-1]
    if (finite := y[np.isfinite(y)]).size:
        seen = kept_y[np.isfinite(kept_y)]
        assert seen.min() == finite.min()
        assert seen.max() == finite.max()
    assert np.isfinite(y).all() == np.isfinite(kept_y).all(), "a gap stays a gap"


def test_a_single_spike_among_100_000_points_survives() -> None:
    y = np.zeros(100_000)
    y[54_321] = 7.0
    x, thinned = thin(np.arange(100_000), y)
    assert len(x) <= MAX_POINTS
    assert thinned[list(x).index(54_321)] == 7.0


def test_few_points_are_all_kept() -> None:
    x = np.arange(MAX_POINTS)
    assert thin(x, x)[0] is x


def _decode(data: bytes) -> tuple[dict, np.ndarray]:
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length]), np.frombuffer(data[4 + length :], "<f4")


def _chart(**changes: object) -> Chart:
    return Chart(
        **{
            "name": "loss",
            "run_id": "r1",
            "title": "Loss",
            "label": "Loss",
            "x_title": "epoch",
            "x_max": 10.0,
            **changes,
        }
    )


def test_the_bytes_hold_every_line_as_float32_and_gaps_for_what_is_not_finite() -> None:
    batch = Line("每批", np.array([0.5, 1.0, 1.5]), np.array([2.0, np.inf, np.nan]), "batch", "train")
    best = Line("best", np.array([2.0]), np.array([0.25]), "best", "validation")
    header, floats = _decode(encode(_chart(), [batch, best]))
    assert header["uirevision"] == "r1:loss"
    assert header["lines"] == [
        {"name": "每批", "n": 3, "style": "batch", "hue": theme.HUES["train"]},
        {"name": "best", "n": 1, "style": "best", "hue": theme.HUES["validation"]},
    ]
    np.testing.assert_array_equal(floats, np.float32([0.5, 1.0, 1.5, 2.0, np.nan, np.nan, 2.0, 0.25]))


@pytest.mark.parametrize("change", ["value", "label", "nothing"])
def test_the_version_changes_exactly_when_the_chart_does(change: str) -> None:
    line = Line("training", np.arange(3.0), np.arange(3.0), "epoch", "train")
    other = Line("training", np.arange(3.0), np.arange(3.0) + (change == "value"), "epoch", "train")
    before, _ = _decode(encode(_chart(), [line]))
    after, _ = _decode(encode(_chart(label="Loss now" if change == "label" else "Loss"), [other]))
    assert (before["version"] == after["version"]) == (change == "nothing")


def test_a_chart_of_any_length_stays_small() -> None:
    y = np.random.default_rng(0).normal(size=200_000)
    lines = [Line("training", np.arange(200_000.0), y, "batch", "train")]
    assert len(encode(_chart(), lines)) < 10_000
