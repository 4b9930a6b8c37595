"""Making the connections of a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.environment import Timings
from okxlab.runtime import ConnectGate
from okxlab.transport import Connection

if TYPE_CHECKING:
    from okxlab.environment import Environment
    from okxlab.runtime import Runtime
    from okxlab.transport import Listener

__all__ = ["Connector"]


class Connector:
    """Makes connections to one environment, at the rate that it allows.

    Parameters
    ----------
    environment
        Where to.
    runtime
        Whose loop thread they live on.
    """

    def __init__(self, environment: Environment, runtime: Runtime) -> None:
        self._environment = environment
        self._runtime = runtime
        self._gate = _gate_for(environment, runtime)

    def make(self, path: str, listener: Listener) -> Connection:
        """Return a connection to a path, not started.

        Raises
        ------
        ChannelError
            If the environment has no address for the path.
        """
        return Connection(
            self._environment.url(path),
            path,
            settings=self._environment.timings,
            clock=self._runtime.clock,
            gate=self._gate,
            listener=listener,
            ssl=self._environment.ssl_context,
        )


def _gate_for(environment: Environment, runtime: Runtime) -> ConnectGate:
    """Return the gate that all labs at OKX's own rate share, or one of its own."""
    per_second = environment.timings.connects_per_second
    if per_second == Timings().connects_per_second:
        return runtime.gate
    return ConnectGate(per_second)
