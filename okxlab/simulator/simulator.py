"""The simulator as its user holds it: an exchange, served by a thread of its own."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from okxlab.environment import Environment
from okxlab.errors import ExchangeError
from okxlab.simulator.accounts.account import Account
from okxlab.simulator.accounts.placing import RefusedError
from okxlab.simulator.accounts.script import Script
from okxlab.simulator.accounts.venue import is_dealt_in
from okxlab.simulator.exchange import Checksum, Exchange
from okxlab.simulator.faults import Faults

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from okxlab.protocol.asked import ServerSettings
    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.accounts.order import Order
    from okxlab.simulator.certificate import Certificate
    from okxlab.simulator.serving import Serving

__all__ = ["Simulator"]

LOGGER = logging.getLogger("okxlab.simulator")


class Simulator:
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
        settings: ServerSettings | None = None,
    ) -> None:
        if not 0 <= speed < float("inf"):
            raise ValueError(
                f"speed={speed!r} must be 0 (only step() moves it), 1 (the wall clock) "
                "or another positive number"
            )
        if checksum not in get_args(Checksum):
            raise ValueError(f'checksum={checksum!r} must be "zero" or "legacy"')
        given = (Account(),) if accounts is None else tuple(accounts)
        if len({one.api_key for one in given}) != len(given):
            raise ValueError("two accounts have the same api_key")
        self.faults = Faults()
        self._accounts = given
        # Replaced and never changed, so that any thread may read it.
        self._scripts: tuple[Script, ...] = ()
        self._seed = seed
        self._speed = speed
        self._instruments = instruments
        self._port = port
        self._checksum = checksum
        self._settings = settings
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

    def trade(
        self,
        inst_id: str,
        side: Literal["buy", "sell"],
        sz: str | float,
        px: str | float | None = None,
        *,
        account: Account | None = None,
        **more: str | bool,
    ) -> dict[str, Any]:
        """Place an order for a lesson, as a client of that account would.

        Whoever is subscribed to ``orders``, ``account`` ... sees what follows.

        Parameters
        ----------
        inst_id
            A spot pair or a USDT-margined perpetual swap.
        side
            ``"buy"`` or ``"sell"``.
        sz
            Size [base currency for spot, else contracts].
        px
            Limit [quote per base]; at market by default.
        account
            Whose; the first one's by default.
        **more
            Other members of OKX's order, such as ``ordType="post_only"``,
            ``tgtCcy="quote_ccy"``, ``clOrdId="lesson1"`` or ``reduceOnly=True``.

        Returns
        -------
        dict
            The order as it stands at once, with OKX's names: ``ordId``, ``state``,
            ``accFillSz``, ``avgPx``, ``fee`` ...

        Raises
        ------
        ExchangeError
            If the exchange refuses it; ``code`` is OKX's.
        RuntimeError
            If the simulator does not run.
        """
        sent: dict[str, Any] = {
            "instId": inst_id,
            "tdMode": "cross" if inst_id.endswith("-SWAP") else "cash",
            "side": side,
            "ordType": "market" if px is None else "limit",
            "sz": str(sz),
            "px": "" if px is None else str(px),
            "tgtCcy": "base_ccy",
            **more,
        }
        return self._operate(account, lambda desk: desk.place(sent))

    def cancel(self, ord_id: str, *, account: Account | None = None) -> dict[str, Any]:
        """Cancel an open order and return it as it stands.

        Parameters
        ----------
        ord_id
            Its id.
        account
            Whose; the first one's by default.

        Raises
        ------
        ExchangeError
            If there is no such open order.
        RuntimeError
            If the simulator does not run.
        """
        return self._operate(account, lambda desk: desk.cancel({"ordId": ord_id}))

    def script_trader(
        self,
        inst_id: str = "BTC-USDT",
        *,
        every: float = 5.0,
        seed: int = 1,
        account: Account | None = None,
    ) -> Script:
        """Let an account trade by itself, so that there is something to see.

        Round after round it buys, offers, bids, moves the bid, takes back what still
        rests and sells what it holds.

        Parameters
        ----------
        inst_id
            What it trades: a spot pair or a USDT-margined perpetual swap.
        every
            Pause between two steps [virtual s].
        seed
            The same seed trades in the same way.
        account
            Whose; the first one's by default.

        Returns
        -------
        Script
            Its ``stop()`` ends it; so does leaving a ``with`` statement.

        Raises
        ------
        ValueError
            If there is no such instrument to trade.
        RuntimeError
            If the simulator does not run.
        """
        serving = self._need_serving()
        key = None if account is None else account.api_key
        script = Script(inst_id, every, seed, key, self._end_script)

        def begin(exchange: Exchange) -> None:
            one = exchange.accounts.venue.instrument(inst_id)
            if one is None or not is_dealt_in(one):
                raise ValueError(
                    f"{inst_id!r} is no spot pair or USDT-margined swap here"
                )
            script.begin(exchange.accounts)

        serving.reach(begin)
        self._scripts = (*self._scripts, script)
        return script

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
            self.ws, self.rest, name="simulator", ssl_context=self.ssl_context
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
            faults=self.faults,
            settings=self._settings,
        )
        for script in self._scripts:
            script.begin(exchange.accounts)
        return exchange

    def _operate(
        self, account: Account | None, act: Callable[[Desk], Order]
    ) -> dict[str, Any]:
        key = None if account is None else account.api_key

        def run(exchange: Exchange) -> dict[str, Any]:
            desk = exchange.accounts.desk(key)
            try:
                return desk.row(act(desk))
            except RefusedError as refusal:
                raise ExchangeError(
                    f"the simulator refused the order: {refusal}",
                    code=refusal.code,
                    msg=refusal.msg,
                ) from None
            finally:
                exchange.tell_accounts()

        return self._need_serving().reach(run)

    def _end_script(self, script: Script) -> None:
        self._scripts = tuple(one for one in self._scripts if one is not script)
        serving = self._serving
        if serving is None or not serving.is_alive:
            return

        def end(exchange: Exchange) -> None:
            script.end(exchange.accounts)
            exchange.tell_accounts()

        serving.reach(end)

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
