"""What every test shares: a runs folder of its own, and what it needs of the machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

# Set before any test imports a module that could read it, so that no test ever touches the user's runs.
os.environ["FITLAB_RUNS"] = tempfile.mkdtemp(prefix="fitlab-tests-")
# One thread computes: tests compare to the last bit, also on a busy machine, where threads would give way.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runs folder that child processes inherit."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("FITLAB_RUNS", str(folder))
    return folder


class _OneBrowser(LoadScopeScheduling):
    """Shares out single tests, but gives all that open a browser to one process: each fills a core or two.

    They are the largest share, so they are given out first.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return _OneBrowser(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs an NVIDIA GPU")
