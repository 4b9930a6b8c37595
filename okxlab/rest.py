"""The few REST calls that a live market needs: lists and history, open orders.

One `RestClient` belongs to one environment and lives on the loop thread.  It
keeps OKX's rate limits by itself, endpoint by endpoint, so that no caller has
to: a request that would be too early waits for its turn.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from okxlab._version import __version__
from okxlab.environment import is_loopback
from okxlab.errors import (
    ConnectError,
    ExchangeError,
    RemoteProtocolError,
    TransportError,
)
from okxlab.rate_limit import RateLimit

if TYPE_CHECKING:
    import ssl as tls
    from collections.abc import Callable, Mapping

    import aiohttp
    from yarl import URL

    Sign = Callable[[str], Mapping[str, str]]
    """Returns the headers that sign a path with its query, as of now."""

__all__ = ["RestClient"]

_RATES: Final = {
    # Requests per two seconds, and the argument (if any) that each value of
    # which has a budget of its own: OKX API v5, "Rate Limit" of each call.
    "/api/v5/public/time": (10, ""),
    "/api/v5/public/instruments": (20, "instType"),
    "/api/v5/market/tickers": (20, ""),
    "/api/v5/market/ticker": (20, ""),
    "/api/v5/market/candles": (40, ""),
    "/api/v5/market/history-candles": (20, ""),
    "/api/v5/market/index-candles": (20, ""),
    "/api/v5/market/history-index-candles": (10, ""),
    "/api/v5/market/mark-price-candles": (20, ""),
    "/api/v5/market/history-mark-price-candles": (20, ""),
    "/api/v5/market/trades": (100, ""),
    "/api/v5/market/history-trades": (20, ""),
    "/api/v5/market/books": (40, ""),
    "/api/v5/market/books-rpi": (20, ""),
    "/api/v5/sprd/spreads": (20, ""),
    "/api/v5/public/funding-rate": (10, "instId"),
    "/api/v5/public/funding-rate-history": (10, "instId"),
    # Signed: counted for each account, which a client has one of at a time.
    "/api/v5/trade/orders-pending": (60, ""),
    "/api/v5/account/config": (5, ""),
}
_UNKNOWN_RATE: Final = (5, "")
"""The lowest rate of any call in the table above's source, halved for safety."""

_RATE_PERIOD: Final = 2.2
"""OKX counts over 2 s; the rest is for requests that bunch up on the way [s]."""

_TOO_FAST: Final = frozenset({"50011", "50013", "50040"})
"""Codes which a later repetition cures: rate limit, busy, too frequent."""

_PAUSE_FIRST: Final = 0.5
"""Pause before the first repetition [s]; it doubles from one to the next."""

_ADVICE: Final = {
    "50001": "OKX is under maintenance: try again later",
    "50004": "OKX was too slow to answer: try again",
    "50011": "too many requests from this address: wait a little",
    "50013": "OKX is busy: wait a little",
    "50014": "an argument is missing or empty",
    "50015": "one of two arguments is needed: options want an inst_family",
    "50026": "OKX failed inside: try again later",
    "50038": "the demo environment does not have this",
    "50051": "this is not offered in your region: see connect(site=...)",
    "51000": "an argument has a wrong value",
    "51001": "there is no such instrument: okxlab.instruments() lists them",
    "52000": "OKX has no data for this",
}


class _Envelope(msgspec.Struct):
    """What every answer of OKX's REST interface is wrapped in."""

    code: str
    msg: str = ""
    data: Any = ()


class _Answer(msgspec.Struct):
    """One HTTP response, read to its end."""

    status: int
    text: bytes
    retry_after: str


class RestClient:
    """Asks one exchange's REST interface.

    The network session is made on the first request; a client that is never
    used costs nothing.

    Parameters
    ----------
    base
        Base address, for example ``"https://openapi.okx.com"``.
    simulated
        Whether OKX's demo market is meant.
    timeout
        Longest time for one call, waiting for its turn and repetitions
        included [s].
    user_agent
        What the exchange sees; OKX refuses some programs' default one.
    ssl
        TLS settings for an exchange with a certificate of its own making.

    Notes
    -----
    All coroutines run on one loop, that of the first request.
    """

    def __init__(
        self,
        base: str,
        *,
        simulated: bool = False,
        timeout: float = 10.0,
        user_agent: str = f"okxlab/{__version__}",
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._host = urlsplit(base).netloc
        self._headers = {"User-Agent": user_agent}
        if simulated:
            # Without it even public lists are those of the live market.
            self._headers["x-simulated-trading"] = "1"
        self._timeout = timeout
        self._ssl = ssl
        self._limits: dict[tuple[str, str], RateLimit] = {}
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"RestClient({self._base!r})"

    @property
    def base(self) -> str:
        """The base address."""
        return self._base

    async def get(
        self,
        path: str,
        params: Mapping[str, str | int | None] | None = None,
        *,
        sign: Sign | None = None,
    ) -> list[Any]:
        """Ask, and check what comes back.

        A refusal because of too many requests is repeated with growing pauses
        until `timeout` is used up.

        Parameters
        ----------
        path
            For example ``"/api/v5/public/time"``.
        params
            Arguments with OKX's own names; those that are None are left out.
        sign
            Signs each attempt anew: given the path with its query, it returns
            the headers.  They are sent and forgotten: nothing keeps or logs
            them, and they follow no redirection to another address.

        Returns
        -------
        list
            The rows as OKX sent them, numbers still text.

        Raises
        ------
        ExchangeError
            If OKX refuses; with its code and what to do about it.
        ConnectError
            If the exchange cannot be reached or does not answer in time.
        RemoteProtocolError
            If the answer is not in OKX's form.
        """
        query = {k: str(v) for k, v in (params or {}).items() if v is not None}
        deadline = asyncio.get_running_loop().time() + self._timeout
        attempts = 0
        while True:
            attempts += 1
            answer = await self._attempt(path, query, sign, deadline, attempts)
            envelope = self._read(answer, path)
            if envelope.code == "0":
                return self._rows(envelope, answer, path)
            pause = self._pause(answer, envelope, attempts)
            if pause is None or asyncio.get_running_loop().time() + pause > deadline:
                raise _refusal(envelope, path, query)
            await asyncio.sleep(pause)

    async def time(self) -> int:
        """Ask for the exchange's time.

        Returns
        -------
        int
            Unix time [ms].

        Raises
        ------
        ExchangeError, ConnectError, RemoteProtocolError
            As `get`.
        """
        rows = await self.get("/api/v5/public/time")
        try:
            return int(rows[0]["ts"])
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError(
                f"{self._host} sent a time without a number",
                text=str(rows),
                path="$.data[0].ts",
            ) from error

    async def instruments(
        self,
        inst_type: str,
        inst_family: str | None = None,
        series_id: str | None = None,
        inst_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """Ask for the instruments of one type.

        Parameters
        ----------
        inst_type
            "SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION" or "EVENTS".
        inst_family
            For example ``"BTC-USD"``; OKX demands it for options.
        series_id
            For example ``"BTC-ABOVE-DAILY"``; OKX demands it for events.
        inst_id
            Only this one, for example ``"BTC-USDT"``.

        Returns
        -------
        list of dict
            Wire rows, in OKX's order; some are placeholders with an empty id.

        Raises
        ------
        ExchangeError, ConnectError, RemoteProtocolError
            As `get`.
        """
        return await self.get(
            "/api/v5/public/instruments",
            {
                "instType": inst_type,
                "instFamily": inst_family,
                "seriesId": series_id,
                "instId": inst_id,
            },
        )

    async def close(self) -> None:
        """Close the connections; later requests are refused."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _attempt(
        self,
        path: str,
        query: dict[str, str],
        sign: Sign | None,
        deadline: float,
        attempts: int,
    ) -> _Answer:
        import aiohttp

        url = self._url(path, query)
        wait = self._limit(path, query).reserve(asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.sleep(wait)
                async with self._open_session().get(
                    url,
                    # Signed last of all, so that the timestamp is no older than
                    # needed; not in a variable, which a traceback may show.
                    headers=None if sign is None else sign(url.raw_path_qs),
                    allow_redirects=sign is None,
                ) as response:
                    return _Answer(
                        status=response.status,
                        text=await response.read(),
                        retry_after=response.headers.get("Retry-After", ""),
                    )
        except TransportError:
            raise  # it was closed, perhaps while this waited for its turn
        except TimeoutError as error:
            raise self._unreachable(
                f"gave no answer within {self._timeout:g} s", attempts
            ) from _bare(error)
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(f"cannot be reached: {error}", attempts) from _bare(
                error
            )

    def _url(self, path: str, query: dict[str, str]) -> URL:
        from yarl import URL

        return URL(self._base + path).with_query(query)

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._closed:
            raise TransportError(f"the REST client of {self._host} is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._ssl or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(),  # `get` has one for all attempts
                trust_env=not is_loopback(self._base),
            )
        return self._session

    def _limit(self, path: str, query: dict[str, str]) -> RateLimit:
        requests, argument = _RATES.get(path, _UNKNOWN_RATE)
        key = (path, query.get(argument, ""))
        if key not in self._limits:
            self._limits[key] = RateLimit(requests, _RATE_PERIOD)
        return self._limits[key]

    def _read(self, answer: _Answer, path: str) -> _Envelope:
        try:
            return msgspec.json.decode(answer.text, type=_Envelope)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if answer.status == 429:
                return _Envelope(code="50011", msg="Too Many Requests")
            if answer.status != 200:
                raise self._unreachable(
                    f"answered {path} with HTTP status {answer.status}", attempts=1
                ) from error
            raise self._malformed(answer, path, str(error)) from error

    def _rows(self, envelope: _Envelope, answer: _Answer, path: str) -> list[Any]:
        if not isinstance(envelope.data, list):
            raise self._malformed(answer, path, "`data` is no list")
        return envelope.data

    def _pause(
        self, answer: _Answer, envelope: _Envelope, attempts: int
    ) -> float | None:
        """Return how long to wait before asking again; None: asking is no use."""
        if envelope.code not in _TOO_FAST and answer.status != 429:
            return None
        if answer.retry_after.isdecimal():
            return float(answer.retry_after)
        # Jitter keeps the kernels of a classroom from asking again in step.
        return _PAUSE_FIRST * 2.0 ** (attempts - 1) * random.uniform(0.5, 1.0)  # noqa: S311  no secret

    def _unreachable(self, what: str, attempts: int) -> ConnectError:
        return ConnectError(
            f"{self._host} {what} (attempts: {attempts}); check the network and the "
            'site, or go on offline with okxlab.connect("simulator")',
            host=self._host,
            attempts=attempts,
            why=what,
        )

    def _malformed(self, answer: _Answer, path: str, why: str) -> RemoteProtocolError:
        return RemoteProtocolError(
            f"{self._host} answered {path} in an unknown form: {why}",
            text=answer.text.decode("utf-8", "replace"),
        )


def _bare(error: Exception) -> Exception:
    """Return an error without the frames it came through.

    Their variables hold the headers of the request, and there are ways to show
    a traceback with its variables.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _refusal(envelope: _Envelope, path: str, query: dict[str, str]) -> ExchangeError:
    asked = " ".join([path, *(f"{k}={v}" for k, v in query.items())])
    advice = _ADVICE.get(envelope.code)
    return ExchangeError(
        f"OKX refused {asked}: {envelope.msg} (code {envelope.code})"
        + (f"; {advice}" if advice else ""),
        code=envelope.code,
        msg=envelope.msg,
        arg=asked,
    )
