"""The lab: what a notebook holds of one exchange."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Self

from okxlab.errors import (
    ChannelError,
    CredentialsError,
    OkxlabError,
)
from okxlab.gaps import frame_of_all
from okxlab.history import Request, finished_frame
from okxlab.lab.connecting import Connector
from okxlab.lab.instrument_list import instrument_frame, instrument_rows
from okxlab.lab.login import Login, check_credentials, no_rest, private_path
from okxlab.lab.past import parse_past
from okxlab.lab.probe import probe
from okxlab.lab.status import LabStatus
from okxlab.protocol.channels import (
    CHANNELS,
    FAMILY,
    INDEX,
    INST_TYPES,
    SPREAD,
    make_arg,
    near_miss,
)
from okxlab.protocol.channels import channel as find_channel
from okxlab.stream import BookStream, Stream
from okxlab.stream.book_tape import BookTape
from okxlab.stream.sifted import make_tape
from okxlab.table import parse_window
from okxlab.views.html import lab_html

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from okxlab.environment import Environment
    from okxlab.lab.router import Router
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.auth import Credentials
    from okxlab.protocol.channels import Channel
    from okxlab.rest import RestClient
    from okxlab.runtime import Runtime
    from okxlab.simulator import Simulator
    from okxlab.stream.tape import Tape
    from okxlab.table import Window
    from okxlab.views.panel import Panel

__all__ = ["Lab"]

_Key = tuple[str, tuple["Arg", ...]]
"""One arg may be a book and rows at once."""

_log = logging.getLogger("okxlab.lab")

_CLOSE_TIMEOUT = 3.0
"""Connections have 2 s to close in order [s]."""
_REST_TIMEOUT = 60.0
"""Longest a list may take, retries included [s]."""


class Lab:
    """One exchange: its connections, and the streams opened on it.

    Made by `okxlab.connect`.

    Attributes
    ----------
    environment : Environment
        Which exchange, and with which timings.
    simulator : Simulator or None
        The exchange itself, if this lab runs one: its ``faults`` are switches
        to rehearse a bad day with.

    Notes
    -----
    All methods are safe from any thread but okxlab's own.
    """

    def __init__(
        self,
        environment: Environment,
        runtime: Runtime,
        *,
        credentials: Credentials | None = None,
        simulator: Simulator | None = None,
        owns_simulator: bool = False,
    ) -> None:
        self.environment = environment
        self.simulator = simulator
        self._credentials = credentials
        self._owns_simulator = owns_simulator
        self._runtime = runtime
        # Guards _streams and _is_open: streams are asked for on any thread.
        self._lock = threading.RLock()
        self._streams: dict[_Key, Stream] = {}
        self._tapes: dict[Stream, Tape] = {}
        self._is_open = True
        # Loop thread only: nothing is made there any more that is to be closed.
        self._is_shut = False
        self._panel: Panel | None = None
        self._rest_client: RestClient | None = None
        self._connector = Connector(environment, runtime)
        self._router_or_none: Router | None = None

    @property
    def is_open(self) -> bool:
        """Whether streams can be opened."""
        return self._is_open and self._runtime.is_running

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The open streams, oldest first."""
        with self._lock:
            return tuple(self._streams.values())

    @property
    def gaps(self) -> pd.DataFrame:
        """The intervals in which rows may be missing, of all open streams.

        Returns
        -------
        pandas.DataFrame
            The columns of `Stream.gaps` behind ``stream``, what each is of; in
            order of their start.
        """
        with self._lock:
            tapes = [(one.name, tape) for one, tape in self._tapes.items()]
        return frame_of_all(
            [(name, gap) for name, tape in tapes for gap in tape.gaps.gaps]
        )

    def stream(
        self,
        inst_id: str | Sequence[str] | None = None,
        channel: str = "tickers",
        *,
        window: int | str | timedelta = 10_000,
        max_rows: int = 1_000_000,
        history: int | str | timedelta | None = None,
        **arg: str,
    ) -> Stream:
        """Subscribe to a channel, or return the stream that already is.

        Returns at once; rows follow.  The same channel and arg give the same
        stream: a larger window grows it, a smaller one leaves it as it is.

        Parameters
        ----------
        inst_id
            Instrument, for example ``"BTC-USDT"``; a list makes one stream with
            an ``inst_id`` column.
        channel
            OKX's name; `okxlab.channels` lists them.
        window
            Rows to keep, or a duration such as ``"15min"`` back from the newest
            row.
        max_rows
            Most rows that a duration may keep.
        history
            Begin with so much of the past: rows of each instrument
            (``2_000``) or a duration (``"1D"``), for candles and trades.  It is
            fetched beside the stream and joins the live rows without a hole or a
            double; the window makes room for it.
        **arg
            What else the channel takes, for example ``inst_type="SWAP"``.

        Returns
        -------
        Stream

        Raises
        ------
        ChannelError
            If there is no such channel, an argument is missing, foreign or of a
            wrong kind, the window cannot be read, or there is no such past; with
            the nearest miss.
        CredentialsError
            If the channel needs a login and the lab has no credentials.
        OkxlabError
            If the lab is closed.
        """
        entry = find_channel(channel)
        if entry.instead:
            raise ChannelError(
                f"channel {channel!r} is an order book, which rows cannot show; "
                f"use {entry.instead} for it, or the channel 'books5'"
            )
        self._check_credentials(entry)
        wanted = parse_window(window, max_rows)
        args, many = _make_args(entry, inst_id, arg)
        past, wanted = parse_past(entry, history, wanted, len(args))
        self.environment.url(entry.path)
        with self._lock:
            key = ("rows of many" if many else "rows", args)
            found = self._open_stream(key, wanted)
            if found is None:
                tape = make_tape(
                    entry, args, wanted, many=many, lag_known=self._lag_known
                )
                found = Stream(tape, self._runtime, self._end, self._tick_of)
                self._add(key, found, tape)
            if past is not None:
                self._runtime.post(self._tapes[found].ask, past)
        return found

    def book(
        self,
        inst_id: str,
        *,
        channel: str = "books",
        window: int | str | timedelta = 10_000,
        max_rows: int = 1_000_000,
    ) -> BookStream:
        """Subscribe to an order book, or return the one that already is.

        Returns at once; the book follows.

        Parameters
        ----------
        inst_id
            Instrument, for example ``"BTC-USDT"``, or for a channel of spreads
            the spread: ``"BTC-USDT_BTC-USDT-SWAP"``.
        channel
            ``"books"``, 400 levels a side; ``"books-rpi"``, the same with RPI
            orders; ``"books-l2-tbt"`` and ``"books50-l2-tbt"``, which change
            every 10 ms and need a login and a fee tier; ``"sprd-books-l2-tbt"``;
            or a smaller book, which is whole in every message: ``"books5"``,
            ``"bbo-tbt"``, ``"sprd-books5"``, ``"sprd-bbo-tbt"``.
        window
            Rows of the history of the top to keep, or a duration such as
            ``"15min"`` back from the newest row.
        max_rows
            Most rows that a duration may keep.

        Returns
        -------
        BookStream

        Raises
        ------
        ChannelError
            If there is no such channel, it has no book, or the window cannot be
            read.
        OkxlabError
            If the lab is closed.
        """
        entry = find_channel(channel)
        if entry.kind != "book" and not entry.depth:
            books = [one.name for one in CHANNELS if one.kind == "book" or one.depth]
            raise ChannelError(
                f"channel {channel!r} has no order book; those that have one are "
                f"{', '.join(books)}"
            )
        self._check_credentials(entry)
        wanted = parse_window(window, max_rows)
        arg = make_arg(entry, inst_id)
        self.environment.url(entry.path)
        with self._lock:
            key = ("book", (arg,))
            found = self._open_stream(key, wanted)
            if not isinstance(found, BookStream):
                tape = BookTape(entry, arg, wanted, lag_known=self._lag_known)
                found = BookStream(tape, self._runtime, self._end, self._tick_of)
                self._add(key, found, tape)
        return found

    def _open_stream(self, key: _Key, wanted: Window) -> Stream | None:
        """Return a stream that is open, its window grown; hold the lock."""
        self._check_open()
        found = self._streams.get(key)
        if found is None:
            return None
        if self._tapes[found].is_over:
            self._runtime.post(self._detach, self._tapes[found])
            self._forget(found)
            return None
        self._runtime.post(self._tapes[found].grow, wanted)
        return found

    def _add(self, key: _Key, made: Stream, tape: Tape) -> None:
        self._streams[key] = made
        self._tapes[made] = tape
        self._runtime.post(self._attach, tape)

    def instruments(
        self,
        inst_type: str = "SPOT",
        inst_family: str | None = None,
        *,
        series_id: str | None = None,
    ) -> pd.DataFrame:
        """Return what is listed.

        Parameters
        ----------
        inst_type
            ``SPOT``, ``MARGIN``, ``SWAP``, ``FUTURES``, ``OPTION`` or ``EVENTS``.
        inst_family
            Family, for example ``"BTC-USD"``; OKX demands one for options.
        series_id
            Series, for example ``"BTC-ABOVE-DAILY"``; OKX demands one for events.
            The stream ``instruments`` of ``EVENTS`` shows which there are.

        Returns
        -------
        pandas.DataFrame
            One row an instrument, indexed by ``inst_id``; columns and dtypes
            as those of the ``instruments`` channel.

        Raises
        ------
        ChannelError
            If there is no such kind of instrument, or a family or a series is
            missing.
        ExchangeError, ConnectError
            If OKX refuses, or cannot be reached.

        Notes
        -----
        Waits for the answer.  OKX API v5, "REST / Get instruments".
        """
        make_arg(find_channel("instruments"), inst_type=inst_type)
        _check_part(inst_type, inst_family, series_id)
        self._check_open()
        rows = self._runtime.submit(
            self._load_instruments(inst_type, inst_family, series_id),
            timeout=_REST_TIMEOUT,
        )
        return instrument_frame(rows)

    def listed(self, kind: str = "SPOT") -> tuple[str, ...]:
        """Return the names of what is listed, as channels are subscribed to by.

        Parameters
        ----------
        kind
            A kind of instrument, as for `instruments`, here with all options and
            events; or ``INDEX``, ``SPREAD`` or ``OPTION FAMILY``.

        Returns
        -------
        tuple of str

        Raises
        ------
        ChannelError
            If there is no such kind; with the near miss.
        ExchangeError, ConnectError
            If OKX refuses, or cannot be reached.

        Notes
        -----
        Waits for the answer, which is kept for twenty minutes.
        """
        kinds = (*INST_TYPES, INDEX, SPREAD, FAMILY)
        if kind not in kinds:
            raise ChannelError(
                f"nothing is listed as {kind!r}{near_miss(str(kind), kinds)}; there is "
                f"{', '.join(kinds)}"
            )
        self._check_open()
        return self._runtime.submit(self._load_names(kind), timeout=_REST_TIMEOUT)

    def login(self, credentials: Credentials, *, timeout: float = 30.0) -> None:
        """Log in, or log in as somebody else.

        Tries the login at once on a connection of its own.  From then on private
        channels can be asked for, and those that were refused before start anew
        when they are asked for again; those that run are logged in anew.

        Parameters
        ----------
        credentials
            The account.  They replace those of the lab once OKX has taken them;
            until then, and after a refusal, the lab goes on with what it had.
        timeout
            Longest wait, above 0 [s].

        Raises
        ------
        ValueError
            If the timeout leaves no time.
        LoginError
            If OKX refuses: it says which of key, secret, passphrase, clock, site
            and environment is the likely cause.
        CredentialsError
            If these are no credentials, or the environment has public paths only.
        ConnectError
            If the private path cannot be reached or does not answer in time.
        OkxlabError
            If the lab is closed, or on one of okxlab's own threads.
        """
        check_credentials(credentials)
        if not timeout > 0:
            raise ValueError(f"timeout={timeout!r} must be a number of seconds above 0")
        self._check_open()
        self._runtime.submit(self._log_in(credentials, timeout), timeout=None)

    def panel(self) -> Panel:
        """Show a panel that drives this lab: streams, charts, a log, a login.

        Returns
        -------
        Panel
            A widget; the same one until it is closed.  What it opens is in
            `streams`, and what code opens is in the panel.
        """
        from okxlab.views.panel import Panel

        with self._lock:
            if self._panel is None or self._panel.is_closed:
                self._panel = Panel(self, self._runtime.painter)
            return self._panel

    def history(
        self,
        inst_id: str,
        channel: str,
        start: object,
        end: object = None,
        *,
        max_rows: int = 1_000_000,
        cache: bool | str | Path = True,
        progress: bool = True,
    ) -> pd.DataFrame:
        """Return what a channel brought in the past, as a finished DataFrame.

        Parameters
        ----------
        inst_id
            Instrument, for example ``"BTC-USDT"``; for index candles the index.
        channel
            ``"candle1H"`` and all other bars, also of mark prices and of indices;
            ``"trades"``, ``"trades-all"`` or ``"funding-rate"``.
        start
            From when: a time, or a duration (``"30D"``) or a number of rows before
            the end.  A text is UTC (``"2026-11-01 14:30"``); a ``datetime`` or
            ``Timestamp`` must have a time zone.
        end
            Before when; the present by default, the bar that is open included.
        max_rows
            Most rows; more are refused before they are fetched.
        cache
            Where whole pages are kept: True for the platform's place for such
            things, a directory, or False for nowhere.  What a simulator made up is
            kept only in a directory that is named.
        progress
            Whether to draw a progress bar if it takes a while.

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as of the stream's ``df``, in order of ``ts``, each
            row once.  ``origin`` is ``history``, ``recv`` when a row was fetched.
            Trades are single (``count`` is 1, ``seq_id`` -1); bars are
            ``confirm``-ed but the one that is open.  Of ``funding-rate`` a row is
            a payment: ``ts`` when, ``sett_funding_rate`` how much.

        Raises
        ------
        ChannelError
            If there is no such channel or no history of it, the times cannot be
            read or are in the wrong order, or there are more than `max_rows` rows.
        ExchangeError, ConnectError
            If OKX refuses, or cannot be reached in several attempts; what was
            fetched is kept, and asking again goes on from there.

        Warns
        -----
        UserWarning
            If OKX lacks rows in the middle or at the start.

        Notes
        -----
        Waits, and can be interrupted.  Pages are fetched side by side within OKX's
        rate limits: about 2,700 bars or 900 trades a second.
        """
        request = Request(inst_id, channel, start, end, max_rows=max_rows)
        self._check_open()
        return finished_frame(
            request,
            self.environment,
            self._runtime,
            self._need_rest,
            cache=cache,
            progress=progress,
        )

    def has_history(self, channel: str) -> bool:
        """Tell whether a stream of a channel can begin with its past.

        Parameters
        ----------
        channel
            OKX's name; there may be none such.
        """
        try:
            parse_past(find_channel(channel), 1, parse_window(1), 1)
        except ChannelError:
            return False
        return True

    @property
    def status(self) -> LabStatus:
        """What the lab is doing and how much of its limits is used; never raises.

        Shows itself as a table in a notebook.
        """
        router = self._router_or_none
        return LabStatus(
            environment=self.environment.name,
            is_open=self.is_open,
            streams=tuple((stream.name, stream.status) for stream in self.streams),
            login=self._login_state,
            connections=router.status() if router is not None else (),
            channel_counts=router.channel_counts() if router is not None else (),
            connects_per_second=self.environment.timings.connects_per_second,
            tls=self._runtime.tls,
        )

    @property
    def _login_state(self) -> str:
        if self._credentials is None:
            return "none"
        router = self._router_or_none
        login = router.login if router is not None else None
        return login.state if login is not None else "given"

    def close(self) -> None:
        """Close every stream and connection, and a simulator of the lab's own.

        What the streams hold stays readable.  Closing twice does nothing.
        """
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
        if self._panel is not None:
            self._panel.close()
        try:
            for stream in self.streams:
                stream.close()
            if self._runtime.is_running:
                self._runtime.submit(self._shut(), timeout=_CLOSE_TIMEOUT)
        finally:
            if self._owns_simulator and self.simulator is not None:
                self.simulator.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<Lab {self.environment.name}, {state}: {len(self._streams)} streams>"

    def _repr_html_(self) -> str:
        return lab_html(self)

    # On the loop thread.

    def _attach(self, tape: Tape) -> None:
        if tape.closed or self._is_shut:
            return
        try:
            self._router().attach(tape)
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it
            _log.exception("%s cannot be served", tape.args[0])
            tape.fail(error)

    def _detach(self, tape: Tape) -> None:
        if self._router_or_none is not None:
            self._router_or_none.detach(tape)

    def _router(self) -> Router:
        if self._router_or_none is None:
            from okxlab.lab.router import Router

            self._router_or_none = Router(self.environment, self._runtime, self._rest())
            if self._credentials is not None:
                self._router_or_none.use(self._login(self._credentials))
            self._runtime.add_closer(self._shut)
        return self._router_or_none

    def _login(self, credentials: Credentials) -> Login:
        clock = self._runtime.clock
        return Login(credentials, self.environment, self._rest(), clock)

    def _rest(self) -> RestClient | None:
        if self._is_shut:  # a call had found the lab open; who would close this?
            raise self._closed_error()
        if self._rest_client is None and self.environment.rest is not None:
            from okxlab.rest import RestClient

            self._rest_client = RestClient(
                self.environment.rest,
                simulated=self.environment.simulated,
                timeout=self.environment.timings.rest_timeout,
                ssl=self.environment.ssl_context,
            )
            self._runtime.add_closer(self._shut)
        return self._rest_client

    async def _load_instruments(
        self, inst_type: str, inst_family: str | None, series_id: str | None
    ) -> list[Any]:
        rest = self._need_rest()
        return list(await instrument_rows(rest, inst_type, inst_family, series_id))

    async def _load_names(self, kind: str) -> tuple[str, ...]:
        self._need_rest()
        catalogue = self._router().catalogue
        assert catalogue is not None, "there is a REST address"
        return await catalogue.names(kind)

    def _need_rest(self) -> RestClient:
        rest = self._rest()
        if rest is None:
            raise no_rest(self.environment)
        return rest

    async def _log_in(self, credentials: Credentials, seconds: float) -> None:
        login = self._login(credentials)
        path = private_path(self.environment)
        await probe(self._connector, path, login, seconds)
        self._credentials = credentials
        self._router().use(login)

    async def _shut(self) -> None:
        self._is_shut = True
        self._runtime.remove_closer(self._shut)
        if self._router_or_none is not None:
            await self._router_or_none.close()
        elif self._rest_client is not None:
            await self._rest_client.close()

    # On the caller's thread.

    def _tick_of(self, entry: Channel, name: str, patience: float) -> float | None:
        """Return the step of a price, as `Ticks.get`; None for that of an index."""
        router = self._router_or_none
        if router is None or router.ticks is None or entry.inst_id_is == "index":
            return None
        is_spread = entry.inst_id_is == "spread"
        return router.ticks.get(name, is_spread=is_spread, patience=patience)

    def _end(self, stream: Stream) -> None:
        with self._lock:
            tape = self._tapes.get(stream)
            self._forget(stream)
        if tape is None:
            return
        tape.close()
        if self._runtime.is_running:
            self._runtime.post(self._detach, tape)

    def _forget(self, stream: Stream) -> None:
        self._tapes.pop(stream, None)
        for key in [key for key, one in self._streams.items() if one is stream]:
            del self._streams[key]

    def _check_credentials(self, entry: Channel) -> None:
        if entry.login and self._credentials is None:
            raise CredentialsError(
                f"channel {entry.name!r} shows an account or needs a fee tier, and so "
                f"a key: okxlab.connect({self.environment.name!r}, "
                f"credentials=okxlab.Credentials(api_key, secret_key, passphrase)), "
                f"or login(credentials) on the lab that is open"
            )

    def _check_open(self) -> None:
        if not self.is_open:
            raise self._closed_error()

    def _closed_error(self) -> OkxlabError:
        return OkxlabError(
            f"the lab of {self.environment.name!r} is closed; open one with "
            f"okxlab.connect(...)"
        )

    @property
    def _lag_known(self) -> bool:
        return self.simulator is None or self.simulator.speed == 1


def _check_part(inst_type: str, inst_family: str | None, series_id: str | None) -> None:
    """Refuse to ask for a whole list that OKX tells in parts only."""
    if inst_type == "OPTION" and not inst_family:
        raise ChannelError(
            "OKX lists options family by family: okxlab.instruments('OPTION', "
            "inst_family='BTC-USD')"
        )
    if inst_type == "EVENTS" and not series_id:
        raise ChannelError(
            "OKX lists events series by series: okxlab.instruments('EVENTS', "
            "series_id='BTC-ABOVE-DAILY'); the column series_id of "
            "okxlab.stream(channel='instruments', inst_type='EVENTS').df shows which "
            "there are"
        )


def _make_args(
    entry: Channel, inst_id: str | Sequence[str] | None, arg: dict[str, str]
) -> tuple[tuple[Arg, ...], bool]:
    """Return the args of a stream and whether they are of several instruments."""
    if inst_id is None or isinstance(inst_id, str) or not hasattr(inst_id, "__iter__"):
        one: Any = inst_id  # no text is refused where every other value is
        return (make_arg(entry, one, **arg),), False
    if not inst_id:
        raise ChannelError(
            "the list of instruments is empty: name at least one, as in "
            f"okxlab.stream(['BTC-USDT', 'ETH-USDT'], {entry.name!r})"
        )
    found = (make_arg(entry, one, **arg) for one in inst_id)
    return tuple(dict.fromkeys(found)), True
