"""``okxlab doctor``: what works, what does not, and what to do about it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from okxlab.cli.choosing import exchange_options, given_credentials, key_options
from okxlab.environment import SITES, Environment, environment_name, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["doctor"]


@click.command()
@exchange_options
@key_options
@click.option(
    "--everywhere",
    is_flag=True,
    help="Try a key that is refused on the other environments and sites too.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    help="Longest wait for any one answer, in seconds. [default: 5]",
)
def doctor(
    env: str | None,
    site: str,
    login: bool,
    keyring: str | None,
    everywhere: bool,
    timeout: float,
) -> int:
    """Say what works, what does not, and what to do about it.

    Looks at what is installed, at each path of the exchange, at the clock and, if
    asked to, at the login: which environment and site the key belongs to.  Reads
    only, and shows no key.  The exit code is 1 if there is a problem.
    """
    from okxlab.lab.doctor import examine
    from okxlab.runtime import current_runtime

    credentials = given_credentials(env, login=login, keyring=keyring)
    with _place(env, site) as environment:
        others = [
            Environment.named(name, one)
            for name in ("live", "demo")
            for one in SITES
            if everywhere and (name, one) != (environment.name, environment.site)
        ]
        report = examine(
            environment,
            current_runtime(),
            credentials,
            elsewhere=others,
            timeout=timeout,
        )
    click.echo(report)
    return 0 if report.is_well else 1


@contextlib.contextmanager
def _place(env: str | None, site: str) -> Iterator[Environment]:
    """Give the environment that is meant; a simulator runs as long as this does."""
    name = environment_name(env)
    if name != "simulator":
        yield resolve(name, site)
        return
    from okxlab.simulator import Simulator

    with Simulator() as running:
        yield running.environment
