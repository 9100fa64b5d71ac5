"""``python -m benchmarks latency [--rounds N] [--json FILE]``: measure, print a table, keep the figures if asked.

``--show FILE`` prints kept figures as README.md shows them, and measures nothing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import latency
from benchmarks.machine import describe


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure FitLab on this machine.")
    parser.add_argument("what", choices=["latency"], help="latency: how long a person waits, in a real browser")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure; medians are reported (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and the machine to this file")
    parser.add_argument("--show", type=Path, metavar="FILE", help="print the figures of this file as Markdown instead")
    arguments = parser.parse_args()
    if arguments.show:
        kept = json.loads(arguments.show.read_text())
        print(f"{kept['machine']['summary']}\n\n{latency.markdown(kept['latency'])}")
        return
    machine = describe()
    print(machine["summary"])
    figures = latency.measure(arguments.rounds)
    print(latency.table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "latency": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
