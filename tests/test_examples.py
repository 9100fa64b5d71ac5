"""The example programs run as they stand, as a user would start them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from engine import paths

EXAMPLES = sorted((paths.PROJECT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_runs(example, runs_dir):
    done = subprocess.run(
        [sys.executable, "-m", f"examples.{example.stem}", "1"],
        cwd=paths.PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy: " in done.stdout


def test_both_ways_are_shown():
    assert [path.name for path in EXAMPLES] == ["fit.py", "fit_generator.py"]
