"""What counts as finite: every kind of float, in every layout, by the quick look and by the thorough one."""

from __future__ import annotations

import re

import numpy as np
import pytest

from engine.errors import DataError
from engine.training.checks import check_finite


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f4", "f8", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_first_row_with_what_is_no_number_is_named(dtype, order):
    values = np.random.default_rng(0).normal(size=(100, 5)).astype(dtype).copy(order)
    check_finite(values, "x")
    largest = np.finfo(values.dtype).max
    values[20:40] = [largest, -largest, largest, 0, -largest]  # their squares are infinite, they are not
    check_finite(values, "x")
    for k, wrong in enumerate((np.nan, np.inf, -np.inf)):
        values[70 - k, 2] = wrong
        with pytest.raises(DataError, match=re.escape(f"{k + 1} value") + rf".*row {70 - k}"):
            check_finite(values, "x")


def test_what_no_float_can_spoil_is_not_looked_at():
    check_finite(np.arange(6).reshape(2, 3), "x")
    check_finite(np.zeros((0, 3), np.float32), "x")
