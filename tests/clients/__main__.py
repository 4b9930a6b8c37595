"""Let other people's clients of OKX use the simulator: ``python -m tests.clients``.

Without options: those that our own test environment has, as CI does.  With ``--all``,
or by name, also those that are installed into environments of their own, outside of
the checkout (see roster.py), the first time from the package registries that pip and
npm are set up for.  Each runs against a simulator of its own, once for each kind of
checksum.  Exits with 1 if a check failed, or a client could not be had.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.clients.environments import MissingError, find
from tests.clients.roster import PEERS, Peer
from tests.clients.running import Outcome, run
from tests.clients.table import rows

CACHE = Path.home() / ".cache" / "okxlab-clients"


def parse(words: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.clients",
        description="Let other people's clients of OKX use the simulator.",
    )
    names = sorted({name for peer in PEERS for name in (peer.name, peer.key)})
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument(
        "--cache",
        type=Path,
        default=CACHE,
        metavar="DIR",
        help="where their environments are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="install them anew, not only what lacks"
    )
    asked = parser.parse_args(words)
    strange = set(asked.names) - set(names)
    if strange:
        parser.error(f"no such client: {', '.join(sorted(strange))}")
    return asked


def choose(asked: argparse.Namespace) -> list[Peer]:
    """Return the clients to run."""
    if asked.names:
        return [peer for peer in PEERS if {peer.name, peer.key} & {*asked.names}]
    return [peer for peer in PEERS if asked.all or peer.is_ours]


def main(words: list[str]) -> int:
    """Run what is asked for, and return the exit code."""
    asked = parse(words)
    must_have = asked.all or asked.names or os.environ.get("CI")
    outcomes: list[Outcome] = []
    missing = 0
    for peer in choose(asked):
        try:
            place = find(peer, asked.cache.resolve(), is_fresh=asked.fresh)
        except MissingError as error:
            print(f"not to be had: {peer.key}: {error}", flush=True)
            missing += 1
            continue
        for checksum in ("zero", "legacy"):
            outcome = run(peer, place, checksum)
            outcomes.append(outcome)
            print(outcome.summary, flush=True)
    for line in rows(outcomes):
        print(line)
    passed = sum(outcome.count("ok") for outcome in outcomes)
    failed = sum(outcome.count("failed") for outcome in outcomes)
    failed += missing if must_have else 0
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
