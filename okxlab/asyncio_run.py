"""The one use of a patched loop: scripts with ``asyncio.run`` in a notebook cell."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any

from okxlab.errors import MissingExtraError, OkxlabError

__all__ = ["allow_asyncio_run"]

# From 3.14 on the current task is kept in C alone, where nest_asyncio (1.6.0,
# archived) cannot reach it; its successor, which ipykernel brings, can.
_NEST_ASYNCIO = "nest_asyncio" if sys.version_info < (3, 14) else "nest_asyncio2"


def allow_asyncio_run() -> None:
    """Let ordinary ``asyncio.run(main())`` scripts run in this kernel's cells.

    In a kernel a loop is running already, so that ``asyncio.run`` raises.  This
    makes the kernel's loop re-entrant with ``nest_asyncio``, for the rest of the
    process.  okxlab itself never needs it, and its background loop stays as it
    is.  Where no loop runs, as in a script, nothing is done and nothing needed.

    Raises
    ------
    OkxlabError
        If the running loop is not one of asyncio's own (uvloop, for example):
        write ``await main()`` in the cell then.
    MissingExtraError
        If Python is 3.14 or newer and ``nest_asyncio2`` is not installed.

    Notes
    -----
    To be called from a cell, on the thread that runs it.  Calling it again is
    harmless.  It changes asyncio for the whole process: tasks and futures made
    from then on are the pure-Python ones, and ``asyncio.run`` no longer takes
    ``loop_factory``.

    Examples
    --------
    >>> allow_asyncio_run()
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if not isinstance(loop, asyncio.BaseEventLoop):
        raise OkxlabError(
            f"The running loop, {type(loop).__name__}, cannot be made re-entrant; "
            "write `await main()` in the cell instead of `asyncio.run(main())`."
        )
    _nest_asyncio().apply(loop)


def _nest_asyncio() -> Any:
    try:
        return importlib.import_module(_NEST_ASYNCIO)
    except ImportError as error:
        raise MissingExtraError(
            f"This needs {_NEST_ASYNCIO}: run %pip install {_NEST_ASYNCIO}, "
            "or write `await main()` in the cell."
        ) from error
