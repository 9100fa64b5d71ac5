"""The largest difference of each way of augmenting from Keras' own result, of 255, over all sizes of the speed table.

Each way works in a process of its own, ``python -m benchmarks.exactness WAY FILE``, and leaves its pictures there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import augment
from benchmarks.peers import exactness as ways
from engine.paths import PROJECT

Figures = dict[str, dict[str, dict[str, float] | None]]
"""By way and fill mode the ``largest`` difference, how many values ``differ``, of how many; None = no such mode."""

REFERENCES = ("Keras ImageDataGenerator", "SciPy")  # the first that is there


def measure() -> Figures:
    """Compare all ways that this machine has the packages for."""
    with tempfile.TemporaryDirectory() as folder:
        files = {way: Path(folder) / f"{k}.npz" for k, way in enumerate(ways.WAYS)}
        started = {way: _start(way, file) for way, file in files.items()}
        made = {way: _pictures(way, process, files[way]) for way, process in started.items()}
    reference = next(pictures for way in REFERENCES if (pictures := made[way]))
    return {way: _differences(pictures, reference) for way, pictures in made.items() if pictures}


def _start(way: str, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.exactness", way, str(file)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _pictures(way: str, process: subprocess.Popen[str], file: Path) -> dict[str, np.ndarray]:
    """What the process of a way has made, by "fill mode, case"; nothing if it failed."""
    _, errors = process.communicate()
    if process.returncode:
        print(f"exactness: {way} is skipped, because it failed: {errors[-500:]}")
        return {}
    with np.load(file) as pictures:
        return dict(pictures)


def _differences(pictures: dict[str, np.ndarray], reference: dict[str, np.ndarray]) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(ways.FILL_MODES)
    for mode in {name.partition(",")[0] for name in pictures}:
        names = [name for name in pictures if name.startswith(mode)]
        gaps = np.concatenate([np.abs(pictures[name] - reference[name]).ravel() for name in names])
        found[mode] = {"largest": float(gaps.max()), "differ": int(np.count_nonzero(gaps)), "of": gaps.size}
    return found


def markdown(figures: Figures) -> str:
    """The figures as a table."""
    reference = "Keras'" if any(way.startswith("Keras") for way in figures) else "SciPy's"
    lines = [
        f"**largest difference from {reference} result, of 255; in brackets the share of values that differ**",
        "",
        f"| | {' | '.join(ways.FILL_MODES)} |",
        "|---|" + "---:|" * len(ways.FILL_MODES),
    ]
    lines += [f"| {way} | {' | '.join(map(_words, found.values()))} |" for way, found in figures.items()]
    lines += [f"| {way} | takes no parameters ||||" for way in ways.WITHOUT_PARAMETERS]
    return "\n".join(lines)


def _words(found: dict[str, float] | None) -> str:
    if found is None:
        return "no such mode"
    if found["largest"] == 0:
        return "0 (bit-equal)"
    share = found["differ"] / found["of"]
    where = f"{share:.1%}" if share > 0.0005 else f"{found['differ']} of {found['of']:,} values"
    return f"{found['largest']:{'.0f' if found['largest'] >= 10 else '.2g'}} ({where})"


def main(way: str, file: str) -> None:
    """Transform the pictures of all cases in all fill modes, and keep them."""
    found: dict[str, Any] = {}
    for case, shape in augment.CASES.items():
        if case in augment.ONLY:  # another fill mode of a size that is there
            continue
        images = ways.pictures(shape)
        drawn = ways.parameters(images)
        for mode in ways.FILL_MODES:
            made = ways.WAYS[way](images, drawn, mode)
            if made is not None:
                found[f"{mode}, {case}"] = made
    np.savez(file, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
