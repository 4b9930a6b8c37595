"""Where an exchange is and how patiently it is spoken to."""

from __future__ import annotations

import ipaddress
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from okxlab.errors import ChannelError, EnvironmentNameError
from okxlab.protocol.channels import near_miss

if TYPE_CHECKING:
    import ssl

__all__ = [
    "NAMES",
    "SITES",
    "Environment",
    "Timings",
    "environment_name",
    "is_loopback",
    "resolve",
]

NAMES: Final = ("live", "demo", "simulator")
"""Environments that have a name; any other one is an `Environment` of one's own."""

SITES: Final = ("global", "eea", "us")
"""OKX's sites: where an account was made decides which one knows its keys."""

# WebSocket base and REST base.  No port: 8443 was announced to close on
# 2026-10-31, and 443 works on every host (OKX help centre, 2026-09-30).
_HOSTS: Final = {
    ("live", "global"): ("wss://ws.okx.com", "https://openapi.okx.com"),
    ("live", "eea"): ("wss://wseea.okx.com", "https://eea.okx.com"),
    ("live", "us"): ("wss://wsus.okx.com", "https://us.okx.com"),
    ("demo", "global"): ("wss://wspap.okx.com", "https://openapi.okx.com"),
    ("demo", "eea"): ("wss://wseeapap.okx.com", "https://eea.okx.com"),
    ("demo", "us"): ("wss://wsuspap.okx.com", "https://us.okx.com"),
}
_PATHS: Final = ("public", "private", "business")
_VARIABLE: Final = "OKXLAB_ENV"
_MIB: Final = 1024 * 1024


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait, how often to try, how much to ask for.

    Every field is also a keyword argument of `Environment`.  The defaults keep
    inside OKX's documented limits.

    Raises
    ------
    ValueError
        If a value is not a positive number, or the first pause of the backoff
        is longer than the longest one.
    """

    ping_interval: float = 20.0
    """Silence after which a text ping is sent [s]; OKX closes after 30 s of it."""
    pong_timeout: float = 10.0
    """Wait for the pong before the connection counts as dead [s]."""
    connect_timeout: float = 10.0
    """Wait for TCP, TLS and the WebSocket handshake together [s]."""
    login_timeout: float = 10.0
    """Wait for the answer to a login [s]."""
    ack_timeout: float = 10.0
    """Wait for the answer to a subscription [s]."""
    backoff_initial: float = 1.0
    """Longest first pause between two attempts to connect [s]."""
    backoff_max: float = 60.0
    """Longest pause between two attempts to connect [s]."""
    proof: float = 10.0
    """Life after which a connection counts as good and the backoff restarts [s]."""
    connects_per_second: int = 3
    """New connections a second, over all paths; OKX allows 3 per address."""
    requests_per_hour: int = 480
    """Requests an hour on one connection; OKX allows 480."""
    args_per_connection: int = 240
    """Subscriptions on one connection before another one is opened."""
    max_message_bytes: int = 16 * _MIB
    """Largest message accepted [bytes]; a full instrument list takes 3 MB."""
    book_silence: float = 150.0
    """Silence after which an order book is no longer believed [s]; OKX says about
    every 60 s that a quiet one has not changed."""
    connection_age: float = 86_400.0
    """Age at which a connection is replaced, at the latest [s]: another one is made
    before it is let go of, so that nothing is missing.  OKX itself names no limit."""
    rest_timeout: float = 10.0
    """Wait for a REST answer, its retries included [s]."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            _check_positive(name, getattr(self, name), whole=name in _WHOLE)
        if self.backoff_initial > self.backoff_max:
            raise ValueError(
                f"backoff_initial={self.backoff_initial} is longer than "
                f"backoff_max={self.backoff_max}; raise the second or lower the first"
            )


_WHOLE: Final = frozenset(
    name for name, kind in Timings.__annotations__.items() if kind == "int"
)
"""Timings that count something and so must be whole numbers."""


def _check_positive(name: str, value: object, *, whole: bool) -> None:
    accepted = int if whole else (int, float)
    if (
        not isinstance(value, accepted)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or value <= 0
    ):
        kind = "whole number" if whole else "number"
        raise ValueError(f"{name}={value!r} must be a positive {kind}")


@dataclass(frozen=True, init=False, repr=False)
class Environment:
    """One exchange: its addresses, whether it is a demo, its timings.

    Two environments with the same values are equal, and `okxlab.connect` gives
    the same `Lab` for both.

    Parameters
    ----------
    ws
        Base address of the WebSocket paths, for example
        ``"ws://127.0.0.1:9000"``; ``/ws/v5/public``, ``/ws/v5/private`` and
        ``/ws/v5/business`` are appended.
    rest
        Base address of the REST interface, for example
        ``"http://127.0.0.1:9000"``; without it there are no instrument lists
        and no history.
    public, private, business
        Full address of one path, where it does not follow from `ws`.
    simulated
        Whether REST requests say that they mean OKX's demo market.
    name
        What reprs and messages call it.
    site
        OKX's site, one of `SITES`; only a label here.
    ssl_context
        TLS context for all addresses, where the certificates are not those that
        this machine trusts anyway.
    **timings
        Any field of `Timings`, for example ``ping_interval=25``.

    Raises
    ------
    ValueError
        If an address or a timing is unusable.
    TypeError
        If a keyword is neither of these.

    Examples
    --------
    >>> Environment("ws://127.0.0.1:9000").url("business")
    'ws://127.0.0.1:9000/ws/v5/business'
    """

    name: str
    site: str
    public: str | None
    private: str | None
    business: str | None
    rest: str | None
    simulated: bool
    timings: Timings
    ssl_context: ssl.SSLContext | None

    def __init__(
        self,
        ws: str | None = None,
        rest: str | None = None,
        *,
        public: str | None = None,
        private: str | None = None,
        business: str | None = None,
        simulated: bool = False,
        name: str | None = None,
        site: str = "global",
        ssl_context: ssl.SSLContext | None = None,
        **timings: Any,
    ) -> None:
        own = {"public": public, "private": private, "business": business}
        if ws is None and rest is None and not any(own.values()):
            raise ValueError(
                "an environment needs an address: "
                'okxlab.Environment(ws="ws://127.0.0.1:9000", '
                'rest="http://127.0.0.1:9000")'
            )
        base = None if ws is None else _check_base(ws)
        values: dict[str, object] = {
            path: _check_address(path, url, "ws")
            if url is not None
            else base and f"{base}/ws/v5/{path}"
            for path, url in own.items()
        }
        values |= {
            "name": name or "custom",
            "site": _check_site(site),
            "rest": rest and _check_address("rest", rest, "http"),
            "simulated": simulated,
            "timings": _make_timings(timings),
            "ssl_context": ssl_context,
        }
        for field, value in values.items():
            # The dataclass is frozen for everyone but its constructor.
            object.__setattr__(self, field, value)

    @classmethod
    def named(cls, name: str, site: str = "global", **timings: Any) -> Environment:
        """Return OKX's own live or demo environment.

        Parameters
        ----------
        name
            "live" or "demo".
        site
            One of `SITES`: the site the account was made at.  Market data are
            the same at all of them but for regional products.
        **timings
            Any field of `Timings`.

        Returns
        -------
        Environment
            With OKX's addresses, without ports.

        Raises
        ------
        EnvironmentNameError
            If there is no such environment or site, or it is the simulator,
            which has no address until it runs.
        """
        hosts = _HOSTS.get((_check_name(name), _check_site(site)))
        if hosts is None:
            raise EnvironmentNameError(
                "the simulator has no address until it runs: "
                'okxlab.connect("simulator") starts one'
            )
        ws, rest = hosts
        return cls(ws, rest, name=name, site=site, simulated=name == "demo", **timings)

    def url(self, path: str) -> str:
        """Return the WebSocket address of a path.

        Parameters
        ----------
        path
            "public", "private" or "business".

        Returns
        -------
        str
            The full address.

        Raises
        ------
        ChannelError
            If this environment has no address for that path.
        """
        address: str | None = getattr(self, path) if path in _PATHS else None
        if address is None:
            raise ChannelError(
                f"the environment {self.name!r} has no address for the path {path!r}; "
                f"give one: okxlab.Environment(..., {path}=...)"
            )
        return address

    def __repr__(self) -> str:
        where = self.public or self.business or self.private or self.rest or ""
        host = urlsplit(where).netloc
        return f"Environment({self.name!r}, site={self.site!r}, host={host!r})"


def environment_name(env: str | None = None) -> str:
    """Return the name of the environment that is meant.

    Parameters
    ----------
    env
        A name of `NAMES` or a WebSocket base address; by default the value of
        the variable ``OKXLAB_ENV``, and "live" where that is not set.

    Returns
    -------
    str
        One of `NAMES`, or the address as given.

    Raises
    ------
    EnvironmentNameError
        If it is neither; the message has the near miss.
    """
    if env is not None:
        return _check_name(env)
    name = os.environ.get(_VARIABLE, "").strip() or "live"
    return _check_name(name, f" (from the variable {_VARIABLE})")


def resolve(env: str | Environment | None = None, site: str = "global") -> Environment:
    """Return the environment that is meant by a name, an address or nothing.

    Parameters
    ----------
    env
        An `Environment`, which is returned as it is; "live" or "demo"; a
        WebSocket base address, whose REST interface is taken to be on the same
        host; by default the value of the variable ``OKXLAB_ENV``, and "live"
        where that is not set.
    site
        One of `SITES`; has no meaning for addresses of one's own.

    Returns
    -------
    Environment

    Raises
    ------
    EnvironmentNameError
        If there is no such environment or site, or the simulator is meant,
        which has no address until it runs.
    """
    if isinstance(env, Environment):
        return env
    name = environment_name(env)
    if not _is_address(name):
        return Environment.named(name, site)
    return Environment(name, "http" + name.removeprefix("ws"), site=site)


def is_loopback(address: str) -> bool:
    """Tell whether an address is on this machine, where no proxy belongs.

    Parameters
    ----------
    address
        A WebSocket or REST address.

    Returns
    -------
    bool
    """
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _make_timings(settings: dict[str, Any]) -> Timings:
    for name in settings:
        if name not in Timings.__struct_fields__:
            hint = near_miss(name, Timings.__struct_fields__)
            raise TypeError(f"Environment has no setting {name!r}{hint}")
    return Timings(**settings)


def _is_address(text: str) -> bool:
    return text.startswith(("ws://", "wss://"))


def _check_name(name: str, origin: str = "") -> str:
    if name in NAMES or _is_address(name):
        return name
    raise EnvironmentNameError(
        f"no environment {name!r}{origin}{near_miss(name, NAMES)}; "
        f"there are {_listed(NAMES)}, and for any other exchange "
        'okxlab.Environment(ws="ws://...", rest="http://...")'
    )


def _check_site(site: str) -> str:
    if site in SITES:
        return site
    raise EnvironmentNameError(
        f"no site {site!r}{near_miss(site, SITES)}; there are {_listed(SITES)}"
    )


def _check_base(ws: str) -> str:
    base = _check_address("ws", ws, "ws")
    if "/ws/v5" in base:
        raise ValueError(
            f"ws={ws!r} is the base to which /ws/v5/... is appended; "
            "leave that away, or give full addresses as public=, private=, business="
        )
    return base


def _check_address(name: str, address: str, scheme: str) -> str:
    """Return the address without a slash at its end, if it can be connected to."""
    parts = urlsplit(address)
    if parts.scheme not in {scheme, scheme + "s"} or not parts.hostname:
        raise ValueError(
            f"{name}={address!r} is no address; it looks like "
            f'"{scheme}://127.0.0.1:9000" or "{scheme}s://host"'
        )
    if parts.username is not None:
        # Addresses stand in reprs, logs and saved notebooks; secrets must not.
        raise ValueError(f"{name}= must not carry a user name or a password")
    return address.rstrip("/")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))
