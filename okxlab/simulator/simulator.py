"""The simulator as its user holds it: an exchange, served by a thread of its own."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from typing import TYPE_CHECKING, Self, TypeVar, get_args

from okxlab.environment import Environment
from okxlab.simulator.accounts.account import Account
from okxlab.simulator.accounts.lessons import Lessons
from okxlab.simulator.exchange import Checksum, Exchange
from okxlab.simulator.faults import Faults
from okxlab.simulator.load import Load, Rate, check_rate

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from okxlab.protocol.asked import ServerSettings
    from okxlab.simulator.certificate import Certificate
    from okxlab.simulator.serving import Serving

__all__ = ["Simulator"]

_Result = TypeVar("_Result")

LOGGER = logging.getLogger("okxlab.simulator")


class Simulator(Lessons):
    """An OKX v5 exchange on the loopback interface, with a market of its own.

    It serves ``/ws/v5/public``, ``/ws/v5/private`` and ``/ws/v5/business`` and the
    REST calls ``/api/v5/...`` on one port, to okxlab and to any other client of OKX.

    Parameters
    ----------
    seed
        Seed of the market: the same seed, start, steps and requests give the same
        bytes.
    start
        Virtual time at the beginning: a datetime with a timezone, or Unix
        milliseconds; the present time by default.
    speed
        Virtual seconds in a second.  At 1 it follows the wall clock; at 0 time moves
        only by :meth:`step`.
    instruments
        How many instruments are listed.
    port
        TCP port; by default any free one, which it keeps for all later starts.
    tls
        Whether it speaks ``wss://`` and ``https://``, with a certificate of its own
        that :attr:`ssl_context` trusts.
    checksum
        What order books carry: "zero" as OKX sends today, or "legacy", the CRC-32 of
        before June 2026.
    accounts
        Who may log in, and with what they begin; by default one with the key
        ``simulator-key``, ``simulator-secret`` and ``simulator-pass``.
    trader
        What the first account trades by itself from the start on, such as
        ``"BTC-USDT"``, so that there is something to see; see `script_trader`.
    rate
        Makes it a load in place of a market: so many messages a second over all
        subscriptions, or "max" for as many as each client takes.  What a
        subscription begins with is then sent again and again, with ids and times
        that go on, so that nothing seems to be missing; prices stand still.  Goes
        neither with another ``speed`` nor with a ``trader``.
    simulated
        Whether it passes for OKX's demo trading, so that :attr:`environment` does.
        It matters to accounts that are for one of the two alone.
    settings
        Limits of a connection, such as the 30 s of silence after which OKX hangs up.

    Raises
    ------
    ValueError
        If a value makes no sense.

    Attributes
    ----------
    faults : Faults
        Switches for what goes wrong on a real day; the same object for good.

    Notes
    -----
    Safe from any thread.  It runs on a daemon thread of its own, prints nothing and
    logs under ``okxlab.simulator``.  What is not stopped is stopped when Python exits.

    Examples
    --------
    >>> import datetime as dt
    >>> start = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    >>> with Simulator(seed=7, start=start, speed=0) as simulator:
    ...     simulator.step(60)
    ...     print(simulator.now)
    2026-01-02 00:01:00+00:00
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        start: dt.datetime | int | None = None,
        speed: float = 1.0,
        instruments: int = 20,
        port: int = 0,
        tls: bool = False,
        checksum: Checksum = "zero",
        accounts: Sequence[Account] | None = None,
        trader: str | None = None,
        rate: Rate | None = None,
        simulated: bool = False,
        settings: ServerSettings | None = None,
    ) -> None:
        if not 0 <= speed < float("inf"):
            raise ValueError(
                f"speed={speed!r} must be 0 (only step() moves it), 1 (the wall clock) "
                "or another positive number"
            )
        if checksum not in get_args(Checksum):
            raise ValueError(f'checksum={checksum!r} must be "zero" or "legacy"')
        check_rate(rate, speed=speed, trader=trader)
        given = (Account(),) if accounts is None else tuple(accounts)
        if len({one.api_key for one in given}) != len(given):
            raise ValueError("two accounts have the same api_key")
        super().__init__(trader)
        self.faults = Faults()
        self._accounts = given
        self._simulated = simulated
        self._seed = seed
        self._speed = speed
        self._instruments = instruments
        self._port = port
        self._checksum = checksum
        self._settings = settings
        self._load = None if rate is None else Load(rate, _present_ms)
        self._tls = tls
        self._certificate: Certificate | None = None
        # Virtual time to begin at; None is the present.
        self._start_ms = _unix_ms(start)
        # Held while starting and stopping; `_serving` changes under it only.
        self._lifecycle = threading.RLock()
        self._serving: Serving | None = None

    def start(self) -> Self:
        """Listen and serve; harmless if it does already.

        Returns
        -------
        Simulator
            Itself.

        Raises
        ------
        OSError
            If the port is taken.
        """
        # Imported here, because aiohttp is heavy and most of okxlab does without.
        from okxlab.simulator.server import Server
        from okxlab.simulator.serving import Serving

        with self._lifecycle:
            if not self.is_running:
                context = (
                    self._get_certificate().server_context() if self._tls else None
                )
                serving = Serving(
                    Server(
                        self._make_exchange,
                        self._speed,
                        follows_present=self._follows_present,
                    )
                )
                self._port = serving.start(self._port, context)
                self._serving = serving
                self.faults.attach(serving.reach)
                LOGGER.info("serving on %s", self.ws)
        return self

    def stop(self) -> None:
        """Close all connections and the port; harmless if it is stopped.

        Connections see close code 1001.  A later :meth:`start` opens the same port
        again.  Without a ``start`` of its own and at speed 1 it goes on in the
        present then, otherwise where its virtual time stood.
        """
        with self._lifecycle:
            serving, self._serving = self._serving, None
            if serving is None:
                return
            self.faults.attach(None)
            serving.stop()
            if not self._follows_present:
                self._start_ms = serving.now_ms
            LOGGER.info("stopped")

    def step(self, seconds: float, *, timeout: float = 30.0) -> None:
        """Move virtual time, and wait until all that falls due was handed over.

        Parameters
        ----------
        seconds
            How far [virtual s].
        timeout
            Longest wait for the sockets to take it [s].

        Raises
        ------
        ValueError
            If the speed is not 0, or the time would run backwards.
        RuntimeError
            If it does not run.
        TimeoutError
            If a client does not read.
        """
        if self._speed:
            raise ValueError(
                f"time runs by itself at speed={self._speed:g}; step() is for "
                "Simulator(speed=0)"
            )
        if seconds < 0:
            raise ValueError(f"time runs forward: seconds={seconds!r}")
        self._need_serving().step(round(seconds * 1000), timeout)

    @property
    def now(self) -> dt.datetime:
        """Virtual time, with timezone UTC."""
        serving = self._serving
        if serving is not None:
            now_ms = serving.now_ms
        else:
            now_ms = self._start_ms or _present_ms()
        return dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC)

    @property
    def is_running(self) -> bool:
        """Whether it serves; never in a forked child, where threads do not live on."""
        serving = self._serving
        return serving is not None and serving.is_alive

    @property
    def speed(self) -> float:
        """Virtual seconds in a second."""
        return self._speed

    @property
    def load(self) -> Load | None:
        """What it pushes in place of a market, and how much so far; None without."""
        return self._load

    @property
    def ws(self) -> str:
        """Base address of the WebSocket paths, without a path."""
        return f"ws{self._address()}"

    @property
    def rest(self) -> str:
        """Base address of the REST calls."""
        return f"http{self._address()}"

    @property
    def environment(self) -> Environment:
        """What okxlab must know to connect to it."""
        return Environment(
            self.ws,
            self.rest,
            name="simulator",
            simulated=self._simulated,
            ssl_context=self.ssl_context,
        )

    @property
    def certificate(self) -> str | None:
        """The certificate that a client must trust, as PEM; None without TLS."""
        return self._get_certificate().pem if self._tls else None

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """A context for clients that trusts it and nothing else; None without TLS."""
        return self._get_certificate().client_context if self._tls else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = self.ws if self.is_running else "stopped"
        return f"<Simulator seed={self._seed} speed={self._speed:g} {where}>"

    @property
    def _follows_present(self) -> bool:
        return self._start_ms is None and self._speed == 1

    def _make_exchange(self) -> Exchange:
        exchange = Exchange(
            self._seed,
            start_ms=self._start_ms if self._start_ms is not None else _present_ms(),
            instruments=self._instruments,
            checksum=self._checksum,
            accounts=self._accounts,
            wall=time.time,
            simulated=self._simulated,
            faults=self.faults,
            settings=self._settings,
            load=self._load,
        )
        self._begin_scripts(exchange.accounts)
        return exchange

    def _reach(self, run: Callable[[Exchange], _Result]) -> _Result:
        return self._need_serving().reach(run)

    def _get_certificate(self) -> Certificate:
        from okxlab.simulator.certificate import make_certificate

        with self._lifecycle:
            if self._certificate is None:
                self._certificate = make_certificate()
            return self._certificate

    def _need_serving(self) -> Serving:
        serving = self._serving
        if serving is None or not serving.is_alive:
            raise RuntimeError("the simulator does not run; call start() first")
        return serving

    def _address(self) -> str:
        if not self._port:
            raise RuntimeError(
                "the simulator has no address before its first start; call start(), "
                "or use it in a with statement"
            )
        return f"{'s' if self._tls else ''}://127.0.0.1:{self._port}"


def _unix_ms(start: dt.datetime | int | None) -> int | None:
    if isinstance(start, dt.datetime):
        if start.tzinfo is None:
            raise ValueError(f"start={start!r} needs a timezone, for example UTC")
        return round(start.timestamp() * 1000)
    return start


def _present_ms() -> int:
    return int(time.time() * 1000)
