"""The benchmarks run: every row that this machine has the packages for, one moment long, and no figure is judged."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import compare
from benchmarks.__main__ import RATES
from engine.paths import PROJECT


def test_every_row_works(tmp_path):
    figures, picture = tmp_path / "figures.json", tmp_path / "ratios.html"
    command = [sys.executable, "-m", "benchmarks", "all", "--quick", "--json", str(figures), "--picture", str(picture)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stderr
    found = json.loads(figures.read_text())
    for topic in RATES:
        module = compare.topic_of(topic)
        (rows,) = found[topic].values()
        skipped = {row for row in module.ROWS if f"{row} is skipped" in result.stdout}
        assert set(rows) == set(module.ROWS) - skipped
        assert compare.OURS in rows
        assert all(rate > 0 for values in rows.values() for rate in values["per_s"])
    assert "plotly" in picture.read_text()


@pytest.mark.parametrize("topic", RATES)
def test_bars_stand_for_rows_that_exist(topic):
    module = compare.topic_of(topic)
    for case, row in module.BARS:
        assert case in module.CASES and row in module.ROWS


def test_a_row_that_fails_says_why(monkeypatch):
    with pytest.raises(RuntimeError, match="no such row"):
        compare.Child("augment", "28x28x1", "no such row").read()


def test_ratios_are_ours_over_theirs():
    found = {"FitLab": {"per_s": [10, 30, 20]}, "peer": {"per_s": [4, 5, 6]}}
    assert compare.ratios(found) == {"peer": 4.0}
