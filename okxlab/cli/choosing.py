"""Which exchange, and who asks there: the options that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from okxlab.environment import environment_name
from okxlab.protocol.auth import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["SIMULATED", "exchange_options", "given_credentials", "key_options"]

SIMULATED: Final = ("simulator-key", "simulator-secret", "simulator-pass")
"""Key, secret and passphrase of the account that every simulator has."""


def exchange_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--env`` and ``--site``: which exchange."""
    env = click.option(
        "--env",
        help="live, demo, simulator or a ws:// address; by default $OKXLAB_ENV, else "
        "live.",
    )
    site = click.option("--site", default="global", help="global (default), eea or us.")
    return env(site(command))


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--login`` and ``--keyring``: with whose key."""
    login = click.option(
        "--login",
        is_flag=True,
        help="Log in with $OKX_API_KEY, $OKX_SECRET_KEY and $OKX_PASSPHRASE.",
    )
    keyring = click.option(
        "--keyring",
        metavar="NAME",
        help="Log in with the key of that name in the keyring.",
    )
    return login(keyring(command))


def given_credentials(
    env: str | None, *, login: bool, keyring: str | None
) -> Credentials | None:
    """Return the key that the options name; a simulator's own needs no option.

    Raises
    ------
    OkxlabError
        If a key was asked for and is not there.
    """
    if keyring is not None:
        return Credentials.from_keyring(keyring)
    if login:
        return Credentials.from_env()
    if environment_name(env) == "simulator":
        return Credentials(*SIMULATED)
    return None
