"""Figures that were kept: all of them as Markdown, or one line per bar between two marks of README.md, or a picture.

README's section is made from `FILE` alone, so that nobody has to believe a figure that was typed.
"""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import compare, exactness
from engine.paths import PROJECT

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FILE = PROJECT / "benchmarks" / "results" / "rates.json"
README = PROJECT / "README.md"
PICTURE = PROJECT / "docs" / "benchmarks.png"
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

    @property
    def met(self) -> bool:
        """Whether it is high enough."""
        return self.ratio >= self.at_least


def bars(topic: str, figures: dict[str, compare.Found]) -> list[Bar]:
    """The bars of a topic whose rows were measured. Those of one case and height are one: that of the fastest row.

    `AIMS` of a topic are bars beside no row: what our rate itself should be at least.
    """
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
    for case, aim in getattr(module, "AIMS", {}).items():
        if compare.OURS in figures.get(case, {}):
            found.append(
                Bar(f"{module.TITLE}, {case}", "so many a second", compare.rates(figures[case])[compare.OURS], aim, 1)
            )
    return found


def all_bars(kept: Kept) -> list[Bar]:
    """The bars of all topics that were measured."""
    rates = [topic for topic in kept if topic not in ("exactness", "latency")]
    return [bar for topic in rates for bar in bars(topic, kept[topic]["figures"])]


def tables(topic: str, figures: Any) -> str:
    """All figures of one topic."""
    if topic == "latency":
        from benchmarks import latency  # imports Playwright, which the other topics do without

        return latency.markdown(figures)
    if topic == "exactness":
        return exactness.markdown(figures)
    return compare.markdown(topic, figures)


def everything(kept: Kept) -> str:
    """All figures, with the machines they were taken on."""
    return "\n\n".join([_machines(kept), *(tables(topic, one["figures"]) for topic, one in kept.items())])


def section(kept: Kept) -> str:
    """What stands between README's marks."""
    found = all_bars(kept)
    parts = [
        _machines(kept),
        _table(found) if found else "",
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
    """Each machine with what was measured on it, and how busy it was when that began."""
    topics: dict[str, list[str]] = {}
    for topic, one in kept.items():
        machine = one["machine"]
        busy = f", load {machine['load']} at the start"
        topics.setdefault(machine["summary"].replace(busy, ""), []).append(f"{topic} (load {machine['load']})")
    return "\n\n".join(_wrapped(f"{', '.join(names).capitalize()}: {summary}.") for summary, names in topics.items())


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _table(found: list[Bar]) -> str:
    lines = [
        f"![FitLab's rate over that of others]({PICTURE.relative_to(PROJECT)})",
        "",
        "Rates are medians, in pictures per second; the aim is how many times their rate FitLab's should be at least.",
        "",
        "| what | beside | FitLab | theirs | FitLab is | aim |",
        "|---|---|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *map(_line, found)])


def _line(bar: Bar) -> str:
    ratio = f"{bar.ratio:.2f}x" if bar.met else f"**{bar.ratio:.2f}x, missed**"
    return f"| {bar.what} | {bar.beside} | {bar.ours:,.0f} | {bar.theirs:,.0f} | {ratio} | {bar.at_least:g}x |"


def draw(kept: Kept, file: Path) -> None:
    """Draw the bars into a file, HTML or PNG (by Chromium); without any, say so, and leave no older picture there."""
    found = all_bars(kept)
    if not found:
        file.unlink(missing_ok=True)
        print(f"There is nothing to draw into {file}: no row with an aim beside it was measured.")
        return
    chart = _chart(found)
    if file.suffix != ".png":
        chart.write_html(file)
        return
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ARGUMENTS, find_chromium

    chromium = find_chromium()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "chart.html"
        chart.write_html(page_file, config={"displayModeBar": False})
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1000, "height": chart.layout.height})
        page.goto(page_file.as_uri())
        page.locator(".js-plotly-plot .barlayer").wait_for()
        page.screenshot(path=file)


def _chart(found: list[Bar]) -> Figure:
    """How many times the rate of others ours is, and what it should be at least."""
    from plotly.graph_objects import Bar as Bars
    from plotly.graph_objects import Figure, Scatter

    found = found[::-1]  # Plotly counts from below
    names = [f"{bar.what}: {bar.beside.partition(' (')[0]}".replace("`", "") for bar in found]
    ratios = [bar.ratio for bar in found]
    colours = ["#2a78d6" if bar.met else "#d0574e" for bar in found]
    words = [f"{ratio:.2f}x" for ratio in ratios]
    chart = Figure([Bars(y=names, x=ratios, orientation="h", text=words, marker_color=colours, name="FitLab is")])
    aim = {"symbol": "line-ns-open", "size": 16, "color": "#333333", "line_width": 2}
    chart.add_trace(Scatter(y=names, x=[bar.at_least for bar in found], mode="markers", marker=aim, name="aim"))
    chart.update_xaxes(type="log", title="times their rate", tickvals=[0.3, 1, 3, 10, 30, 100])
    chart.update_yaxes(automargin=True)
    chart.update_layout(height=120 + 24 * len(found), template="plotly_white", margin_t=20, showlegend=False)
    return chart
