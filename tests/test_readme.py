"""README shows what there is. Its figures are tested with the benchmarks."""

from __future__ import annotations

import re

from engine.paths import PROJECT


def test_every_picture_that_readme_shows_exists():
    readme = (PROJECT / "README.md").read_text()
    for name in ("start", "data", "augment", "train", "watch"):
        assert f"docs/{name}.png" in readme
        assert (PROJECT / "docs" / f"{name}.png").stat().st_size > 10_000


def test_every_file_that_readme_links_to_exists():
    links = set(re.findall(r"\]\((?!https?:)([^)#]+)", (PROJECT / "README.md").read_text()))
    assert {"docs/benchmarks.png", "engine/training/loop.py", "examples"} <= links
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_lines_that_can_be_wrapped_are():
    """Those of tables cannot, nor can programs."""
    text = re.sub(r"^```.*?^```", "", (PROJECT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > 120] == []
