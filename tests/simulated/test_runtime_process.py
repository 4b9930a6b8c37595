"""The runtime in processes of their own: exits, forks, patched loops."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.simulated

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""How long a script that ends by itself may take [s]."""


def run_script(text, *args, timeout=60):
    """Run a script in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", text, *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


EXIT = """
import asyncio
from okxlab.runtime import current_runtime
runtime = current_runtime()

async def hang():
    await asyncio.Event().wait()

async def goodbye():
    await asyncio.sleep(0)
    print("goodbye")

runtime.call(runtime.loop.create_task, hang())
runtime.call(runtime.add_closer, goodbye)
runtime.dispatch(lambda: None)
print("end of script")
"""


def test_a_process_ends_by_itself_in_silence():
    """Threads, tasks and closers need no word from the user."""
    begun = time.monotonic()

    done = run_script(EXIT)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n") == ["end of script", "goodbye", ""]
    assert time.monotonic() - begun < PATIENCE


RESOLVER = """
import asyncio, socket, threading
from okxlab.runtime import current_runtime
begun = threading.Event()

def hang(*args):
    begun.set()
    threading.Event().wait()

socket.getaddrinfo = hang
runtime = current_runtime()
runtime.call(runtime.loop.create_task, runtime.loop.getaddrinfo("ws.okx.com", 443))
assert begun.wait(10)
"""


def test_a_resolver_that_hangs_does_not_hold_up_the_exit():
    """Without a network, name resolution may take half a minute."""
    done = run_script(RESOLVER, timeout=20)

    assert (done.returncode, done.stderr) == (0, "")


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # threads and forks: the point here
from okxlab.errors import OkxlabError
from okxlab.runtime import current_runtime
parents = current_runtime()
parents.dispatch(lambda: None)
pid = os.fork()
if pid == 0:
    try:
        parents.call(print)
    except OkxlabError as error:
        assert "forked" in str(error), error
    own = current_runtime()
    assert own is not parents
    assert own.call(lambda: 7) == 7
    assert own.dispatcher.call(lambda: None)
    sys.exit(3)  # through atexit, which must not touch what is the parent's
status = os.waitpid(pid, 0)[1]
assert os.waitstatus_to_exitcode(status) == 3, status
assert parents.call(lambda: 7) == 7
assert current_runtime() is parents
print("parent goes on")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_gets_a_runtime_of_its_own():
    """The parent's is dead in the child, and alive in the parent."""
    done = run_script(FORK)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "parent goes on\n"


NESTED = """
import asyncio, sys, _asyncio

async def on_background_loop(runtime):
    task = asyncio.current_task()
    assert type(task) is _asyncio.Task, type(task)
    assert task.get_loop() is runtime.loop
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        pass
    else:
        raise AssertionError("no timeout")
    async with asyncio.TaskGroup() as group:
        inner = group.create_task(asyncio.sleep(0, "inner"))
    assert type(inner) is _asyncio.Task, type(inner)
    assert type(runtime.loop.create_future()) is _asyncio.Future
    both = await asyncio.gather(
        asyncio.wait_for(asyncio.sleep(0, 1), 5), asyncio.shield(asyncio.sleep(0, 2))
    )
    assert both == [1, 2], both
    assert asyncio.current_task() is task
    assert task in asyncio.all_tasks()
    never = asyncio.sleep(0)
    try:
        runtime.loop.run_until_complete(never)
    except RuntimeError as error:
        never.close()
        return str(error)
    raise AssertionError("the background loop is re-entrant")

async def kernel():
    if sys.argv[1] == "patched first":
        import nest_asyncio
        nest_asyncio.apply()
    from okxlab.asyncio_run import allow_asyncio_run
    from okxlab.runtime import current_runtime
    runtime = current_runtime()
    before = runtime.submit(on_background_loop(runtime))
    allow_asyncio_run()
    allow_asyncio_run()

    async def main():
        await asyncio.sleep(0.01)
        return runtime.submit(on_background_loop(runtime))

    assert before == asyncio.run(main()) == "This event loop is already running"
    kernels = type(asyncio.get_running_loop())
    for name in ("run_forever", "run_until_complete", "_run_once", "_check_running"):
        method = getattr(type(runtime.loop), name)
        assert method is getattr(asyncio.BaseEventLoop, name), name
        assert method.__module__ == "asyncio.base_events", name
        assert getattr(kernels, name).__module__ == "nest_asyncio", name
    print("out of reach")

loop = asyncio.new_event_loop()
loop.run_until_complete(kernel())
loop.close()
"""


@pytest.mark.parametrize("order", ["patched first", "okxlab first"])
def test_the_background_loop_is_out_of_reach_of_nest_asyncio(order):
    """A cell may use ``asyncio.run``; the loop in the background does not change."""
    done = run_script(NESTED, order)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "out of reach\n"


def test_allow_asyncio_run_changes_nothing_where_no_loop_runs():
    """A script needs no patch, so it gets none."""
    done = run_script(
        "import asyncio, sys, okxlab.asyncio_run\n"
        "okxlab.asyncio_run.allow_asyncio_run()\n"
        "assert 'nest_asyncio' not in sys.modules\n"
        "print(asyncio.run(asyncio.sleep(0, 'plain')), asyncio.run.__module__)"
    )

    assert (done.stdout, done.stderr) == ("plain asyncio.runners\n", "")
