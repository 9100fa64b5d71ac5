"""README's figures are those of the committed file, as the command prints them."""

from __future__ import annotations

import json

from benchmarks import latency
from engine.paths import PROJECT


def test_figures_are_the_committed_ones():
    kept = json.loads((PROJECT / "benchmarks" / "results" / "latency.json").read_text())
    readme = (PROJECT / "README.md").read_text()
    assert latency.markdown(kept["latency"]) in readme
    assert kept["machine"]["summary"] in readme.replace("\n", " ")


def test_every_picture_that_readme_shows_exists():
    readme = (PROJECT / "README.md").read_text()
    for name in ("start", "data", "augment", "train", "watch"):
        assert f"docs/{name}.png" in readme
        assert (PROJECT / "docs" / f"{name}.png").stat().st_size > 10_000
