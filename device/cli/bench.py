"""``myna bench NAME``: figures with their aims and the number of observations behind each."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

from device.bench import regression
from device.bench.figures_page import Report, page
from device.bench.metric import Metric
from device.cli.output import complain, print_json

BENCHMARKS = {
    "answers": "what safety lists and model miss and what they stop needlessly",
    "cloud": "how fast answers come and end, what bad days do, what a thousand turns leave behind",
    "echo": "what is heard of a child over Myna's own voice, by canceller",
    "flash": "how long a card takes, beside bmaptool and dd",
    "hal": "what lights and buttons cost a core",
    "recognition": "answers told apart by children, adults and synthetic voices",
    "scoring": "how near scores of pronunciation are to the experts'; their cost and robustness",
    "sync": "what the line to the platform costs, with one speaker and with thousands",
    "soak": "hours of life in the virtual room: what grows, what is written to the disk",
    "tutor": "whether the planner teaches more in the same minutes, on simulated children",
    "hearing": "a child over Myna's voice, in noise, to the end of its turn; waking; cost",
    "wake": "the wake phrase by voices never heard; any phrase by real people; false accepts",
    "hours": "what wakes her in hours of talk, noise, music and her own lessons aloud",
    "loop": "the whole loop: front end, latencies in the room, memory, lost frames live",
}
MOST_HOURS = 1000
EXTRA_OPTIONS = ("hours", "part", "peers", "set")
"""Options that only benchmarks with such a list of their own take."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    described = "; ".join(f"{name}: {about}" for name, about in BENCHMARKS.items())
    parser.add_argument("name", choices=tuple(BENCHMARKS), help=described)
    parser.add_argument("--long", action="store_true", help="the figures that are quoted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--corpus", type=Path, metavar="FOLDER", help="recorded children: train.tsv and its audio"
    )
    parser.add_argument(
        "--hours", type=_hours, metavar="N", help="so many hours of sound (bench hours)"
    )
    parser.add_argument(
        "--set", type=Path, metavar="FILE", help="these cases instead of Myna's own (bench answers)"
    )
    parser.add_argument(
        "--peers", type=Path, metavar="FOLDER", help="others' programs beside it (bench hearing)"
    )
    parser.add_argument(
        "--part", action="append", metavar="PART", help="this part only (bench hearing)"
    )
    parser.add_argument("--json", action="store_true", help="a list of figures")
    parser.add_argument(
        "--hold", type=Path, metavar="FILE", help="fail where figures are worse than these (JSON)"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="a page of figures and plots that opens from disk"
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print; returns 1 where a figure of `--hold` has become worse."""
    held = {} if args.hold is None else regression.read(args.hold)
    module = importlib.import_module(f"device.bench.{args.name}")
    for name in set(EXTRA_OPTIONS) - set(getattr(module, "EXTRA_OPTIONS", ())):
        if getattr(args, name):
            complain(f"bench {args.name} has no --{name}; leave it out")
            return 2
    print(machine(), file=sys.stderr, flush=True)
    report = _report(module, args)
    metrics = report.metrics
    if args.html is not None:
        _write_page(args, report)
    if args.json:
        print_json([metric.as_json() for metric in metrics])
    else:
        print_table(metrics)
    if args.part:
        # What was not asked for is not missing.
        measured = {metric.metric for metric in metrics}
        held = {name: each for name, each in held.items() if name in measured}
    worse = regression.regressions(metrics, held)
    for line in worse:
        complain(line)
    return 1 if worse else 0


def _hours(text: str) -> float:
    """A number of hours as an option's value."""
    hours = float(text)
    if not 0 < hours <= MOST_HOURS:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {MOST_HOURS} hours")
    return hours


def _report(module: ModuleType, args: argparse.Namespace) -> Report:
    """What the benchmark found, with plots where it draws any."""
    options = {"long": args.long, "seed": args.seed, "corpus": args.corpus}
    options |= {name: getattr(args, name) for name in getattr(module, "EXTRA_OPTIONS", ())}
    if hasattr(module, "measure"):
        report: Report = module.measure(**options)
        return report
    return Report(module.run(**options))


def _write_page(args: argparse.Namespace, report: Report) -> None:
    length = "long" if args.long else "short"
    children = "recorded children" if args.corpus else "synthetic children"
    about = f"{length}, seed {args.seed}, {children}; {machine()}"
    try:
        args.html.write_text(page(f"myna bench {args.name}", about, report), encoding="utf-8")
    except OSError as error:
        complain(f"{args.html}: the page cannot be written ({error.strerror})")


def machine() -> str:
    """The processor and its load, since figures are worth little without them."""
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()[::-1]:
            if line.startswith(("model name", "Model")):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # not Linux: the architecture has to do
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"machine: {model}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"
    )


def print_table(metrics: list[Metric]) -> None:
    """Figures in columns."""
    width = max((len(metric.metric) for metric in metrics), default=0)
    for metric in metrics:
        value = "not measured" if metric.value is None else f"{metric.value:10.3f}"
        aim = f"  aim {metric.aim}" if metric.aim else ""
        print(f"{metric.metric:<{width}}  {value} {metric.unit:<4} n={metric.n}{aim}")
