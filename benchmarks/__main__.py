"""``python -m benchmarks TOPIC``: measure FitLab beside its peers, print tables, keep the figures if asked.

Topics are augment, train, generator and stream (rates; `requirements-bench.txt` brings the peers), latency (how long a
person waits, in a real browser), and all. ``--show FILE`` prints kept figures as README.md shows them, and measures
nothing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks import compare, latency
from benchmarks.machine import describe

RATES = ("augment", "train", "generator", "stream")
QUICK_S = 0.02


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure FitLab on this machine.")
    parser.add_argument("what", choices=[*RATES, "latency", "all"], help="what to measure")
    parser.add_argument("--rounds", type=int, default=5, help="how often; medians are reported (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each row in each round (default 2)")
    parser.add_argument("--quick", action="store_true", help="only see that each row works: one case, one moment")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine to this file")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the ratios into this HTML file")
    parser.add_argument("--show", type=Path, metavar="FILE", help="print the figures of this file as Markdown instead")
    arguments = parser.parse_args()
    if arguments.show:
        kept = json.loads(arguments.show.read_text())
        print("\n\n".join([kept["machine"]["summary"], *(tables(topic, kept) for topic in kept if topic != "machine")]))
        return
    found: dict[str, Any] = {"machine": describe()}
    print(found["machine"]["summary"])
    for topic in RATES if arguments.what == "all" else [arguments.what]:
        found[topic] = measure(topic, arguments)
        print(tables(topic, found))
    if arguments.what == "all" and not arguments.quick:
        found["latency"] = latency.measure(arguments.rounds)
        print(latency.table(found["latency"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    if arguments.picture:
        compare.picture({topic: found[topic] for topic in RATES if topic in found}).write_html(arguments.picture)


def measure(topic: str, arguments: argparse.Namespace) -> Any:
    """The figures of one topic."""
    if topic == "latency":
        return latency.measure(arguments.rounds)
    cases = list(compare.topic_of(topic).CASES)
    if arguments.quick:
        return compare.measure(topic, 1, QUICK_S, cases[:1])
    return compare.measure(topic, arguments.rounds, arguments.seconds, cases)


def tables(topic: str, found: dict[str, Any]) -> str:
    """The figures of one topic as Markdown."""
    return latency.markdown(found[topic]) if topic == "latency" else compare.markdown(topic, found[topic])


if __name__ == "__main__":
    main()
