"""The current lab, and the module-level functions that use it."""

from __future__ import annotations

import atexit
import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from okxlab.environment import Environment, environment_name, resolve
from okxlab.errors import OkxlabError
from okxlab.lab.lab import Lab
from okxlab.lab.login import check_credentials
from okxlab.protocol.channels import CHANNELS
from okxlab.protocol.channels import channel as find_channel
from okxlab.protocol.channels.arguments import typed
from okxlab.runtime import current_runtime, keep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from okxlab.protocol.auth import Credentials
    from okxlab.simulator import Simulator
    from okxlab.stream import BookStream, Stream
    from okxlab.views.panel import Panel

__all__ = [
    "book",
    "channels",
    "connect",
    "current_lab",
    "history",
    "instruments",
    "panel",
    "stream",
]

_log = logging.getLogger("okxlab.lab")


class _Labs:
    """The labs of this process: the current one, and all that are open."""

    def __init__(self) -> None:
        self.current: Lab | None = None
        self.by_key: dict[Any, Lab] = {}


def _labs() -> _Labs:
    # Kept where a reload of this module finds it again.
    return keep("labs", _Labs)


def connect(
    env: str | Environment | Simulator | None = None,
    *,
    site: str = "global",
    credentials: Credentials | None = None,
) -> Lab:
    """Open a lab on an exchange and make it the current one.

    Nothing is connected yet: the first stream does that.  Equal arguments give
    the same lab; with others the new one becomes current, and the old one stays
    open until it is closed.

    Parameters
    ----------
    env
        ``"live"``, ``"demo"``, ``"simulator"`` (runs one inside this process),
        an `Environment`, a `Simulator`, or a WebSocket base address; by default
        the value of the variable ``OKXLAB_ENV``, and ``"live"`` where that is
        not set.
    site
        ``"global"``, ``"eea"`` or ``"us"``: where the account was made.
    credentials
        The account whose private channels are wanted; public ones need none.

    Returns
    -------
    Lab

    Raises
    ------
    EnvironmentNameError
        If there is no such environment or site; with the nearest miss.
    CredentialsError
        If the credentials are something else; the message does not show it.
    """
    if credentials is not None:
        check_credentials(credentials)
    labs = _labs()
    key = (*_key(env), site, credentials)
    found = labs.by_key.get(key)
    if found is None or not found.is_open:
        found = labs.by_key[key] = _open(env, site, credentials)
        # Last in, first out: labs say goodbye before their simulators go.
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    labs.current = found
    return found


def _close_all() -> None:
    # A copy: a thread that is still at work may open another one meanwhile, which
    # ends with the runtime.
    for lab in list(_labs().by_key.values()):
        try:
            lab.close()
        except Exception:  # noqa: BLE001  # the other labs are to be closed as well
            _log.exception("%r did not close in order", lab)


def _key(env: str | Environment | Simulator | None) -> tuple[object, ...]:
    if isinstance(env, Environment):
        return ("environment", env)
    if env is None or isinstance(env, str):
        return ("name", environment_name(env))
    return ("simulator", id(env))


def _open(
    env: str | Environment | Simulator | None,
    site: str,
    credentials: Credentials | None,
) -> Lab:
    runtime = current_runtime()
    if isinstance(env, Environment):
        return Lab(env, runtime, credentials=credentials)
    if env is None or isinstance(env, str):
        name = environment_name(env)
        if name != "simulator":
            return Lab(resolve(name, site), runtime, credentials=credentials)
        return _open_simulator(None, credentials)
    return _open_simulator(env, credentials)


def _open_simulator(given: Simulator | None, credentials: Credentials | None) -> Lab:
    from okxlab.simulator import Simulator

    if given is not None and not isinstance(given, Simulator):
        raise OkxlabError(
            f"okxlab.connect takes a name, an Environment or a Simulator, not {given!r}"
        )
    simulator = given or Simulator()
    simulator.start()
    return Lab(
        simulator.environment,
        current_runtime(),
        credentials=credentials,
        simulator=simulator,
        owns_simulator=given is None,
    )


def current_lab() -> Lab:
    """Return the current lab; `connect` without arguments if there is none."""
    found = _labs().current
    return found if found is not None and found.is_open else connect()


def stream(
    inst_id: str | Sequence[str] | None = None,
    channel: str = "tickers",
    *,
    window: int | str | timedelta = 10_000,
    max_rows: int = 1_000_000,
    history: int | str | timedelta | None = None,
    **arg: str,
) -> Stream:
    """Subscribe to a channel on the current lab.

    The same channel and arg give the same stream.

    Parameters
    ----------
    inst_id
        Instrument, for example ``"BTC-USDT"``; a list makes one stream with an
        ``inst_id`` column.
    channel
        OKX's name; `channels` lists them.
    window
        Rows to keep, or a duration such as ``"15min"`` back from the newest row.
    max_rows
        Most rows that a duration may keep.
    history
        Begin with so much of the past: rows (``2_000``) or a duration (``"1D"``), for
        candles and trades.
    **arg
        What else the channel takes, for example ``inst_type="SWAP"``.

    Returns
    -------
    Stream
        At once; its rows follow.

    Raises
    ------
    ChannelError
        If there is no such channel, or an argument or the window is wrong.
    """
    return current_lab().stream(
        inst_id, channel, window=window, max_rows=max_rows, history=history, **arg
    )


def book(
    inst_id: str,
    *,
    channel: str = "books",
    window: int | str | timedelta = 10_000,
    max_rows: int = 1_000_000,
) -> BookStream:
    """Subscribe to an order book on the current lab.

    The same instrument and channel give the same book.

    Parameters
    ----------
    inst_id
        Instrument, for example ``"BTC-USDT"``.
    channel
        ``"books"``, 400 levels a side, or one that is whole in every message:
        ``"books5"``, ``"bbo-tbt"``.
    window
        Rows of the history of the top to keep, or a duration such as
        ``"15min"`` back from the newest row.
    max_rows
        Most rows that a duration may keep.

    Returns
    -------
    BookStream
        At once; the book follows.

    Raises
    ------
    ChannelError
        If there is no such channel, it has no book, or the window is wrong.
    """
    return current_lab().book(
        inst_id, channel=channel, window=window, max_rows=max_rows
    )


def panel() -> Panel:
    """Show a panel that drives the current lab: streams, charts, a log, a login.

    Returns
    -------
    Panel
        A widget; the same one until it is closed.
    """
    return current_lab().panel()


def instruments(
    inst_type: str = "SPOT",
    inst_family: str | None = None,
    *,
    series_id: str | None = None,
) -> pd.DataFrame:
    """Return what is listed on the exchange of the current lab.

    Parameters
    ----------
    inst_type
        ``SPOT``, ``MARGIN``, ``SWAP``, ``FUTURES``, ``OPTION`` or ``EVENTS``.
    inst_family
        Family, for example ``"BTC-USD"``; OKX demands one for options.
    series_id
        Series, for example ``"BTC-ABOVE-DAILY"``; OKX demands one for events.

    Returns
    -------
    pandas.DataFrame
        One row an instrument, indexed by ``inst_id``.

    Raises
    ------
    ChannelError
        If there is no such kind of instrument, or a family or a series is missing.
    ExchangeError, ConnectError
        If OKX refuses, or cannot be reached.
    """
    return current_lab().instruments(inst_type, inst_family, series_id=series_id)


def history(
    inst_id: str,
    channel: str,
    start: object,
    end: object = None,
    *,
    max_rows: int = 1_000_000,
    cache: bool | str | Path = True,
    progress: bool = True,
) -> pd.DataFrame:
    """Return what a channel of the current lab brought in the past.

    Parameters
    ----------
    inst_id
        Instrument, for example ``"BTC-USDT"``; for index candles the index.
    channel
        ``"candle1H"`` and all other bars, also of mark prices and of indices;
        ``"trades"``, ``"trades-all"`` or ``"funding-rate"``.
    start
        From when: a time, or a duration (``"30D"``) or a number of rows before the
        end.  A text is UTC (``"2026-11-01 14:30"``); a ``datetime`` or
        ``Timestamp`` must have a time zone.
    end
        Before when; the present by default, the bar that is open included.
    max_rows
        Most rows; more are refused before they are fetched.
    cache
        Where whole pages are kept: True for the platform's place for such things, a
        directory, or False for nowhere.  What a simulator made up is kept only in a
        directory that is named.
    progress
        Whether to draw a progress bar if it takes a while.

    Returns
    -------
    pandas.DataFrame
        As the stream's ``df``; `Lab.history` tells the rest.

    Raises
    ------
    ChannelError
        If there is no such channel or history, or the stretch makes no sense.
    ExchangeError, ConnectError
        If OKX refuses, or cannot be reached; asking again goes on from there.

    Examples
    --------
    >>> bars = okxlab.history("BTC-USDT", "candle1H", "30D")  # doctest: +SKIP
    """
    return current_lab().history(
        inst_id,
        channel,
        start,
        end,
        max_rows=max_rows,
        cache=cache,
        progress=progress,
    )


def channels(name: str | None = None) -> pd.DataFrame:
    """Return what can be subscribed to.

    Parameters
    ----------
    name
        A channel, whose columns are then returned; all channels by default.

    Returns
    -------
    pandas.DataFrame
        Without a name: one row a channel or family of candles, indexed by
        ``channel``, with its path, kind, arguments (``|`` between those of which
        one is enough), bars, whether it needs a login and a fee tier, its title
        and OKX's page.  With one: one row a column of its
        frame, indexed by ``column``, with its dtype and what it holds.

    Raises
    ------
    ChannelError
        If there is no such channel; with the nearest miss.
    """
    if name is None:
        return pd.DataFrame(
            {
                "path": [entry.path for entry in CHANNELS],
                "kind": [entry.kind for entry in CHANNELS],
                "args": [
                    _arg_names(entry.required, entry.either) for entry in CHANNELS
                ],
                "optional": [_arg_names(entry.optional) for entry in CHANNELS],
                "bars": [" ".join(entry.bars) for entry in CHANNELS],
                "login": [entry.login for entry in CHANNELS],
                "tier": [entry.tier for entry in CHANNELS],
                "title": [entry.title for entry in CHANNELS],
                "url": [entry.url for entry in CHANNELS],
            },
            index=pd.Index([entry.name for entry in CHANNELS], name="channel"),
        )
    entry = find_channel(name)
    docs = entry.column_docs()
    columns = entry.columns(many=True)
    return pd.DataFrame(
        {
            "kind": [column.kind for column in columns],
            "doc": [docs[column.name] for column in columns],
        },
        index=pd.Index([column.name for column in columns], name="column"),
    )


def _arg_names(keys: tuple[str, ...], either: tuple[str, ...] = ()) -> str:
    words = (*keys, "|".join(either)) if either else keys
    return " ".join(map(typed, words))
