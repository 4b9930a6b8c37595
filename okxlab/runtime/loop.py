"""An event loop that nobody else's patch reaches.

``nest_asyncio`` makes loops re-entrant by replacing methods of the loop's
*class*, and swaps asyncio's tasks and futures for the slower pure-Python ones.
Both are the business of whoever applies it to the loop of a kernel; a loop in
the background must not change under its own feet.  So this class brings its own:
the methods are those of `asyncio.BaseEventLoop`, which ``nest_asyncio`` never
touches (it patches the concrete class), and the tasks and futures are the C ones.

Name resolution has a thread of its own instead of one of the default executor:
those are joined at exit, and a resolver without network holds them for long.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

try:
    from _asyncio import Future, Task
except ImportError:  # an interpreter without the accelerator
    from asyncio import Future, Task

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

__all__ = ["BackgroundLoop"]

_Base = asyncio.BaseEventLoop


class BackgroundLoop(asyncio.SelectorEventLoop):
    """The event loop of okxlab's background thread.

    A selector loop on every platform, since TLS without giving up the GIL
    needs one.
    """

    # Whether patched or not, loops of this class say that nothing is to be done.
    _nest_patched = True

    run_forever = _Base.run_forever
    run_until_complete = _Base.run_until_complete
    _run_once = _Base._run_once  # type: ignore[attr-defined]  # noqa: SLF001  # private, and yet what a patch replaces
    _check_running = _Base._check_running  # type: ignore[attr-defined]  # noqa: SLF001  # the same

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_make_task)

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of the C kind."""
        return Future(loop=self)

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002  # asyncio's own name for it
        proto: int = 0,
        flags: int = 0,
    ) -> list[tuple[Any, ...]]:
        """Resolve a name on a daemon thread that the exit does not wait for."""
        answer: asyncio.Future[list[tuple[Any, ...]]] = self.create_future()

        def resolve() -> None:
            try:
                found = socket.getaddrinfo(host, port, family, type, proto, flags)
            except Exception as error:  # noqa: BLE001  # it is raised where it was asked for
                self._settle(answer, error)
            else:
                self._settle(answer, found)

        threading.Thread(target=resolve, name="okxlab-resolver", daemon=True).start()
        return await answer

    def _settle(
        self,
        answer: asyncio.Future[list[tuple[Any, ...]]],
        outcome: list[tuple[Any, ...]] | Exception,
    ) -> None:
        """Hand an outcome over to the loop, unless that has been closed since."""

        def settle() -> None:
            if answer.done():  # whoever asked has given up
                return
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        try:
            self.call_soon_threadsafe(settle)
        except RuntimeError:
            if not self.is_closed():
                raise


def _make_task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
    **how: Any,
) -> asyncio.Task[Any]:
    return Task(coro, loop=loop, **how)
