"""Order books on a bad day: ``python -m tests.drill [MINUTES [SEED]]``.

An hour of market by default, which takes some minutes.  Exits with 1 if a book
was wrong, stale, or away for too long.
"""

from __future__ import annotations

import sys
import time

from tests.drill.books import Drill


def main(words: list[str]) -> int:
    """Run the drill, print what it has seen, and return the exit code."""
    minutes = float(words[0]) if words else 60.0
    seed = int(words[1]) if len(words) > 1 else 1
    began = time.perf_counter()
    report = Drill(60 * minutes, seed=seed).run()
    print(report)
    print(f"took {time.perf_counter() - began:.0f} s, seed {seed}")
    for line in report.wrong[:20]:
        print("WRONG", line)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
