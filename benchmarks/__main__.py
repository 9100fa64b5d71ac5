"""``python -m benchmarks TOPIC``: measure FitLab beside its peers, print tables, keep the figures if asked.

Topics are augment, train, generator, busy and stream (rates; `requirements-bench.txt` brings the peers), gpu (rates on
an NVIDIA GPU), latency (how long a person waits, in a real browser), and all, which leaves gpu out where there is none.
``--json FILE`` replaces what the file held of a topic, and keeps the others.
``all --readme`` makes README's figures anew, another topic those of its own.

Everything that needs a GPU, checks and figures, in less than ten minutes:
``pytest -n 0 -m gpu tests/augment tests/training && python -m benchmarks gpu --rounds 3 --json FILE``.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from benchmarks import compare, exactness, report
from benchmarks.machine import describe

RATES = ("augment", "train", "generator", "busy", "stream")
TOPICS = {
    **{topic: (topic,) for topic in RATES},
    "augment": ("augment", "exactness"),
    "gpu": ("gpu",),
    "latency": ("latency",),
    "all": ("augment", "exactness", *RATES[1:], "latency"),
}
QUICK_S = 0.02


def main() -> None:
    """Read the command line and measure."""
    arguments = _arguments()
    kept: report.Kept = {}
    if arguments.json and arguments.json.exists():
        kept = json.loads(arguments.json.read_text())
    if arguments.show:
        shown = json.loads(arguments.show.read_text())
        wanted = shown if arguments.what == "all" else TOPICS[arguments.what]
        print(report.everything({topic: one for topic, one in shown.items() if topic in wanted}))
        return
    failed = _measure_all(arguments, kept)
    if arguments.readme:
        report.write_readme(kept)
        report.draw(kept, report.PICTURE)
    if arguments.picture:
        report.draw(kept, arguments.picture)
    if failed:
        sys.exit(f"no figures of: {', '.join(failed)}")


def _arguments() -> argparse.Namespace:
    """The command line, if it makes sense as a whole."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.quick and arguments.what == "latency":
        parser.error("--quick has no use for latency: one round is as long as it is; say --rounds 1")
    if arguments.quick and (arguments.readme or (arguments.json and arguments.json.exists())):
        parser.error("--quick only sees that rows work: its figures take the place of no others")
    if arguments.readme:
        arguments.json = arguments.json or report.FILE
        if arguments.json.resolve() != report.FILE:
            parser.error(f"README.md shows the figures of {report.FILE}: leave --json out")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure FitLab on this machine.")
    parser.add_argument("what", choices=list(TOPICS), help="what to measure")
    parser.add_argument("--rounds", type=int, default=5, help="how often; medians are reported (default 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each row in each round (default 1)")
    parser.add_argument("--quick", action="store_true", help="only see that each row works: one case, one moment")
    parser.add_argument("--json", type=Path, metavar="FILE", help="put the figures and the machine into this file")
    parser.add_argument(
        "--readme", action="store_true", help="put them into README's own file, and that into README.md and its picture"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the ratios into this file, HTML or PNG")
    parser.add_argument("--show", type=Path, metavar="FILE", help="print the figures of this file as Markdown instead")
    return parser


def _measure_all(arguments: argparse.Namespace, kept: report.Kept) -> list[str]:
    """Put the figures of the topics into `kept`, and into the file after each; returns the topics that failed."""
    machine, failed = describe(), []
    print(machine["summary"])
    topics = [*TOPICS[arguments.what], *(["gpu"] if arguments.what == "all" and machine["gpu"] else [])]
    for topic in topics:
        if arguments.quick and arguments.what == "all" and topic == "latency":
            continue
        try:
            kept[topic] = {"machine": machine, "figures": measure(topic, arguments)}
        except Exception:  # whatever it is, it leaves the other topics' figures
            traceback.print_exc()
            failed.append(topic)
            continue
        print(report.tables(topic, kept[topic]["figures"]), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(kept, indent=1) + "\n")
    return failed


def measure(topic: str, arguments: argparse.Namespace) -> Any:
    """The figures of one topic."""
    if topic == "latency":
        from benchmarks import latency  # imports Playwright, which the other topics do without

        return latency.measure(arguments.rounds)
    if topic == "exactness":
        return exactness.measure()
    cases = list(compare.topic_of(topic).CASES)
    if arguments.quick:
        return compare.measure(topic, 1, QUICK_S, cases[:1])
    return compare.measure(topic, arguments.rounds, arguments.seconds, cases)


if __name__ == "__main__":
    main()
