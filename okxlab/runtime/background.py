"""The background thread, its loop, and the ways into it.

Theory of operation.  A `Runtime` has one daemon thread that runs one event loop
from the moment the object is made, a dispatcher whose thread starts with the
first callback, and a painter whose thread lives while there are live figures.  Everything that talks to an exchange lives on the loop thread.
Other threads hand work in by `post` (no answer), `call` (a function) or `submit`
(a coroutine) and never wait for each other in a circle: the latter two refuse
where the caller is one of okxlab's own threads.

States: running; closed (by `close`, once and for all); dead (in a forked child,
where the thread does not exist).  A closed or dead runtime takes no more work.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from okxlab.errors import OkxlabError
from okxlab.runtime.clock import Clock
from okxlab.runtime.dispatcher import Dispatcher
from okxlab.runtime.gate import ConnectGate
from okxlab.runtime.loop import BackgroundLoop
from okxlab.runtime.painter import Painter
from okxlab.runtime.tls import patch_tls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

__all__ = ["Runtime"]

T = TypeVar("T")

logger = logging.getLogger("okxlab.runtime")

THREAD_NAME = "okxlab-loop"
CLOSE_TIMEOUT = 2.0
"""How long an exit may take [s] (client-expectations: about 2 s)."""
_GOODBYE = 1.5
"""Part of that which is for connections to close in order [s]."""
_CALL_TIMEOUT = 30.0


class Runtime:
    """One background loop thread and one dispatcher.

    Attributes
    ----------
    loop : asyncio.AbstractEventLoop
        The loop; only its thread may touch it but for ``call_soon_threadsafe``.
    clock : Clock
        The times okxlab lives by.
    gate : ConnectGate
        Lets through three new connections a second.
    dispatcher : Dispatcher
        Runs callbacks.
    painter : Painter
        Sends frames to live figures.
    tls : str
        "aiofastnet", or "stock: " and why feeds over TLS will starve while a
        cell computes.
    errors : int
        Exceptions that nobody on the loop thread caught.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.gate = ConnectGate()
        self.dispatcher = Dispatcher()
        self.painter = Painter(self.clock.monotonic)
        self.loop: asyncio.AbstractEventLoop = BackgroundLoop()
        self.tls = patch_tls(self.loop)
        self.errors = 0
        self.loop.set_exception_handler(self._report)
        self._state = "running"
        # Guards _state and _answers against each other.
        self._lock = threading.Lock()
        self._answers: set[concurrent.futures.Future[Any]] = set()
        # Loop thread only; insertion order is closing order.
        self._closers: dict[Callable[[], Awaitable[object]], None] = {}
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether work is taken."""
        return self._state == "running"

    def owns_current_thread(self) -> bool:
        """Tell whether this is one of okxlab's own threads."""
        return (
            threading.current_thread() is self._thread
            or self.dispatcher.owns_current_thread()
            or self.painter.owns_current_thread()
        )

    def post(self, fn: Callable[..., object], *args: object) -> None:
        """Run a function on the loop thread, some time soon.

        Returns at once; safe from any thread.  What `fn` raises is logged and
        counted in `errors`.

        Raises
        ------
        OkxlabError
            If the runtime is closed.
        """
        # Under the lock, so that nothing is handed in behind the closing.
        with self._lock:
            self._check_running()
            self.loop.call_soon_threadsafe(fn, *args)

    def call(
        self, fn: Callable[..., T], *args: Any, timeout: float | None = _CALL_TIMEOUT
    ) -> T:
        """Run a function on the loop thread and return what it returns.

        Parameters
        ----------
        fn
            Called with `args` on the loop thread; what it raises is raised here.
        *args
            Its arguments.
        timeout
            How long to wait [s]; None waits for ever.

        Raises
        ------
        OkxlabError
            On okxlab's own threads, and if the runtime is closed.
        TimeoutError
            If it takes longer; the call may still happen.

        Notes
        -----
        Not for the loop thread and the dispatcher thread.
        """

        def run() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                found = fn(*args)
            except BaseException as error:  # noqa: BLE001  # it is raised where it was asked for
                answer.set_exception(error)
            else:
                answer.set_result(found)

        self._refuse_own_threads("call")
        answer: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._ask(run, answer)
        return self._wait(answer, timeout)

    def submit(
        self, coroutine: Coroutine[Any, Any, T], timeout: float | None = _CALL_TIMEOUT
    ) -> T:
        """Run a coroutine on the loop thread and return what it returns.

        Parameters
        ----------
        coroutine
            What it raises is raised here.
        timeout
            How long to wait [s]; None waits for ever.  The coroutine is
            cancelled then.

        Raises
        ------
        OkxlabError
            On okxlab's own threads, and if the runtime is closed.
        TimeoutError
            If it takes longer.

        Notes
        -----
        Not for the loop thread and the dispatcher thread.
        """
        return self._wait(self._begin(coroutine), timeout)

    def watch(
        self,
        coroutine: Coroutine[Any, Any, T],
        look: Callable[[], object],
        every: float = 0.1,
    ) -> T:
        """Run a coroutine on the loop thread and look at it while it runs.

        Parameters
        ----------
        coroutine
            What it raises is raised here.  An exception of `look`, and an
            interrupt, cancel it.
        look
            Called on the calling thread.
        every
            How often [s].

        Raises
        ------
        OkxlabError
            On okxlab's own threads, and if the runtime is closed.

        Notes
        -----
        Not for the loop thread and the dispatcher thread.
        """
        answer = self._begin(coroutine)
        try:
            while not concurrent.futures.wait([answer], every).done:
                look()
        except BaseException:
            self._give_up(answer)
            raise
        return self._wait(answer, None)

    def dispatch(self, fn: Callable[[], object]) -> bool:
        """Run a function once on the dispatcher thread.

        Returns
        -------
        bool
            False if too many are waiting already; it is then dropped.
        """
        return self.dispatcher.call(fn)

    def add_closer(self, closer: Callable[[], Awaitable[object]]) -> None:
        """Register what is awaited on the loop thread when the runtime closes.

        All closers together have about 1.5 s.  Loop thread only.
        """
        self._closers[closer] = None

    def remove_closer(self, closer: Callable[[], Awaitable[object]]) -> None:
        """Take a closer back; one that is not registered is passed over.

        Loop thread only.
        """
        self._closers.pop(closer, None)

    def close(self) -> None:
        """Close everything and end the threads, within about 2 s.

        May be called more than once.  A loop or a callback that is stuck is
        left behind: its thread is a daemon.

        Raises
        ------
        OkxlabError
            On okxlab's own threads, which cannot wait for their own end.
        """
        self._refuse_own_threads("close")
        give_up_at = time.monotonic() + CLOSE_TIMEOUT
        with self._lock:
            if self.is_running:
                self._state = "closed"
                self.loop.call_soon_threadsafe(self._begin_closing)
        self.dispatcher.close(CLOSE_TIMEOUT / 4)
        self.painter.close(CLOSE_TIMEOUT / 4)
        self._thread.join(max(0.0, give_up_at - time.monotonic()))
        if self._thread.is_alive():
            logger.warning("the loop thread did not end within %g s", CLOSE_TIMEOUT)
        self._fail_answers()

    def die_after_fork(self) -> None:
        """Take no more work: in this forked child the threads do not exist.

        Nothing is closed here, since sockets and selector are the parent's too.
        """
        self._state = "dead"
        self._lock = threading.Lock()
        self._answers = set()
        self.dispatcher = Dispatcher()
        self.dispatcher.close()
        self.painter = Painter()
        self.painter.close()

    # On the loop thread.

    def _run(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def _begin_closing(self) -> None:
        # Held by the attribute: a loop keeps only weak references to tasks.
        self._closing = self.loop.create_task(self._close_all())
        self._closing.add_done_callback(lambda _: self.loop.stop())

    async def _close_all(self) -> None:
        closers = [asyncio.ensure_future(closer()) for closer in self._closers]
        if closers:
            await asyncio.wait(closers, timeout=_GOODBYE)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CLOSE_TIMEOUT - _GOODBYE)
        for task in closers:
            if task.done() and not task.cancelled() and task.exception():
                logger.error("closing failed", exc_info=task.exception())
        await self.loop.shutdown_asyncgens()

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.errors += 1
        logger.error(
            "on the loop thread: %s",
            context.get("message", "unhandled exception"),
            exc_info=context.get("exception"),
        )

    # On the caller's thread.

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop thread; cancelling the answer cancels it."""

        def run() -> None:
            task = self.loop.create_task(coroutine)
            task.add_done_callback(lambda done: _copy_outcome(done, answer))
            answer.add_done_callback(lambda _: self._cancel(task))

        answer: concurrent.futures.Future[T] = concurrent.futures.Future()
        try:
            self._refuse_own_threads("submit")
            self._ask(run, answer)
        except OkxlabError:
            coroutine.close()  # or the interpreter complains that it never began
            raise
        return answer

    def _ask(
        self, run: Callable[[], None], answer: concurrent.futures.Future[Any]
    ) -> None:
        with self._lock:
            self._answers.add(answer)
        try:
            self.post(run)
        except OkxlabError:
            self._answers.discard(answer)
            raise

    def _wait(self, answer: concurrent.futures.Future[T], timeout: float | None) -> T:
        try:
            return answer.result(timeout)
        except concurrent.futures.CancelledError:
            raise OkxlabError(
                "okxlab's background thread was closed before it could answer."
            ) from None
        except TimeoutError:
            if answer.done():  # it is what the work itself raised
                raise
            raise TimeoutError(
                f"okxlab's background thread did not answer within {timeout:g} s."
            ) from None
        finally:
            self._give_up(answer)  # after a timeout or an interrupt nobody waits

    def _give_up(self, answer: concurrent.futures.Future[Any]) -> None:
        answer.cancel()
        with self._lock:
            self._answers.discard(answer)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        if not task.done():
            with contextlib.suppress(
                RuntimeError
            ):  # the loop is closed: so is the task
                self.loop.call_soon_threadsafe(task.cancel)

    def _fail_answers(self) -> None:
        with self._lock:
            answers, self._answers = self._answers, set()
        for answer in answers:
            answer.cancel()

    def _refuse_own_threads(self, what: str) -> None:
        if self.owns_current_thread():
            raise OkxlabError(
                f"Runtime.{what} waits, and on the thread "
                f"{threading.current_thread().name!r} it would wait for itself; "
                "hand the work to a thread of your own."
            )

    def _check_running(self) -> None:
        if self._state == "dead":
            raise OkxlabError(
                "This object belongs to the process that was forked; "
                "call okxlab.connect() anew in the child."
            )
        if self._state == "closed":
            raise OkxlabError("okxlab's background thread is closed.")


def _copy_outcome(task: asyncio.Task[T], answer: concurrent.futures.Future[T]) -> None:
    if task.cancelled():
        answer.cancel()
    elif not answer.set_running_or_notify_cancel():
        task.exception()  # looked at, or asyncio complains that nobody did
    elif (error := task.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())
