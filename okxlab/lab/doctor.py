"""Finding out why it does not work: what is installed, reachable and accepted."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from okxlab.environment import NAMES, is_loopback
from okxlab.errors import ConnectError, LoginError, OkxlabError
from okxlab.lab.connecting import Connector
from okxlab.lab.installed import installed
from okxlab.lab.login import Login, private_path
from okxlab.lab.probe import probe
from okxlab.lab.report import Finding, Report
from okxlab.rest import RestClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okxlab.environment import Environment
    from okxlab.protocol.auth import Credentials
    from okxlab.runtime import Runtime

__all__ = ["examine"]

_PATHS: Final = ("public", "private", "business")
_NOTABLE_SKEW = 5.0
"""Difference of the clocks that is worth a word; OKX takes up to 30 s [s]."""
_ELSEWHERE: Final = frozenset(
    {"50101", "50111", "50119", "60005", "60009", "60032", "4001"}
)
"""Refusals of a login that a key of another environment or site meets."""
_OFFLINE: Final = (
    "check the network, the proxy and the site (--site); offline, everything works "
    'with okxlab.connect("simulator")'
)


def examine(
    environment: Environment,
    runtime: Runtime,
    credentials: Credentials | None = None,
    *,
    elsewhere: Sequence[Environment] = (),
    timeout: float = 5.0,
) -> Report:
    """Look at everything that has to be well for live data to arrive.

    Parameters
    ----------
    environment
        Which exchange.
    runtime
        Where connections are made.
    credentials
        A key to log in with; without one no login is tried.
    elsewhere
        Where to try the key too if `environment` does not know it.
    timeout
        Longest wait for any one answer [s].

    Returns
    -------
    Report
        Never with a key, a secret or a passphrase in it.

    Raises
    ------
    OkxlabError
        On one of okxlab's own threads.

    Notes
    -----
    Reads only: it makes connections, logs in, asks for the time and for the
    settings of the account.
    """
    found = installed(runtime.tls)
    found += [_place(environment), *_proxies(environment)]
    patient = _Patient(environment, runtime, timeout)
    found += runtime.submit(
        patient.examine(
            credentials, [_Patient(e, runtime, timeout) for e in elsewhere]
        ),
        timeout=None,
    )
    return Report(findings=tuple(found))


def _place(environment: Environment) -> Finding:
    urls = [getattr(environment, path) for path in _PATHS]
    hosts = dict.fromkeys(urlsplit(url).netloc for url in urls if url)
    rest = urlsplit(environment.rest).netloc if environment.rest else "none"
    text = (
        f"{environment.name}, site {environment.site}: WebSocket {', '.join(hosts)}; "
        f"REST {rest}"
    )
    if environment.simulated:
        text += ", with the header of the demo market"
    return Finding(subject="environment", verdict="ok", text=text)


def _proxies(environment: Environment) -> list[Finding]:
    if is_loopback(environment.rest or environment.public or ""):
        return []
    # Host and port only: the address of a proxy may carry a password.
    found = {
        kind: urlsplit(url).hostname or "?"
        for kind, url in urllib.request.getproxies().items()
        if kind in ("http", "https", "all", "socks")
    }
    if not found:
        return []
    text = ", ".join(f"{kind} by way of {host}" for kind, host in found.items())
    return [Finding(subject="proxy", verdict="ok", text=text)]


class _Patient:
    """One environment under examination; lives on the loop thread."""

    def __init__(
        self, environment: Environment, runtime: Runtime, seconds: float
    ) -> None:
        self.environment = environment
        self._runtime = runtime
        self._seconds = seconds
        self._connector = Connector(environment, runtime)
        self._reachable: set[str] = set()

    async def examine(
        self, credentials: Credentials | None, elsewhere: Sequence[_Patient]
    ) -> list[Finding]:
        """Look at paths, REST, clock and login."""
        rest = self._rest()
        try:
            looked = await asyncio.gather(
                *(self._path(path) for path in _PATHS), self._clock(rest)
            )
            found = [one for some in looked for one in some]
            return found + await self._login(credentials, rest, elsewhere)
        finally:
            if rest is not None:
                await rest.close()

    def _rest(self) -> RestClient | None:
        if self.environment.rest is None:
            return None
        return RestClient(
            self.environment.rest,
            simulated=self.environment.simulated,
            timeout=self._seconds,
            ssl=self.environment.ssl_context,
        )

    async def _path(self, path: str) -> list[Finding]:
        url = getattr(self.environment, path)
        if url is None:
            text = "the environment has no address for it"
            return [Finding(subject=path, verdict="ok", text=text)]
        began = self._runtime.clock.monotonic()
        try:
            await probe(self._connector, path, seconds=self._seconds)
        except OkxlabError as error:
            return [_unreachable(path, str(error))]
        self._reachable.add(path)
        took = self._runtime.clock.monotonic() - began
        text = f"{url} answered in {took:.1f} s"
        return [Finding(subject=path, verdict="ok", text=text)]

    async def _clock(self, rest: RestClient | None) -> list[Finding]:
        if rest is None:
            text = "the environment has no REST address: no lists, no history"
            return [Finding(subject="REST", verdict="warning", text=text)]
        clock = self._runtime.clock
        began_us = clock.recv_us()
        try:
            there_ms = await rest.time()
        except OkxlabError as error:
            why = error.why if isinstance(error, ConnectError) else str(error)
            return [_unreachable("REST", f"{rest.base} {why}")]
        ended_us = clock.recv_us()
        skew = there_ms / 1e3 - (began_us + ended_us) / 2e6
        answered = f"{rest.base} answered in {(ended_us - began_us) / 1e6:.1f} s"
        return [
            Finding(subject="REST", verdict="ok", text=answered),
            _skew(skew),
        ]

    async def _login(
        self,
        credentials: Credentials | None,
        rest: RestClient | None,
        elsewhere: Sequence[_Patient],
    ) -> list[Finding]:
        if credentials is None:
            text = "no key was given, so that no login was tried"
            return [Finding(subject="login", verdict="ok", text=text)]
        login = Login(credentials, self.environment, rest, self._runtime.clock)
        try:
            path = private_path(self.environment)
            if path not in self._reachable:
                text = f"not tried: the {path} path cannot be reached"
                return [Finding(subject="login", verdict="warning", text=text)]
            await probe(self._connector, path, login, self._seconds)
        except LoginError as error:
            advice = await self._advice(error, credentials, elsewhere)
            return [
                Finding(
                    subject="login", verdict="problem", text=str(error), advice=advice
                )
            ]
        except OkxlabError as error:
            return [Finding(subject="login", verdict="problem", text=str(error))]
        text = f"the key belongs to {self._name}"
        found = Finding(subject="login", verdict="ok", text=text)
        return [found, *await self._rights(login, rest)]

    async def _rights(self, login: Login, rest: RestClient | None) -> list[Finding]:
        """Tell what the key may do; it also proves that signed REST works."""
        if rest is None:
            return []
        try:
            rows = await login.ask("/api/v5/account/config")
            rights = str(rows[0]["perm"]) if rows else "nothing"
        except (OkxlabError, KeyError, TypeError) as error:
            text = f"open orders cannot be fetched: {error}"
            return [Finding(subject="signed REST", verdict="problem", text=text)]
        text = f"the key may: {rights.replace(',', ', ')}"
        advice = ""
        if {"trade", "withdraw"} & set(rights.split(",")):
            advice = "okxlab only reads: a key with the right to read is enough for it"
        return [
            Finding(subject="signed REST", verdict="ok", text=text, advice=advice),
        ]

    async def _advice(
        self, error: LoginError, credentials: Credentials, elsewhere: Sequence[_Patient]
    ) -> str:
        """Say where the key belongs, or how to find out."""
        if error.code not in _ELSEWHERE:
            return ""
        for other in elsewhere:
            if await other.accepts(credentials):
                return f"the key belongs to {other._name}"  # noqa: SLF001  # one of its own
        if elsewhere:
            return "no other environment or site takes the key either"
        twin = {"demo": "live", "live": "demo"}.get(self.environment.name)
        if twin is None:
            return ""
        return (
            f"see whether it is a key of {twin!r} or of another site: "
            f"okxlab doctor --env {self.environment.name} --login --everywhere"
        )

    async def accepts(self, credentials: Credentials) -> bool:
        """Tell whether a login works here; silent if it cannot be tried."""
        rest = self._rest()
        login = Login(credentials, self.environment, rest, self._runtime.clock)
        try:
            path = private_path(self.environment)
            await probe(self._connector, path, login, self._seconds)
        except OkxlabError:
            return False
        finally:
            if rest is not None:
                await rest.close()
        return True

    @property
    def _name(self) -> str:
        name, site = self.environment.name, self.environment.site
        text = f"{name!r}, site {site!r}"
        if name in NAMES:
            text += f": okxlab.connect({name!r}, site={site!r}, credentials=...)"
        return text


def _unreachable(subject: str, text: str) -> Finding:
    return Finding(subject=subject, verdict="problem", text=text, advice=_OFFLINE)


def _skew(skew: float) -> Finding:
    if abs(skew) < _NOTABLE_SKEW:
        text = f"within {abs(skew):.1f} s of the exchange's"
        return Finding(subject="clock", verdict="ok", text=text)
    off = f"{abs(skew):,.0f} s {'behind' if skew > 0 else 'ahead of'} the exchange's"
    return Finding(
        subject="clock",
        verdict="warning",
        text=f"this machine's clock is {off}; okxlab corrects its logins for that, "
        "but receive times and lags are off by as much",
        advice="let the system set its clock by the network (NTP)",
    )
