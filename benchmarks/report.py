"""Figures that were kept, as Markdown: all of them, or one line per bar between two marks of README.md.

README's section is made from `FILE` alone, so that nobody has to believe a figure that was typed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import compare, exactness, latency
from engine.paths import PROJECT

FILE = PROJECT / "benchmarks" / "results" / "rates.json"
README = PROJECT / "README.md"
OPENING, CLOSING = "<!-- figures: made by `python -m benchmarks`, not by hand -->", "<!-- end of figures -->"

Kept = dict[str, dict[str, Any]]
"""By topic: the ``machine`` and the ``figures``."""


class Bar(NamedTuple):
    """What our rate should be at least, in times that of the fastest of some rows."""

    what: str
    beside: str
    ours: float
    theirs: float
    at_least: float

    @property
    def ratio(self) -> float:
        """Our rate over theirs."""
        return self.ours / self.theirs


def bars(topic: str, figures: dict[str, compare.Found]) -> list[Bar]:
    """The bars of a topic whose rows were measured. Those of one case and height are one: that of the fastest row."""
    module = compare.topic_of(topic)
    groups: dict[tuple[str, float], list[str]] = {}
    for (case, row), at_least in module.BARS.items():
        if compare.OURS in figures.get(case, {}) and row in figures[case]:
            groups.setdefault((case, at_least), []).append(row)
    found = []
    for (case, at_least), rows in groups.items():
        rates = compare.rates(figures[case])
        fastest = max(rows, key=rates.__getitem__)
        beside = fastest if len(rows) == 1 else f"{fastest} (fastest of {', '.join(sorted(rows))})"
        found.append(Bar(f"{module.TITLE}, {case}", beside, rates[compare.OURS], rates[fastest], at_least))
    return found


def tables(topic: str, figures: Any) -> str:
    """All figures of one topic."""
    if topic == "latency":
        return latency.markdown(figures)
    if topic == "exactness":
        return exactness.markdown(figures)
    return compare.markdown(topic, figures)


def everything(kept: Kept) -> str:
    """All figures, with the machines they were taken on."""
    return "\n\n".join([_machines(kept), *(tables(topic, one["figures"]) for topic, one in kept.items())])


def section(kept: Kept) -> str:
    """What stands between README's marks."""
    rates = [topic for topic in kept if topic not in ("exactness", "latency")]
    found = [bar for topic in rates for bar in bars(topic, kept[topic]["figures"])]
    parts = [
        _machines(kept),
        "Rates are medians, in pictures per second; the aim is how many times their rate FitLab's should be at least.",
        "\n".join(
            [
                "| what | beside | FitLab | theirs | FitLab is | aim |",
                "|---|---|---:|---:|---:|---:|",
                *map(_line, found),
            ]
        ),
        *(tables(topic, kept[topic]["figures"]) for topic in ("exactness", "latency") if topic in kept),
    ]
    return "\n\n".join(part for part in parts if part)


def write_readme(kept: Kept, readme: Path = README) -> None:
    """Put the figures between README's marks."""
    before, after = _around(readme.read_text())
    readme.write_text(f"{before}{OPENING}\n{section(kept)}\n{CLOSING}{after}")


def shown(readme: Path = README) -> str:
    """What stands between README's marks now."""
    text = readme.read_text()
    before, after = _around(text)
    return text[len(before) + len(OPENING) + 1 : len(text) - len(after) - len(CLOSING) - 1]


def _around(text: str) -> tuple[str, str]:
    """What stands before README's first mark, and after its last."""
    return text[: text.index(OPENING)], text[text.index(CLOSING) + len(CLOSING) :]


def _machines(kept: Kept) -> str:
    """Each machine with what was measured on it."""
    topics: dict[str, list[str]] = {}
    for topic, one in kept.items():
        topics.setdefault(one["machine"]["summary"], []).append(topic)
    return "\n\n".join(f"{', '.join(names).capitalize()}: {summary}." for summary, names in topics.items())


def _line(bar: Bar) -> str:
    met = bar.ratio >= bar.at_least
    ratio = f"{bar.ratio:.2f}x" if met else f"**{bar.ratio:.2f}x, missed**"
    return f"| {bar.what} | {bar.beside} | {bar.ours:,.0f} | {bar.theirs:,.0f} | {ratio} | {bar.at_least:g}x |"
