"""Live OKX market data as pandas DataFrames in a notebook.

``okxlab.stream("BTC-USDT").df`` is a DataFrame that is always up to date.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from okxlab import errors, metrics
from okxlab._version import __version__
from okxlab.environment import Environment
from okxlab.errors import *  # noqa: F403  # the names are listed in errors.__all__
from okxlab.lab import (
    Lab,
    book,
    channels,
    connect,
    current_lab,
    history,
    instruments,
    panel,
    stream,
)
from okxlab.protocol.auth import Credentials
from okxlab.stream import BookStream, Callback, Stats, Stream

if TYPE_CHECKING:
    from okxlab.asyncio_run import allow_asyncio_run
    from okxlab.simulator import Simulator

# Where log records go is its user's choice: without a handler of its own Python
# would print warnings from a thread into whichever cell runs.
logging.getLogger("okxlab").addHandler(logging.NullHandler())

__all__ = [  # noqa: PLE0604  # errors.__all__ is a list of texts
    *errors.__all__,
    "BookStream",
    "Callback",
    "Credentials",
    "Environment",
    "Lab",
    "Simulator",
    "Stats",
    "Stream",
    "__version__",
    "allow_asyncio_run",
    "book",
    "channels",
    "connect",
    "current_lab",
    "errors",
    "history",
    "instruments",
    "metrics",
    "panel",
    "stream",
]

# Imported on first use: a notebook on the live exchange needs no simulator.
_ON_FIRST_USE = {
    "Simulator": "okxlab.simulator",
    "allow_asyncio_run": "okxlab.asyncio_run",
}


def __getattr__(name: str) -> Any:
    module = _ON_FIRST_USE.get(name)
    if module is None:
        raise AttributeError(f"module 'okxlab' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted(__all__)
