"""Everything at once, for long: ``python -m tests.soak [MINUTES [SEED]]``.

Two minutes by default.  Exits with 1 if anything was lost, doubled, wrong or left.
"""

from __future__ import annotations

import logging
import sys
from functools import partial

from tests.soak.soak import Soak


def main(words: list[str]) -> int:
    """Run the soak, print what it has seen, and return the exit code."""
    minutes = float(words[0]) if words else 2.0
    seed = int(words[1]) if len(words) > 1 else 1
    logging.disable(logging.ERROR)  # bad days are long, and this is what is expected
    report = Soak(60 * minutes, seed=seed, say=partial(print, flush=True)).run()
    print(report)
    for line in report.wrong[:40]:
        print("WRONG", line)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
