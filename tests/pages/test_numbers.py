"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from pages._ui import numbers


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0, "0 s"),
        (12.4, "12 s"),
        (59.6, "1 min 0 s"),
        (72, "1 min 12 s"),
        (3_599.7, "1 h 0 min"),
        (7_500, "2 h 5 min"),
    ],
)
def test_durations(seconds, text):
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.12345, "0.123"),
        (12_345.6, "1.23e+04"),
        (math.nan, "NaN"),
        (math.inf, "+inf"),
        (-math.inf, "-inf"),
    ],
)
def test_losses(value, text):
    assert numbers.loss(value) == text


@pytest.mark.parametrize(("share", "text"), [(None, "–"), (math.nan, "–"), (0.98749, "98.7 %"), (1, "100.0 %")])
def test_shares(share, text):
    assert numbers.percent(share) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (math.inf, "–"), (812.3, "812"), (2_800, "2,800")])
def test_counts(value, text):
    assert numbers.count(value) == text
