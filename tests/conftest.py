"""What all tests share: reproducible properties, leak checks, far ends."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# The same examples in every run of CI: a red build is the change's doing.
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,  # two shared cores: a slow example is no wrong one
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    # Explaining a failure traces every line of every example, ten times slower.
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("nightly", max_examples=2_000, deadline=None, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE")
    or ("ci" if os.environ.get("CI") else "default")
)

# Threads that live as long as the process, by design: okxlab's one loop and its
# dispatcher, the pools of the standard library, and what debuggers bring.
LASTING_THREADS = ("okxlab-loop", "okxlab-dispatcher", "asyncio_", "pydevd")
LEAK_PATIENCE = 3.0
"""How long threads and sockets that were told to end may take [s]."""

FRAMES_VARIABLE = "OKXLAB_FRAMES"


def _passing_threads() -> set[threading.Thread]:
    return {
        thread
        for thread in threading.enumerate()
        if not thread.name.startswith(LASTING_THREADS)
    }


def _network_sockets() -> int:
    """Count this process's internet sockets; event loops' own pairs are not any.

    Only Linux lists them; elsewhere the threads and the interpreter's own
    warnings about unclosed sockets have to do.
    """
    count = 0
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or no socket
            found = socket.socket(fileno=int(entry.name))
            count += found.family in (socket.AF_INET, socket.AF_INET6)
            found.detach()  # only looked at: it goes on belonging to its owner
    return count


@pytest.fixture(autouse=True)
def _leak_check():
    """Fail a test that leaves a thread or a network socket behind."""
    threads, sockets = _passing_threads(), _network_sockets()
    yield
    deadline = time.monotonic() + LEAK_PATIENCE
    for thread in _passing_threads() - threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread for thread in _passing_threads() - threads if thread.is_alive()]
    pause = threading.Event()
    while _network_sockets() > sockets and time.monotonic() < deadline:
        gc.collect()  # what nobody holds any more is no leak, but warns
        pause.wait(0.02)

    assert not left, f"left running: {left}"
    assert _network_sockets() <= sockets, "left network sockets open"


@pytest.fixture
def free_port():
    """Give a port on which nobody listens, as long as the test runs."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture(scope="session")
def frames() -> Path:
    """Give the directory of real and published frames, one a file."""
    directory = os.environ.get(FRAMES_VARIABLE)
    if not directory:
        pytest.skip(f"{FRAMES_VARIABLE} names no directory of real frames")
    path = Path(directory)
    if not path.is_dir():
        pytest.fail(f"{FRAMES_VARIABLE}={directory} is no directory")
    return path


@pytest.fixture(scope="session")
def simulator():
    """Run one exchange for all tests that neither disturb nor restart it."""
    from okxlab.simulator import Simulator

    with Simulator(seed=1) as running:
        yield running
