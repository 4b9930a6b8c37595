"""From a question to a finished DataFrame, while its asker waits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from okxlab.environment import is_loopback
from okxlab.history.cache import default_directory
from okxlab.history.frames import history_frame
from okxlab.history.progress import Progress
from okxlab.history.retrieval import Past, Request, Retrieval

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from okxlab.environment import Environment
    from okxlab.history.calls import Rest
    from okxlab.runtime import Runtime

__all__ = ["finished_frame"]


def finished_frame(
    request: Request,
    environment: Environment,
    runtime: Runtime,
    rest: Callable[[], Rest],
    *,
    cache: bool | str | Path = True,
    progress: bool = True,
) -> pd.DataFrame:
    """Fetch what was asked for and wait for it.

    Parameters
    ----------
    request
        The question.
    environment
        Which exchange it is about.
    runtime
        Whose loop thread fetches.
    rest
        Returns who asks; called on the loop thread.
    cache
        Where whole pages are kept: True for the platform's place, a directory, or
        False for nowhere.  What an exchange on this machine made up is kept only
        in a directory that is named: the next one makes up something else.
    progress
        Whether to draw a bar.

    Returns
    -------
    pandas.DataFrame
        As a stream of the channel has it.

    Raises
    ------
    ChannelError
        If the stretch begins in the future or holds too many rows.
    ExchangeError, ConnectError, RemoteProtocolError
        If a page cannot be had.

    Warns
    -----
    UserWarning
        If OKX lacks rows in the middle of what was asked for, or at its start.
    """

    async def run() -> Past:
        return await retrieval.run(rest())

    retrieval = Retrieval(
        request,
        _directory(cache, environment),
        f"{environment.rest}{' demo' if environment.simulated else ''}",
        runtime.clock.recv_us,
    )
    with Progress(retrieval, request.name, shown=progress) as bar:
        past = runtime.watch(run(), bar.update)
    frame = history_frame(past.source, past.fetched)
    _warn(request, past, frame)
    return frame


def _directory(cache: bool | str | Path, environment: Environment) -> Path | None:
    if not isinstance(cache, bool):
        return Path(cache).expanduser()
    if not cache or is_loopback(environment.rest or ""):
        return None
    return default_directory()


def _warn(request: Request, past: Past, frame: pd.DataFrame) -> None:
    """Say what is not in the frame, where its user looks."""
    if past.missing:
        _say(f"OKX has {past.missing:,} rows less of {request.name} than it should")
    if not len(frame):
        _say(f"OKX has nothing of {request.name} in this stretch")
    elif past.is_cut:
        since = f"{frame.index[0]:%Y-%m-%d %H:%M:%S} UTC"
        _say(f"OKX has {request.name} only since {since}")


def _say(text: str) -> None:
    # The caller of okxlab.history: three functions of okxlab are in between.
    warnings.warn(text, UserWarning, stacklevel=5)
