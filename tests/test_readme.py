"""README shows what there is. Its figures are tested with the benchmarks."""

from __future__ import annotations

from engine.paths import PROJECT


def test_every_picture_that_readme_shows_exists():
    readme = (PROJECT / "README.md").read_text()
    for name in ("start", "data", "augment", "train", "watch"):
        assert f"docs/{name}.png" in readme
        assert (PROJECT / "docs" / f"{name}.png").stat().st_size > 10_000
