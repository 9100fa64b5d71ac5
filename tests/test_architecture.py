"""Who may import whom, checked on the source and on a running interpreter; and the style the project keeps."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.paths import PROJECT

# What the server process imports. torch there would cost about 670 MB and several seconds.
SERVER_MODULES = [
    "engine",
    "engine.augment.generator",
    "engine.catalog",
    "engine.data",
    "engine.runs.lane",
    "engine.runs.store",
    "engine.spec",
    *(f"pages.{path.stem}" for path in sorted((PROJECT / "pages").glob("*.py"))),
    *(f"pages._ui.{path.stem}" for path in sorted((PROJECT / "pages" / "_ui").glob("*.py"))),
]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=PROJECT, capture_output=True, text=True, timeout=240)


def test_import_contracts():
    result = _run("-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("module", [name for name in SERVER_MODULES if not name.startswith("pages.") or "._ui" in name])
def test_server_module_brings_no_torch(module):
    program = (
        f"import sys, {module}; bad = {{'torch', 'torchvision', 'sklearn'}} & set(sys.modules); assert not bad, bad"
    )
    result = _run("-c", program)
    assert result.returncode == 0, result.stderr


def test_small_cnn_needs_no_torchvision():
    program = (
        "import sys; from engine.networks.zoo import small_cnn; import engine.training.model; "
        "small_cnn((32, 32, 3), 6); assert 'torchvision' not in sys.modules"
    )
    result = _run("-c", program)
    assert result.returncode == 0, result.stderr


def test_ruff():
    for command in (["check"], ["format", "--check"]):
        result = _run("-m", "ruff", *command)
        assert result.returncode == 0, result.stdout + result.stderr


def test_types():
    result = _run("-m", "mypy")
    assert result.returncode == 0, result.stdout + result.stderr
