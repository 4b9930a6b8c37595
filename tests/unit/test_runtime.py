"""The background thread: its ways in, its callbacks, its clock and its end."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import logging
import socket
import sys
import threading
import time

import pytest

from okxlab.errors import OkxlabError
from okxlab.runtime import (
    Clock,
    ConnectGate,
    Dispatcher,
    Runtime,
    close_runtime,
    current_runtime,
    keep,
)
from okxlab.runtime.loop import BackgroundLoop
from okxlab.runtime.tls import patch_tls

PATIENCE = 10.0
"""How long a test waits for what must happen [s]."""


@pytest.fixture
def runtime():
    """Give a runtime of the test's own."""
    runtime = Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def dispatcher():
    """Give a dispatcher of the test's own."""
    dispatcher = Dispatcher()
    yield dispatcher
    dispatcher.close(PATIENCE)


@pytest.fixture
def _own_runtime():
    """Leave no runtime of this test to others, nor theirs to it."""
    close_runtime()
    yield
    close_runtime()


class Times:
    """Two machine clocks that a test sets."""

    def __init__(self):
        self.monotonic = 5_000_000_000
        self.wall = 1_790_000_000_000_000_000

    def clock(self):
        return Clock(lambda: self.monotonic, lambda: self.wall)

    def pass_ms(self, ms, wall_ms=None):
        self.monotonic += ms * 1_000_000
        self.wall += (ms if wall_ms is None else wall_ms) * 1_000_000


# The clock.


def test_receive_time_is_the_wall_time_in_microseconds():
    """An undisturbed clock gives the wall time itself."""
    times = Times()
    clock = times.clock()

    times.pass_ms(1500)

    assert clock.recv_us() == times.wall // 1000
    assert clock.monotonic() == pytest.approx(6.5)


def test_receive_time_never_steps_back_and_catches_up():
    """A wall clock that is set back slows the receive time down to half speed."""
    times = Times()
    clock = times.clock()
    before = clock.recv_us()

    times.pass_ms(100, wall_ms=-1000)
    slowed = clock.recv_us()
    times.pass_ms(1000)
    still_slowed = clock.recv_us()
    times.pass_ms(2000)
    caught_up = clock.recv_us()

    assert slowed - before == 50_000
    assert still_slowed - slowed == 500_000
    assert caught_up == times.wall // 1000


def test_receive_time_follows_a_clock_that_was_ahead_at_once():
    """After a night's sleep the monotonic clock has stood still, the wall not."""
    times = Times()
    clock = times.clock()

    times.pass_ms(1, wall_ms=8 * 3600 * 1000)

    assert clock.recv_us() == times.wall // 1000


# The gate.


def test_gate_lets_three_a_second_through():
    """The fourth and fifth connection wait until a second has passed."""
    gate = ConnectGate(3)

    pauses = [gate._limit.reserve(10.0) for _ in range(5)]

    assert pauses == [0, 0, 0, pytest.approx(1.1), pytest.approx(1.1)]


def test_gate_delays_who_waits(runtime, monkeypatch):
    """Waiting takes until the reserved place."""
    monkeypatch.setattr("okxlab.runtime.gate._WINDOW", 0.05)

    async def wait_twice():
        gate = ConnectGate(1)
        await gate.wait()
        begun = asyncio.get_running_loop().time()
        await gate.wait()
        return asyncio.get_running_loop().time() - begun

    assert runtime.submit(wait_twice()) >= 0.05


# The dispatcher.


def test_signals_during_a_run_make_one_more_run(dispatcher):
    """However many signals come while a callback runs, it runs once more."""
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def callback():
        begun.set()
        assert go_on.wait(PATIENCE)
        if ticket.runs == 2:
            done.set()

    ticket = dispatcher.add(callback)
    ticket.signal()
    assert begun.wait(PATIENCE)
    for _ in range(1000):
        ticket.signal()
    go_on.set()
    assert done.wait(PATIENCE)
    dispatcher.close(PATIENCE)

    assert ticket.runs == 2


def test_a_raising_callback_is_counted_and_harms_nobody(dispatcher, caplog):
    """Its errors stand on its ticket and in the log; the next callback runs."""
    done = threading.Event()

    def bad():
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "okxlab"):
        ticket = dispatcher.add(bad)
        ticket.signal()
        dispatcher.add(done.set).signal()
        assert done.wait(PATIENCE)

    assert ticket.errors == 1
    assert isinstance(ticket.last_error, ZeroDivisionError)
    assert [bad.__qualname__ in record.message for record in caplog.records] == [True]


def test_a_callback_that_exits_does_not_end_the_thread(dispatcher):
    """``sys.exit()`` in a callback is an error like any other."""
    done = threading.Event()
    ticket = dispatcher.add(sys.exit)

    ticket.signal()
    dispatcher.add(done.set).signal()

    assert done.wait(PATIENCE)
    assert ticket.errors == 1


def test_every_keeps_runs_apart(dispatcher):
    """A callback that is signalled all the time runs at its pace."""
    begun, enough = [], threading.Event()

    def callback():
        begun.append(time.monotonic())
        if len(begun) == 4:
            enough.set()
        ticket.signal()

    ticket = dispatcher.add(callback, every=0.05)
    ticket.signal()
    assert enough.wait(PATIENCE)
    ticket.stop()

    assert all(late - soon >= 0.05 for soon, late in itertools.pairwise(begun))


def test_a_callback_that_signals_itself_leaves_room_for_others(dispatcher):
    """Even without a pause between its runs."""
    done = threading.Event()
    greedy = dispatcher.add(lambda: greedy.signal())  # noqa: PLW0108  # bound only now
    greedy.signal()

    dispatcher.add(done.set).signal()

    assert done.wait(PATIENCE)
    greedy.stop()


def test_a_stopped_callback_runs_no_more(dispatcher):
    """Neither for an old signal nor for a new one."""
    go_on, done = threading.Event(), threading.Event()
    dispatcher.call(lambda: go_on.wait(PATIENCE))
    ticket = dispatcher.add(lambda: None)
    ticket.signal()

    ticket.stop()
    ticket.signal()
    go_on.set()
    dispatcher.call(done.set)

    assert done.wait(PATIENCE)
    assert ticket.runs == 0


def test_calls_beyond_the_bound_are_dropped_and_counted(dispatcher):
    """A queue that nobody empties does not grow without end."""
    go_on, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go_on.wait(PATIENCE)

    dispatcher.call(block)
    assert begun.wait(PATIENCE)
    taken = [dispatcher.call(lambda: None) for _ in range(1005)]
    go_on.set()

    assert taken.count(False) == 5
    assert dispatcher.dropped == 5


@pytest.mark.parametrize("every", [-1, float("nan")])
def test_a_pause_that_is_none_is_refused(dispatcher, every):
    """A negative pause has no meaning."""
    with pytest.raises(ValueError, match="every="):
        dispatcher.add(lambda: None, every=every)


def test_a_closed_dispatcher_takes_signals_in_silence(dispatcher):
    """Streams may signal until the very end."""
    ticket = dispatcher.add(lambda: None)

    dispatcher.close()
    ticket.signal()

    assert ticket.runs == 0


# The ways in.


def test_call_runs_on_the_loop_thread(runtime):
    """What the function returns is returned."""
    name = runtime.call(lambda: threading.current_thread().name)

    assert name == "okxlab-loop"


def test_call_raises_what_the_function_raises(runtime):
    """Also a timeout of the function's own."""
    for error in (KeyError("x"), TimeoutError("mine")):

        def fail(error=error):
            raise error

        with pytest.raises(type(error)) as caught:
            runtime.call(fail)

        assert caught.value is error


def test_submit_returns_what_the_coroutine_returns(runtime):
    """A coroutine runs to its end on the loop thread."""

    async def work(value):
        await asyncio.sleep(0)
        return value, runtime.owns_current_thread()

    assert runtime.submit(work(7)) == (7, True)
    assert not runtime.owns_current_thread()


def test_submit_gives_up_and_cancels(runtime):
    """A coroutine that nobody waits for any more is cancelled."""
    cancelled = threading.Event()

    async def hang():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        runtime.submit(hang(), timeout=0.01)

    assert cancelled.wait(PATIENCE)


def test_call_gives_up_after_its_timeout(runtime):
    """A loop that is held up does not hold up its callers for ever."""
    go_on = threading.Event()
    runtime.post(go_on.wait, PATIENCE)

    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        runtime.call(lambda: None, timeout=0.01)

    go_on.set()


def test_own_threads_are_refused(runtime):
    """Waiting for oneself would last for ever."""
    refusals, done = [], threading.Event()

    async def coroutine():
        raise AssertionError("never begun")

    def try_all():
        for way in (
            lambda: runtime.call(print),
            lambda: runtime.submit(coroutine()),
            runtime.close,
        ):
            with pytest.raises(OkxlabError, match="wait for itself"):
                way()
            refusals.append(threading.current_thread().name)

    def on_dispatcher():
        try:
            try_all()
        finally:
            done.set()

    runtime.call(try_all)
    runtime.dispatch(on_dispatcher)
    assert done.wait(PATIENCE)

    assert refusals == ["okxlab-loop"] * 3 + ["okxlab-dispatcher"] * 3


def test_what_nobody_catches_is_counted_and_logged(runtime, caplog):
    """The loop goes on."""

    def fail():
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "okxlab"):
        runtime.post(fail)
        answer = runtime.call(lambda: "alive")

    assert answer == "alive"
    assert runtime.errors == 1
    assert [record.name for record in caplog.records] == ["okxlab.runtime"]


def test_a_blocking_callback_delays_no_loop_work(runtime):
    """The loop answers while the dispatcher is stuck."""
    go_on, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go_on.wait(PATIENCE)

    runtime.dispatch(block)
    assert begun.wait(PATIENCE)
    answer = runtime.call(lambda: not go_on.is_set(), timeout=PATIENCE)
    go_on.set()

    assert answer


# The end.


def test_close_ends_threads_tasks_and_loop():
    """Nothing is left, and closing again is harmless."""
    runtime = Runtime()
    ended = threading.Event()

    async def hang():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = runtime.call(lambda: runtime.loop.create_task(hang()))
    runtime.dispatch(lambda: None)

    runtime.close()
    runtime.close()

    assert ended.is_set()
    assert task.cancelled()
    assert runtime.loop.is_closed()
    assert not runtime._thread.is_alive()
    assert not runtime.dispatcher._thread.is_alive()


def test_a_closed_runtime_refuses_work():
    """With words, and without a coroutine that was never awaited."""
    runtime = Runtime()
    runtime.close()

    async def work():
        raise AssertionError("never begun")

    with pytest.raises(OkxlabError, match="closed"):
        runtime.call(print)
    with pytest.raises(OkxlabError, match="closed"):
        runtime.submit(work())
    with pytest.raises(OkxlabError, match="closed"):
        runtime.post(print)


def test_closing_fails_those_who_wait():
    """A thread that waits for an answer gets an error instead."""
    runtime = Runtime()
    begun, outcome = threading.Event(), []

    async def hang():
        begun.set()
        await asyncio.Event().wait()

    def ask():
        try:
            runtime.submit(hang(), timeout=PATIENCE)
        except OkxlabError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(PATIENCE)
    runtime.close()
    thread.join(PATIENCE)

    assert ["closed before it could answer" in text for text in outcome] == [True]


def test_closers_are_awaited_unless_taken_back():
    """Connections say goodbye before the loop ends."""
    runtime = Runtime()
    closed = []

    async def first():
        await asyncio.sleep(0)
        closed.append("first")

    async def second():
        closed.append("second")
        raise ZeroDivisionError

    async def taken_back():
        closed.append("taken back")

    for closer in (first, second, taken_back):
        runtime.call(runtime.add_closer, closer)
    runtime.call(runtime.remove_closer, taken_back)
    runtime.close()

    assert sorted(closed) == ["first", "second"]


def test_a_closer_that_hangs_is_left_behind(monkeypatch):
    """It has its time and no more."""
    monkeypatch.setattr("okxlab.runtime.background._GOODBYE", 0.05)
    runtime = Runtime()

    async def hang():
        await asyncio.Event().wait()

    runtime.call(runtime.add_closer, hang)
    begun = time.monotonic()
    runtime.close()

    assert time.monotonic() - begun < 1.0
    assert runtime.loop.is_closed()


def test_a_stuck_callback_does_not_hold_up_the_end():
    """Its thread is a daemon and is left behind."""
    runtime = Runtime()
    go_on, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go_on.wait(PATIENCE)

    runtime.dispatch(block)
    assert begun.wait(PATIENCE)
    before = time.monotonic()
    runtime.close()
    took = time.monotonic() - before
    go_on.set()
    runtime.dispatcher._thread.join(PATIENCE)

    assert took < 2.5
    assert runtime.loop.is_closed()


# The one of the process.


@pytest.mark.usefixtures("_own_runtime")
def test_there_is_one_runtime_until_it_is_closed():
    """The next use after a close starts a new one."""
    first = current_runtime()

    assert current_runtime() is first

    first.close()
    second = current_runtime()

    assert second is not first
    assert second.call(lambda: "alive") == "alive"


@pytest.mark.usefixtures("_own_runtime")
def test_the_runtime_survives_a_reload():
    """``importlib.reload`` and ``%autoreload`` run the modules again."""
    from okxlab.runtime import background, kept, lifetime

    first = current_runtime()
    for module in (kept, background, lifetime):
        importlib.reload(module)

    assert lifetime.current_runtime() is first


@pytest.mark.usefixtures("_own_runtime")
def test_the_runtime_survives_a_new_import(monkeypatch):
    """Also where okxlab was taken out of ``sys.modules``."""
    first = current_runtime()
    for name in [name for name in sys.modules if name.startswith("okxlab")]:
        monkeypatch.delitem(sys.modules, name)
    again = importlib.import_module("okxlab.runtime")

    assert again.current_runtime is not current_runtime
    assert again.current_runtime() is first


def test_threads_that_ask_at_once_get_one_object():
    """Of each name there is one, whoever comes first."""
    made, barrier = [], threading.Barrier(8)
    name = "test_threads_that_ask_at_once_get_one_object"

    def make():
        made.append(object())
        return made[-1]

    def ask():
        barrier.wait(PATIENCE)
        found.append(keep(name, make))

    found = []
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert len(made) == 1
    assert found == made * 8


# The loop.


def test_allow_asyncio_run_refuses_foreign_loops():
    """A loop that cannot be patched is named, with the way out."""
    from okxlab.asyncio_run import allow_asyncio_run

    class Foreign(asyncio.AbstractEventLoop):
        pass

    asyncio._set_running_loop(Foreign())
    try:
        with pytest.raises(OkxlabError, match=r"Foreign.*await main"):
            allow_asyncio_run()
    finally:
        asyncio._set_running_loop(None)


def test_names_are_resolved_on_a_thread_of_their_own(runtime):
    """An answer and a refusal both arrive where they were asked for."""

    async def resolve(host):
        return await runtime.loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)

    found = runtime.submit(resolve("127.0.0.1"))

    assert ("127.0.0.1", 443) in [entry[4] for entry in found]
    with pytest.raises(OSError, match=r".+"):
        runtime.submit(resolve("no such host.invalid"))


def test_the_runtime_says_how_tls_is_done(runtime):
    """Either without giving up the GIL, or why not."""
    assert runtime.tls.startswith(("aiofastnet", "stock: "))


def test_openssl_out_of_reach_means_stock_tls(monkeypatch):
    """A Python with OpenSSL built in keeps asyncio's own transports."""
    import aiofastnet

    monkeypatch.setattr(aiofastnet, "OPENSSL_DYN_LIBS", None)
    loop = BackgroundLoop()

    said = patch_tls(loop)
    patched = "create_connection" in vars(loop)
    loop.close()

    assert said.startswith("stock: ")
    assert not patched


def test_a_machine_without_aiofastnet_means_stock_tls(monkeypatch):
    """Feeds work all the same; only a busy cell slows them down."""
    monkeypatch.setitem(sys.modules, "aiofastnet", None)
    loop = BackgroundLoop()

    said = patch_tls(loop)
    loop.close()

    assert said.startswith("stock: ")


def test_watch_looks_while_it_runs(runtime):
    """What is watched goes on, and its result is returned."""
    looked = threading.Event()

    async def run():
        while not looked.is_set():  # noqa: ASYNC110  # an event of another thread
            await asyncio.sleep(0.01)
        return 5

    assert runtime.watch(run(), looked.set, every=0.01) == 5


def test_watch_ends_what_nobody_waits_for(runtime):
    """An interrupt of the caller cancels the work."""
    begun, ended = threading.Event(), threading.Event()

    async def run():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def look():
        if begun.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runtime.watch(run(), look, every=0.01)

    assert ended.wait(30)
