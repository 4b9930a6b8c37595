"""The thread that serves one exchange from start to stop."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from asyncio import selector_events
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from okxlab.simulator.exchange import Exchange
    from okxlab.simulator.server import Server

__all__ = ["Serving"]

Result = TypeVar("Result")

_START_TIMEOUT = 10.0
"""Wait for the server to listen [s]."""
_STOP_TIMEOUT = 5.0
"""Wait for the thread to end [s]; by itself it takes two at most."""
_REACH_TIMEOUT = 5.0
"""Wait for a fault to act [s]."""


class _Loop(selector_events.BaseSelectorEventLoop):
    """A loop that nest_asyncio cannot reach.

    It patches the class of the loop that it is handed, which in a notebook is the
    class of every ordinary loop of the process, also in other threads.
    """


class Serving:
    """One run of a simulator.

    Parameters
    ----------
    server
        What it runs; it belongs to the thread from :meth:`start` on.

    Notes
    -----
    Safe from any thread but its own.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._thread: threading.Thread | None = None
        # The next two are set by the thread before it reports that it listens.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self, port: int, context: ssl.SSLContext | None) -> int:
        """Start the thread and wait until it listens.

        Parameters
        ----------
        port
            Port; 0 for any free one.
        context
            TLS; None for plain TCP.

        Returns
        -------
        int
            The port.

        Raises
        ------
        OSError
            If the port is taken.
        """
        listening: Future[int] = Future()
        self._thread = threading.Thread(
            target=self._run,
            args=(port, context, listening),
            name="okxlab-simulator",
            daemon=True,
        )
        self._thread.start()
        bound = listening.result(_START_TIMEOUT)
        _RUNS.add(self)
        return bound

    def stop(self) -> None:
        """End the thread and wait until it has let go of everything."""
        _RUNS.discard(self)
        if self._loop is None or self._stopping is None or self._thread is None:
            return
        if self._thread.is_alive():
            # RuntimeError: the loop closed between the two lines.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_TIMEOUT)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def now_ms(self) -> int:
        """Virtual time [Unix ms]."""
        return self._server.exchange.market.now_ms

    @property
    def errors(self) -> int:
        """How often the clock's work has failed."""
        return self._server.errors

    def step(self, by_ms: int, timeout: float) -> None:
        """Move virtual time and wait until all that falls due was handed over.

        Parameters
        ----------
        by_ms
            How far [virtual ms].
        timeout
            Longest wait [s].

        Raises
        ------
        TimeoutError
            If a client does not read.
        """
        assert self._loop is not None
        done = asyncio.run_coroutine_threadsafe(self._server.step(by_ms), self._loop)
        try:
            done.result(timeout)
        except TimeoutError:
            done.cancel()
            raise TimeoutError(
                f"after {timeout:g} s some of {by_ms / 1000:g} virtual seconds still "
                "waits for a client that does not read"
            ) from None

    def reach(self, run: Callable[[Exchange], Result]) -> Result:
        """Run something on the exchange's thread and return its result."""
        assert self._loop is not None
        done: Future[Result] = Future()

        def act() -> None:
            try:
                done.set_result(run(self._server.exchange))
            except Exception as error:  # noqa: BLE001  # it belongs to the caller
                done.set_exception(error)

        self._loop.call_soon_threadsafe(act)
        return done.result(_REACH_TIMEOUT)

    def _run(
        self, port: int, context: ssl.SSLContext | None, listening: Future[int]
    ) -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self._serve(port, context, listening))

    async def _serve(
        self, port: int, context: ssl.SSLContext | None, listening: Future[int]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            bound = await self._server.open(port, context)
        except Exception as error:  # noqa: BLE001  # raised in the thread that waits
            listening.set_exception(error)
        else:
            listening.set_result(bound)
            await self._stopping.wait()
        finally:
            await self._server.close()


# Runs that have not been stopped; changed by whoever starts or stops one.
_RUNS: set[Serving] = set()


@atexit.register
def _stop_all() -> None:
    """End what nobody stopped, so that the interpreter finds no busy thread."""
    for serving in tuple(_RUNS):
        serving.stop()
