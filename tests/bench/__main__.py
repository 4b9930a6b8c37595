"""``python -m tests.bench``: measure everything and print a table.

Nothing here fails because a machine is slow: a promise that does not hold is
marked, and the exit code stays 0.  ``--short`` only shows that everything runs.
"""

from __future__ import annotations

import argparse
import platform
import sys

from tests.bench import books, browser, pipeline, snapshots, tables, tls
from tests.bench.figures import Figure

_MILLISECONDS = 1e3


def tls_figures(*, short: bool) -> list[Figure]:
    """Return the lateness of a feed over TLS beside a busy cell."""
    found = tls.measure(short=short)
    lines = []
    for reader, figures in found.items():
        ours = reader == "okxlab"
        for quantile, at_most in (("median", None), ("p99", 50.0 if ours else None)):
            lines.append(
                Figure(
                    f"{reader} over wss:// beside a busy cell, 2,000/s, {quantile}",
                    figures[quantile] * _MILLISECONDS,
                    "ms late",
                    "worst run",
                    at_most,
                    f"flat out {figures['per_second']:,.0f} messages a second",
                )
            )
    return lines


BENCHMARKS = {
    "books": books.measure,
    "browser": browser.measure,
    "pipeline": pipeline.measure,
    "snapshots": snapshots.measure,
    "tables": tables.measure,
    "tls": tls_figures,
}
"""What there is to measure, by name."""

ON_REQUEST = {"browser"}
"""What takes minutes and a browser, and is measured only when it is named."""


def show(figure: Figure, *, short: bool) -> str:
    """Return a figure as one line; a short run judges nothing."""
    promise = "" if figure.at_most is None else f"at most {figure.at_most:g}"
    verdict = "" if short or figure.holds else "  MISSED"
    return (
        f"{figure.name:<62}{figure.value:>9.2f} {figure.unit:<8}"
        f"{promise:<13}{figure.floor}; {figure.note}{verdict}"
    )


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks that are asked for, by default all that take seconds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--short", action="store_true", help="only show that it runs")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}")
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    print(f"Python {platform.python_version()}, {platform.machine()}")
    for name in options.names or [
        name for name in BENCHMARKS if name not in ON_REQUEST
    ]:
        for figure in BENCHMARKS[name](short=options.short):
            print(show(figure, short=options.short), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
