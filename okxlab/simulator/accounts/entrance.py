"""The door: logins and signed requests are let in, or refused with OKX's codes.

The codes of a login are those of the reference's section 6 (2026-08-22), those of
a request are the 501xx of OKX's error table.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from typing import TYPE_CHECKING, Any

from okxlab.protocol.auth import login_arg, rest_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from okxlab.simulator.accounts.account import Account

__all__ = ["DeniedError", "admit", "admit_request"]

_VALID = 30.0
"""Seconds that a timestamp is good for."""
_SECONDS = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
_REAL_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""What keys made by OKX look like; the simulator's own do not."""
_DEMO_HEADER = "x-simulated-trading"
_HEADERS = {
    "OK-ACCESS-KEY": "50103",
    "OK-ACCESS-PASSPHRASE": "50104",
    "OK-ACCESS-SIGN": "50106",
    "OK-ACCESS-TIMESTAMP": "50107",
}
"""What a signed request must have, and the code if it has not."""


class DeniedError(Exception):
    """A login or a signed request is refused.

    Attributes
    ----------
    code, msg : str
        OKX's code and words.
    """

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg


def admit(
    accounts: Mapping[str, Account],
    arg: Mapping[str, Any],
    clocks: Sequence[float],
    *,
    simulated: bool = False,
) -> Account:
    """Return the account that an arg of a login opens.

    Parameters
    ----------
    accounts
        By key.
    arg
        As sent.  The timestamp may be a text or a number, with a fraction; the
        signature is over its text.
    clocks
        Unix times of which one must be near the timestamp [s].
    simulated
        Whether this is demo trading.

    Raises
    ------
    DeniedError
        60004 no timestamp, 60005 unknown key, 60032 one of the real exchange, 50101
        a key of the other environment, 60006 expired, 60024 wrong passphrase, 60007
        wrong signature, 60009 a passphrase or a signature is missing.
    """
    sent = arg.get("timestamp")
    stamp = str(sent) if isinstance(sent, str | int | float) else ""
    if isinstance(sent, bool) or not _SECONDS.fullmatch(stamp):
        raise DeniedError("60004", "Invalid timestamp")
    key = str(arg.get("apiKey", ""))
    account = accounts.get(key)
    if account is None and _REAL_KEY.fullmatch(key):
        raise DeniedError("60032", "API key doesn't exist.")
    if account is None:
        raise DeniedError("60005", "Invalid apiKey")
    _check_environment(account, simulated=simulated)
    if not arg.get("passphrase") or not arg.get("sign"):
        raise DeniedError("60009", "Login failed.")
    if _expired(float(stamp), clocks):
        raise DeniedError("60006", "Timestamp request expired")
    wanted = login_arg(account.credentials, stamp)
    if not _same(wanted["passphrase"], arg.get("passphrase")):
        raise DeniedError("60024", "Wrong passphrase")
    if not _same(wanted["sign"], arg.get("sign")):
        raise DeniedError("60007", "Invalid sign")
    return account


def admit_request(
    accounts: Mapping[str, Account],
    headers: Mapping[str, str],
    method: str,
    path: str,
    clocks: Sequence[float],
) -> Account:
    """Return the account that a signed REST request is from.

    Parameters
    ----------
    accounts
        By key.
    headers
        Of the request; looked up by OKX's names.
    method, path
        As signed: ``GET`` and the path with its query as sent, or ``POST`` and the
        path with the body behind it.
    clocks
        As for `admit`.

    Raises
    ------
    DeniedError
        501xx: a header is missing or wrong.
    """
    got = {name: headers.get(name, "") for name in _HEADERS}
    for name, code in _HEADERS.items():
        if not got[name]:
            raise DeniedError(code, f"Request header {name} can not be empty.")
    stamp = got["OK-ACCESS-TIMESTAMP"]
    account = accounts.get(got["OK-ACCESS-KEY"])
    if account is None and _REAL_KEY.fullmatch(got["OK-ACCESS-KEY"]):
        raise DeniedError("50119", "API key doesn't exist.")
    if account is None:
        raise DeniedError("50111", "Invalid OK-ACCESS-KEY")
    _check_environment(account, simulated=headers.get(_DEMO_HEADER) == "1")
    if _expired(_unix(stamp), clocks):
        raise DeniedError("50102", "Timestamp request expired")
    wanted = rest_headers(account.credentials, stamp, path, method)
    if not _same(wanted["OK-ACCESS-PASSPHRASE"], got["OK-ACCESS-PASSPHRASE"]):
        raise DeniedError("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.")
    if not _same(wanted["OK-ACCESS-SIGN"], got["OK-ACCESS-SIGN"]):
        raise DeniedError("50113", "Invalid Sign")
    return account


def _check_environment(account: Account, *, simulated: bool) -> None:
    if account.simulated not in {None, simulated}:
        raise DeniedError("50101", "APIKey does not match current environment.")


def _unix(stamp: str) -> float:
    try:
        moment = dt.datetime.fromisoformat(stamp)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise DeniedError("50112", "Invalid OK-ACCESS-TIMESTAMP")
    return moment.timestamp()


def _expired(stamp: float, clocks: Sequence[float]) -> bool:
    return all(abs(clock - stamp) > _VALID for clock in clocks)


def _same(wanted: str, got: object) -> bool:
    return isinstance(got, str) and hmac.compare_digest(
        wanted.encode(), got.encode(errors="replace")
    )
