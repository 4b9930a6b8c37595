"""Credentials that never show themselves, and the signature of a login.

A login is signed over ``timestamp + "GET" + "/users/self/verify"`` with the
timestamp in Unix seconds (REST uses another format); OKX accepts it for 30 s.
Source: OKX API v5, "WebSocket / Login", 2026-08-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import NoReturn

from okxlab.errors import CredentialsError

__all__ = ["Credentials", "login_arg"]

_LOGIN_PATH = "GET/users/self/verify"


class Credentials:
    """An API key with its secret and passphrase.

    Neither ``repr`` nor ``str`` nor an error shows any of the three, and an
    object of this class cannot be pickled or copied into a file by accident.

    Parameters
    ----------
    api_key, secret_key, passphrase
        As OKX shows them when the key is made.

    Raises
    ------
    CredentialsError
        If one of them is empty or no text; the message names which, not what.
    """

    __slots__ = ("_api_key", "_passphrase", "_secret_key")

    def __init__(self, api_key: str, secret_key: str, passphrase: str) -> None:
        given: dict[str, object] = {
            "api_key": api_key,
            "secret_key": secret_key,
            "passphrase": passphrase,
        }
        for name, value in given.items():
            if not isinstance(value, str) or not value.strip():
                raise CredentialsError(
                    f"{name} is missing: okxlab.Credentials needs api_key, "
                    f"secret_key and passphrase as texts that are not empty"
                )
        self._api_key = api_key
        self._secret_key = secret_key
        self._passphrase = passphrase

    def __repr__(self) -> str:
        return "Credentials(api_key=***, secret_key=***, passphrase=***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials) and all(
            hmac.compare_digest(
                getattr(self, name).encode(), getattr(other, name).encode()
            )
            for name in self.__slots__
        )

    def __hash__(self) -> int:
        return hash((type(self), self._api_key))

    def __reduce__(self) -> NoReturn:
        raise CredentialsError(
            "credentials are not pickled: a pickle would hold them in plain text; "
            "make them anew where they are needed"
        )


def login_arg(credentials: Credentials, timestamp: str) -> dict[str, str]:
    """Return the arg of a login request, signed.

    Parameters
    ----------
    credentials
        The key to log in with.
    timestamp
        Unix time in whole seconds, fresh for each attempt.
    """
    sign = hmac.new(
        credentials._secret_key.encode(),  # noqa: SLF001 - the only reader
        (timestamp + _LOGIN_PATH).encode(),
        hashlib.sha256,
    ).digest()
    return {
        "apiKey": credentials._api_key,  # noqa: SLF001 - the only reader
        "passphrase": credentials._passphrase,  # noqa: SLF001 - the only reader
        "timestamp": timestamp,
        "sign": base64.b64encode(sign).decode(),
    }
