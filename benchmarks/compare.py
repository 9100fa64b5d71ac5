"""Measures the rows of a topic side by side, in turns, so that a busy moment of the machine hits all alike.

Knows nothing of what the rows do; that stands in `benchmarks.peers`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from statistics import median
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.paths import PROJECT

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Found = dict[str, dict[str, Any]]
"""By row: the lists ``per_s`` and ``per_cpu_s``, one value per round, and ``peak_mb``; or ``missing``, a package."""

OURS = "FitLab"


class Child:
    """The process of one row. While it is not asked for anything it waits and uses no processor."""

    def __init__(self, topic: str, case: str, row: str) -> None:
        self.name = f"{topic}, {case}, {row}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", topic, case, row],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read(self) -> dict[str, Any]:
        """The next answer.

        Raises
        ------
        RuntimeError
            If the process ended instead, with the last it said.
        """
        assert self.process.stdout is not None and self.process.stderr is not None
        if line := self.process.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"{self.name}: {self.process.stderr.read()[-2000:]}")

    def measure(self, seconds: float) -> dict[str, Any]:
        """Let it work for so many seconds."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self.read()

    def close(self) -> None:
        """End it."""
        self.process.communicate()


def topic_of(name: str) -> ModuleType:
    """The module of a topic."""
    return import_module(f"benchmarks.peers.{name}")


def measure(topic: str, rounds: int, seconds: float, cases: list[str]) -> dict[str, Found]:
    """Measure some cases of a topic: so many rounds, in each of which every row works for so many seconds."""
    return {case: _case(topic, case, rounds, seconds) for case in cases}


def _case(topic: str, case: str, rounds: int, seconds: float) -> Found:
    module = topic_of(topic)
    found: Found = {}
    children: dict[str, Child] = {}
    for row, child in {row: Child(topic, case, row) for row in module.ROWS}.items():
        answer = child.read()
        if "missing" in answer:
            print(f"{topic}, {case}: {row} is skipped, because {answer['missing']} is not installed")
            child.close()
            continue
        children[row] = child
        found[row] = {"per_s": [], "per_cpu_s": [], "peak_mb": 0.0}
    for _ in range(rounds):
        for row, child in children.items():
            one = child.measure(seconds)
            found[row]["per_s"].append(one["per_s"])
            found[row]["per_cpu_s"].append(one["per_cpu_s"])
            found[row]["peak_mb"] = one["peak_mb"]
    for child in children.values():
        child.close()
    return found


def ratios(found: Found) -> dict[str, float]:
    """Our median rate over each other row's."""
    rates = {row: median(values["per_s"]) for row, values in found.items()}
    return {row: rates[OURS] / rate for row, rate in rates.items() if row != OURS}


def markdown(topic: str, figures: dict[str, Found]) -> str:
    """The figures as tables, one per case: rates by the clock and by the processors, ours over theirs, memory."""
    return "\n\n".join(_table(topic, case, found) for case, found in figures.items())


def _table(topic: str, case: str, found: Found) -> str:
    over, bars = ratios(found), topic_of(topic).BARS
    lines = [
        f"**{topic}: {case}**",
        "",
        "| | pictures/s | per CPU second | FitLab is | aim | peak memory |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in sorted(found, key=lambda row: -median(found[row]["per_s"])):
        values = found[row]
        cells = [
            row,
            f"{median(values['per_s']):,.0f}",
            f"{median(values['per_cpu_s']):,.0f}",
            f"{over[row]:.2f}x" if row in over else "",
            f"{bars[case, row]:g}x" if (case, row) in bars else "",
            f"{values['peak_mb']:,.0f} MB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(figures: dict[str, dict[str, Found]]) -> Figure:
    """All ratios as bars: how many times the rate of each peer ours is."""
    from plotly.graph_objects import Bar, Figure

    named = [
        (f"{topic}, {case}: {row}", ratio)
        for topic, cases in figures.items()
        for case, found in cases.items()
        for row, ratio in ratios(found).items()
    ]
    names, values = zip(*reversed(named), strict=True)
    chart = Figure(Bar(y=names, x=values, orientation="h", text=[f"{value:.2f}x" for value in values]))
    chart.update_xaxes(type="log", title="FitLab's rate over theirs")
    chart.update_layout(height=120 + 24 * len(named), margin={"l": 380}, template="plotly_white")
    return chart
