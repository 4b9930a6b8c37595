"""``python -m tests.bench``: measure everything and print a table.

Nothing here fails because a machine is slow: a promise that does not hold is
marked, and the exit code stays 0.  ``--short`` only shows that everything runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import (
    books,
    browser,
    peers,
    pipeline,
    process,
    reading,
    sockets,
    tables,
    tls,
)
from tests.bench.results import compare, machine, read, write

if TYPE_CHECKING:
    from tests.bench.figures import Figure

BENCHMARKS = {
    "pipeline": pipeline.measure,
    "books": books.measure,
    "tables": tables.measure,
    "reading": reading.measure,
    "sockets": sockets.measure,
    "tls": tls.figures,
    "process": process.measure,
    "browser": browser.measure,
}
"""What there is to measure, by name."""

ON_REQUEST = {"browser"}
"""What needs a browser and is measured only when it is named."""


def show(figure: Figure, *, short: bool) -> str:
    """Return a figure as one line; a short run judges nothing."""
    promise = "" if figure.limit is None else figure.limit
    verdict = "" if short or figure.holds else "  MISSED"
    about = "; ".join(part for part in (figure.floor, figure.note) if part)
    return (
        f"{figure.name:<80}{figure.value:>10,.2f} {figure.unit:<9}"
        f"{promise:<16}{about}{verdict}"
    )


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks that are asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--short", action="store_true", help="only show that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="with an earlier result"
    )
    parser.add_argument(
        "--peers", action="store_true", help="other clients too, where installed"
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}")
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    before = read(options.compare) if options.compare else {}
    begun, found = time.monotonic(), []
    print("; ".join(machine().values()))
    wanted = options.names or [name for name in BENCHMARKS if name not in ON_REQUEST]
    chosen = {name: BENCHMARKS[name] for name in wanted}
    if options.peers:
        chosen["peers"] = peers.measure
    for measure in chosen.values():
        for figure in measure(short=options.short):
            print(show(figure, short=options.short), flush=True)
            found.append(figure)
    print(f"{len(found)} figures in {time.monotonic() - begun:.0f} s")
    if options.json:
        write(options.json, found)
    for line in compare(before, found):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
