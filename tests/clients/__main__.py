"""Let other people's clients read the simulator: ``python -m tests.clients [NAME ...]``.

Each is a script of its own in this directory, run in a process of its own against a
simulator in this one, once for each kind of checksum.  A client that is not installed
is an error in CI and passed over elsewhere.  Exits with 1 if one fails.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from okxlab.simulator import Simulator

# Script: the module that it needs.
CLIENTS = {
    "plain_websockets": "websockets",
    "python_okx": "okx",
    "python_okx_private": "okx",
}
TIMEOUT = 120
HERE = Path(__file__).parent


def run(name: str, checksum: str) -> bool:
    """Run one client against a simulator of its own and print how it went."""
    with Simulator(seed=5, checksum=checksum) as simulator:
        try:
            ended = subprocess.run(
                [sys.executable, f"{name}.py", simulator.ws, simulator.rest],
                cwd=HERE,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            print(f"FAILED {name} ({checksum}): {error}")
            return False
    words = (ended.stdout if ended.returncode == 0 else ended.stderr).strip()
    print(f"{'FAILED' if ended.returncode else 'ok'} {name} ({checksum}): {words}")
    return ended.returncode == 0


def main(names: list[str]) -> int:
    """Run the clients named, by default all, and return the exit code."""
    failed = passed = 0
    for name in names or CLIENTS:
        if importlib.util.find_spec(CLIENTS[name]) is None:
            is_error = bool(os.environ.get("CI"))
            print(f"{'FAILED' if is_error else 'passed over'} {name}: not installed")
            failed += is_error
            continue
        for checksum in ("zero", "legacy"):
            is_good = run(name, checksum)
            passed += is_good
            failed += not is_good
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
