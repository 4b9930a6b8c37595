"""What an account has open, by signed REST: the wire tells changes only.

Source: OKX API v5, "WS / Order channel" (nothing on subscribing) and "REST / Get
order list" (newest first, ``after`` an id, at most 100 a page), 2026-08-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.errors import RemoteProtocolError
from okxlab.protocol.pushes import decode_rows

if TYPE_CHECKING:
    from okxlab.lab.login import Login
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel

__all__ = ["open_orders"]

_PAGE = 100
"""Most orders that OKX tells at once."""
_MOST_PAGES = 100
"""An account may have 4,000 orders open (OKX API v5, "Trade"); more is a circle."""


async def open_orders(login: Login, entry: Channel, arg: Arg) -> list[Any]:
    """Return the open orders that a subscription is about.

    Parameters
    ----------
    login
        Whose.
    entry
        The channel, whose ``rest`` is asked.
    arg
        Its ``instType`` (``ANY``: all), ``instFamily`` and ``instId`` count.

    Returns
    -------
    list
        Typed rows of the channel, oldest first.

    Raises
    ------
    LoginError, ExchangeError, RemoteProtocolError, TransportError
        As `Login.ask`; a page that cannot be read is refused as a whole, since
        a missing order would look like one that has ended.
    """
    found: list[Any] = []
    wanted = {key: arg.get(key) for key in ("instType", "instFamily", "instId")}
    if wanted["instType"] == "ANY":
        wanted["instType"] = None
    for _ in range(_MOST_PAGES):
        after = _id_of(found[-1], arg) if found else None
        page = await login.ask(entry.rest, {**wanted, "after": after, "limit": _PAGE})
        found += page
        if len(page) < _PAGE:
            break
    rows, troubles = decode_rows(entry, msgspec.Raw(msgspec.json.encode(found)), arg)
    if any(trouble.lost for trouble in troubles):
        raise RemoteProtocolError(
            f"the list of open orders of {arg} cannot be read: {troubles[0].why}",
            text=troubles[0].text,
        )
    return rows[::-1]


def _id_of(row: Any, arg: Arg) -> str:
    try:
        return str(row["ordId"])
    except (KeyError, TypeError) as error:
        raise RemoteProtocolError(
            f"the list of open orders of {arg} cannot be read: a row without ordId",
            text=str(row),
            path="$.data[].ordId",
        ) from error
