"""A simulator in a process of its own, as a benchmark holds it."""

from __future__ import annotations

import subprocess
import sys
from typing import Self

import okxlab

__all__ = ["FarSimulator"]

_CODE = """
import sys
import okxlab
with okxlab.Simulator({how}) as simulator:
    print(simulator.ws, flush=True)
    for line in sys.stdin:
        if line == "pause\\n":
            simulator.load.rate = 0
        # Asked where it is counted, so that nothing is on its way meanwhile.
        print(simulator._reach(lambda exchange: exchange.load.sent), flush=True)
"""


class FarSimulator:
    """A simulator in another process, so that its work is not counted as ours.

    Parameters
    ----------
    **how
        As for `okxlab.Simulator`.

    Attributes
    ----------
    ws : str
        Its address.
    """

    def __init__(self, **how: object) -> None:
        given = ", ".join(f"{name}={value!r}" for name, value in how.items())
        self._code = _CODE.format(how=given)
        self.ws = ""

    @property
    def environment(self) -> okxlab.Environment:
        """Where okxlab finds it."""
        rest = self.ws.replace("ws", "http", 1)
        return okxlab.Environment(self.ws, rest, args_per_connection=240)

    def stop_load(self) -> int:
        """Let its load pause; return how many messages it has sent."""
        return self._ask("pause")

    @property
    def sent(self) -> int:
        """How many messages its load has sent, as it counts them itself."""
        return self._ask("sent")

    def _ask(self, what: str) -> int:
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ws = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *args: object) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
