"""The largest difference of each way of augmenting from Keras' own result, of 255, over all sizes of the speed table.

Each way works in a process of its own, ``python -m benchmarks.exactness WAY FILE``, and leaves its pictures there, or
why there are none.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compare import reason
from benchmarks.peers import augment
from benchmarks.peers import exactness as ways
from engine.paths import PROJECT

Figures = dict[str, dict[str, dict[str, float] | None]]
"""By way and fill mode the ``largest`` difference, how many values ``differ``, of how many; None = no such mode."""

FAILED = 3
"""What the process of a way ends with that has left its reason."""


def measure() -> Figures:
    """Compare all ways that this machine has the packages for."""
    with tempfile.TemporaryDirectory() as folder:
        files = {way: Path(folder) / f"{k}.npz" for k, way in enumerate(ways.WAYS)}
        started = {way: _start(way, file) for way, file in files.items()}
        made = {way: _pictures(way, process, files[way]) for way, process in started.items()}
    made = {way: pictures for way, pictures in made.items() if pictures}
    return {way: _differences(pictures, made[_reference(made)]) for way, pictures in made.items()}


def _reference(there: Collection[str]) -> str:
    """The way that those that are there are compared with."""
    return next(way for way in ways.REFERENCES if way in there)


def _start(way: str, file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.exactness", way, str(file)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _pictures(way: str, process: subprocess.Popen[bytes], file: Path) -> dict[str, np.ndarray]:
    """What the process of a way has made, by "fill mode, case"; nothing if it failed."""
    if code := process.wait():
        why = file.read_text() if code == FAILED else f"its process ended with code {code}"
        print(f"exactness: {way} is skipped, because {why}")
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
    theirs = ways.REFERENCES[_reference(figures)]
    lines = [
        f"**largest difference from {theirs} result, of 255; in brackets the share of values that differ**",
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
    """Transform the pictures of all cases in all fill modes, and keep them, or why that cannot be."""
    try:
        np.savez(file, **_made(way))
    except Exception as error:  # whatever it is, it leaves the other ways
        Path(file).write_text(reason(error))
        sys.exit(FAILED)


def _made(way: str) -> dict[str, Any]:
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
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
