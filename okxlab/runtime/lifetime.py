"""The one runtime of a process: from first use to exit, through forks and reloads."""

from __future__ import annotations

import atexit
import os

from okxlab.runtime import kept
from okxlab.runtime.background import Runtime

__all__ = ["close_runtime", "current_runtime"]

_NAME = "runtime"
_HOOKS = "runtime hooks"
_FORKED = "runtimes of parents"


def current_runtime() -> Runtime:
    """Return the runtime of this process, started if need be.

    Returns
    -------
    Runtime
        The same object every time, also after okxlab was reloaded; a new one
        after `close_runtime`, and in a forked child.
    """
    return kept.keep(_NAME, _start, lambda found: found.is_running)


def close_runtime() -> None:
    """Close the runtime of this process, if it has one."""
    found: Runtime | None = kept.kept(_NAME)
    if found is not None:
        kept.forget(_NAME)
        found.close()


def _start() -> Runtime:
    kept.keep(_HOOKS, _install_hooks)
    return Runtime()


def _install_hooks() -> bool:
    atexit.register(close_runtime)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)
    return True


def _after_fork() -> None:
    kept.start_over_after_fork()
    parents: Runtime | None = kept.kept(_NAME)
    if parents is not None:
        parents.die_after_fork()
        # Never let go of it: the garbage collector would close a selector and
        # sockets that the parent goes on using.
        kept.keep(_FORKED, list[Runtime]).append(parents)
        kept.forget(_NAME)
