"""Measures the rows of a topic side by side, in turns, so that a busy moment of the machine hits all alike.

Knows nothing of what the rows do; that stands in `benchmarks.peers`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from importlib import import_module
from statistics import median
from threading import Timer
from types import ModuleType
from typing import Any

from engine.paths import PROJECT

Found = dict[str, dict[str, Any]]
"""By row: the lists ``per_s`` and ``per_cpu_s``, one value per round, and ``peak_mb``."""

OURS = "FitLab"


PATIENCE_S = 300
"""So long a row may prepare itself, or be busy beyond its slice."""


class RowError(RuntimeError):
    """Why a row has no figures."""


def reason(error: Exception) -> str:
    """Why a row that raised an error has no figures, in words; to be asked while the error is handled."""
    if isinstance(error, RowError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed"
    return f"it failed: {traceback.format_exc()[-2000:]}"


class Child:
    """The process of one row. While it is not asked for anything it waits and uses no processor."""

    def __init__(self, topic: str, case: str, row: str) -> None:
        self.name = f"{topic}, {case}: {row}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", topic, case, row],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def read(self, busy_s: float = 0) -> dict[str, Any]:
        """The next answer, from a row that was told to be busy for so long.

        Raises
        ------
        RowError
            If a package is missing, or the row failed, or its process ended or hung.
        """
        assert self.process.stdout is not None
        overdue = Timer(PATIENCE_S + busy_s, self.process.kill)
        overdue.start()
        line = self.process.stdout.readline()
        overdue.cancel()
        if not line:
            raise RowError(f"its process ended with code {self.process.wait()}")
        found = json.loads(line)
        if "skipped" in found:
            raise RowError(found["skipped"])
        return found

    def measure(self, seconds: float) -> dict[str, Any]:
        """Let it work for so many seconds."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended; why, is read below
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        return self.read(seconds)

    def dismiss(self) -> None:
        """Nothing more will be asked of it, and it ends."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def close(self) -> None:
        """Wait until it has ended."""
        self.dismiss()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def topic_of(name: str) -> ModuleType:
    """The module of a topic."""
    return import_module(f"benchmarks.peers.{name}")


def rows_of(topic: str, case: str) -> list[str]:
    """The rows that can do a case: all, unless the topic's `ONLY` names some."""
    module = topic_of(topic)
    return list(getattr(module, "ONLY", {}).get(case, module.ROWS))


def measure(topic: str, rounds: int, seconds: float, cases: list[str]) -> dict[str, Found]:
    """Measure some cases of a topic: a round to warm up, and so many more, each so many seconds of every row."""
    return {case: _case(topic, case, rounds, seconds) for case in cases}


def _case(topic: str, case: str, rounds: int, seconds: float) -> Found:
    company = getattr(topic_of(topic), "COMPANY", {})
    children = {row: Child(topic, case, row) for row in rows_of(topic, case)}

    def measured(row: str) -> dict[str, Any]:
        with company.get(row, nullcontext)():
            return children[row].measure(seconds)

    _ask(children, lambda row: children[row].read())
    # First steps compile and choose threads: one row at a time, as later, for two at once would be in each other's way.
    _ask(children, measured)
    answers = [_ask(children, measured) for _ in range(rounds)]
    for child in children.values():
        child.dismiss()
    for child in children.values():
        child.close()
    return {
        row: {
            "per_s": [one[row]["per_s"] for one in answers],
            "per_cpu_s": [one[row]["per_cpu_s"] for one in answers],
            "peak_mb": answers[-1][row]["peak_mb"],
        }
        for row in children
    }


def _ask(children: dict[str, Child], ask: Callable[[str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every row's answer; a row that has none is named, ended, and taken out."""
    answers = {}
    for row, child in list(children.items()):
        try:
            answers[row] = ask(row)
        except RowError as reason:
            print(f"{child.name} is skipped, because {reason}")
            children.pop(row).close()
    return answers


def rates(found: Found) -> dict[str, float]:
    """The median rate of each row, pictures per second."""
    return {row: median(values["per_s"]) for row, values in found.items()}


def ratios(found: Found) -> dict[str, float]:
    """Our median rate over each other row's; none where ours is missing."""
    of = rates(found)
    return {row: of[OURS] / rate for row, rate in of.items() if row != OURS} if OURS in of else {}


def markdown(topic: str, figures: dict[str, Found]) -> str:
    """The figures as tables, one per case: rates by the clock and by the processors, ours over theirs, memory."""
    return "\n\n".join(_table(topic, case, found) for case, found in figures.items())


def _table(topic: str, case: str, found: Found) -> str:
    of, over, bars = rates(found), ratios(found), topic_of(topic).BARS
    lines = [
        f"**{topic}: {case}**",
        "",
        "| | pictures/s | per CPU second | FitLab is | aim | peak memory, without worker processes |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in sorted(found, key=lambda row: -of[row]):
        values = found[row]
        cells = [
            row,
            f"{of[row]:,.0f}",
            f"{median(values['per_cpu_s']):,.0f}",
            f"{over[row]:.2f}x" if row in over else "",
            f"{bars[case, row]:g}x" if (case, row) in bars else "",
            f"{values['peak_mb']:,.0f} MB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
