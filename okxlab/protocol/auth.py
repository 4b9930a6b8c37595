"""Credentials that never show themselves, and the signatures made with them.

A login is signed over ``timestamp + "GET" + "/users/self/verify"`` with the
timestamp in Unix seconds; a REST request over ``timestamp + method + path`` with
the query in the path and the timestamp as ISO text with milliseconds.  OKX
accepts either for 30 s.
Source: OKX API v5, "WebSocket / Login" and "REST authentication", 2026-08-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from typing import NoReturn

from okxlab.errors import CredentialsError, MissingExtraError

__all__ = ["Credentials", "conceal", "login_arg", "rest_headers", "sign"]

_LOGIN_PATH = "GET/users/self/verify"
_LONG = 8
"""Parts of so many characters are in no other word by accident; a simulator's may be
shorter."""
_PARTS = ("api_key", "secret_key", "passphrase")
# The second name of a pair is what OKX's own and other people's clients read.
_VARIABLES = {
    "api_key": ("OKX_API_KEY",),
    "secret_key": ("OKX_SECRET_KEY", "OKX_API_SECRET"),
    "passphrase": ("OKX_PASSPHRASE", "OKX_API_PASSPHRASE"),
}


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
        missing = _first_missing(api_key, secret_key, passphrase)
        if missing:
            # A traceback that shows variables must not show these.
            del api_key, secret_key, passphrase
            raise CredentialsError(
                f"{missing} is missing: okxlab.Credentials needs api_key, "
                f"secret_key and passphrase as texts that are not empty"
            )
        self._api_key = api_key
        self._secret_key = secret_key
        self._passphrase = passphrase

    @classmethod
    def from_env(cls) -> Credentials:
        """Read the three from variables of the environment.

        ``OKX_API_KEY``; ``OKX_SECRET_KEY`` or ``OKX_API_SECRET``;
        ``OKX_PASSPHRASE`` or ``OKX_API_PASSPHRASE``.  Nothing in okxlab reads
        them unless this is called.

        Raises
        ------
        CredentialsError
            If one is not set; the message names the variables.
        """
        found = {
            part: next(
                (
                    os.environ[name]
                    for name in names
                    if os.environ.get(name, "").strip()
                ),
                "",
            )
            for part, names in _VARIABLES.items()
        }
        missing = [" or ".join(_VARIABLES[part]) for part in _PARTS if not found[part]]
        if missing:
            found.clear()
            raise CredentialsError(
                f"the environment has no {', no '.join(missing)}: set them before the "
                f"program or kernel starts, or call okxlab.Credentials(api_key, "
                f"secret_key, passphrase)"
            )
        return cls(**found)

    @classmethod
    def from_keyring(cls, service: str = "okxlab") -> Credentials:
        """Read the three from the keyring of the operating system.

        Store them there once, for example with
        ``keyring set okxlab api_key``, ``... secret_key``, ``... passphrase``.

        Parameters
        ----------
        service
            Name they are stored under; one for each key you have.

        Raises
        ------
        MissingExtraError
            If the package ``keyring`` is not installed.
        CredentialsError
            If the keyring does not have all three.
        """
        try:
            import keyring
        except ImportError as error:
            raise MissingExtraError(
                'the keyring needs an extra: pip install "okxlab[keyring]"'
            ) from error
        found = {part: keyring.get_password(service, part) or "" for part in _PARTS}
        missing = [part for part in _PARTS if not found[part].strip()]
        if missing:
            found.clear()
            raise CredentialsError(
                f"the keyring has no {', no '.join(missing)} under {service!r}: "
                f"store it with `keyring set {service} {missing[0]}`"
            )
        return cls(**found)

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


def _first_missing(*given: object) -> str:
    """Return the name of the first part that is no text or an empty one, or ""."""
    for name, value in zip(_PARTS, given, strict=True):
        if not isinstance(value, str) or not value.strip():
            return name
    return ""


def login_arg(credentials: Credentials, timestamp: str) -> dict[str, str]:
    """Return the arg of a login request, signed.

    Parameters
    ----------
    credentials
        The key to log in with.
    timestamp
        Unix time in whole seconds, fresh for each attempt.
    """
    key, secret, passphrase = _shown(credentials)
    return {
        "apiKey": key,
        "passphrase": passphrase,
        "timestamp": timestamp,
        "sign": sign(secret, timestamp + _LOGIN_PATH),
    }


def rest_headers(
    credentials: Credentials, timestamp: str, path: str, method: str = "GET"
) -> dict[str, str]:
    """Return the headers that sign a REST request without a body.

    Parameters
    ----------
    credentials
        The key to ask with.
    timestamp
        ISO text with milliseconds and ``Z``, fresh for each attempt.
    path
        Path with its query, as it is sent.
    method
        ``GET``: okxlab only reads.
    """
    key, secret, passphrase = _shown(credentials)
    return {
        "OK-ACCESS-KEY": key,
        "OK-ACCESS-SIGN": sign(secret, timestamp + method + path),
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-PASSPHRASE": passphrase,
    }


def conceal(text: str, credentials: Credentials) -> str:
    """Return a foreign text without the three, should it repeat them.

    Some of OKX's refusals repeat the request that is refused, a login too.

    Parameters
    ----------
    text
        What OKX said.
    credentials
        What must not be in it, plain or as JSON spells it.
    """
    spelt = {
        one for value in _shown(credentials) for one in (value, json.dumps(value)[1:-1])
    }
    # The longer first, should one be the beginning of another; all in one go, since
    # "***" may be one of them.
    parts = sorted(spelt, key=len, reverse=True)
    return re.sub("|".join(map(_pattern, parts)), "***", text)


def _pattern(part: str) -> str:
    """Return what finds a part: a short one, which may be in any word, as a word."""
    found = re.escape(part)
    if len(part) >= _LONG:
        return found
    before = r"\b" if re.match(r"\w", part) else ""
    after = r"\b" if re.search(r"\w\Z", part) else ""
    return f"{before}{found}{after}"


def sign(secret: str, text: str) -> str:
    """Return the Base64 of the HMAC-SHA256 of a text."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _shown(credentials: Credentials) -> tuple[str, str, str]:
    """Return key, secret and passphrase: the one place that reads them."""
    return (
        credentials._api_key,  # noqa: SLF001  # no attribute shows them to anyone else
        credentials._secret_key,  # noqa: SLF001
        credentials._passphrase,  # noqa: SLF001
    )
