"""Schedules by update, against Keras' formulas at chosen steps."""

from __future__ import annotations

import math

import pytest

from engine.errors import SpecError
from engine.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

CASES = {
    "exponential": (ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * 0.5**0.5, 10: 0.05, 25: 0.1 * 0.5**2.5}),
    "staircase": (ExponentialDecay(0.1, 10, 0.5, staircase=True), {0: 0.1, 9: 0.1, 10: 0.05, 25: 0.025}),
    "inverse time": (InverseTimeDecay(0.1, 10, 2.0), {0: 0.1, 5: 0.05, 10: 0.1 / 3}),
    "inverse staircase": (InverseTimeDecay(0.1, 10, 2.0, staircase=True), {9: 0.1, 10: 0.1 / 3}),
    "polynomial": (PolynomialDecay(0.1, 10, 0.02, power=2.0), {0: 0.1, 5: 0.02 + 0.08 * 0.25, 10: 0.02, 99: 0.02}),
    "cycle": (PolynomialDecay(0.1, 10, 0.0, cycle=True), {0: 0.1, 5: 0.05, 10: 0.0, 15: 0.025, 20: 0.0, 25: 0.1 / 6}),
    "cosine": (CosineDecay(0.1, 10, alpha=0.2), {0: 0.1, 5: 0.06, 10: 0.02, 99: 0.02}),
    "warm-up": (
        CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=4),
        {0: 0.0, 1: 0.025, 4: 0.1, 9: 0.05, 14: 0.0, 99: 0.0, 6: 0.05 * (1 + math.cos(0.2 * math.pi))},
    ),
    "steps": (PiecewiseConstantDecay([3, 6], [0.1, 0.01, 0.001]), {0: 0.1, 3: 0.1, 4: 0.01, 6: 0.01, 7: 0.001}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_formulas(case):
    schedule, wanted = case
    assert {step: schedule(step) for step in wanted} == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (ExponentialDecay, (0.0, 10, 0.5), "above 0 for initial_learning_rate"),
        (ExponentialDecay, (0.1, 0, 0.5), "at least 1 for decay_steps"),
        (InverseTimeDecay, (0.1, 10, -1), "above 0 for decay_rate"),
        (PolynomialDecay, (0.1, 10, -0.1), "at least 0 for end_learning_rate"),
        (CosineDecay, (0.1, 10, 2.0), "from 0 to 1 for alpha"),
        (CosineDecay, (0.0, 10), "above 0 for initial_learning_rate"),
        (CosineDecay, (0.1, 10, 0.0, 0.2, -1), "at least 0 for warmup_steps"),
        (PiecewiseConstantDecay, ([1, 2], [0.1, 0.2]), r"the boundaries \[1, 2\] and 2 values"),
        (PiecewiseConstantDecay, ([2, 1], [0.1, 0.2, 0.3]), "ascending boundaries"),
        (PiecewiseConstantDecay, ([1], [0.1, 0.0]), "above 0 for values"),
    ],
)
def test_arguments_out_of_range_are_refused(kind, arguments, message):
    with pytest.raises(SpecError, match=message):
        kind(*arguments)
