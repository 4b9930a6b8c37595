"""``okxlab simulator``: an exchange on this machine until it is interrupted."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from okxlab.cli.choosing import SIMULATED

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["simulator"]

_TICK: Final = 0.2
"""How often the command looks whether it is to end [s]; Windows delivers Ctrl-C
only between two waits."""


def _rate(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> float | Literal["max"] | None:
    """Read a rate; the simulator says which numbers make no sense."""
    if text is None:
        return None
    if text == "max":
        return "max"
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a number nor max") from None


@click.command()
@click.option("--port", default=9000, help="0 takes any free one. [default: 9000]")
@click.option("--seed", default=1, help="Another seed, another market. [default: 1]")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    help="Market seconds in one second. [default: 1]",
)
@click.option(
    "--instruments",
    type=click.IntRange(1),
    default=20,
    help="How many there are. [default: 20]",
)
@click.option("--tls", is_flag=True, help="wss:// with a certificate made on the spot.")
@click.option(
    "--checksum",
    type=click.Choice(["zero", "legacy"]),
    default="zero",
    help="Of order books: as OKX today, or as before June 2026.",
)
@click.option(
    "--key",
    default=SIMULATED[0],
    help="Key of its one account. [default: simulator-key]",
)
@click.option(
    "--secret",
    default=SIMULATED[1],
    help="Secret of that key. [default: simulator-secret]",
)
@click.option(
    "--passphrase",
    default=SIMULATED[2],
    help="Passphrase of that key. [default: simulator-pass]",
)
@click.option(
    "--trader",
    metavar="INST_ID",
    help="What that account trades by itself, such as BTC-USDT.",
)
@click.option(
    "--rate",
    metavar="N|max",
    callback=_rate,
    help="A load in place of a market: so many messages a second, or as many as "
    "are taken.",
)
def simulator(
    port: int,
    seed: int,
    speed: float,
    instruments: int,
    tls: bool,
    checksum: Literal["zero", "legacy"],
    key: str,
    secret: str,
    passphrase: str,
    trader: str | None,
    rate: float | Literal["max"] | None,
) -> None:
    """Serve a simulated OKX on this machine until interrupted.

    Its WebSocket and REST addresses are written to stdout, a line each.
    """
    from okxlab.simulator import Account, Simulator

    # A supervisor's polite signal ends the command as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        market = Simulator(
            seed=seed,
            speed=speed,
            instruments=instruments,
            port=port,
            tls=tls,
            checksum=checksum,
            accounts=[Account(key, secret, passphrase)],
            trader=trader,
            rate=rate,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with _listening(market):
        click.echo(f"{market.ws}\n{market.rest}")
        click.echo(
            f"okxlab: {instruments} instruments, seed {seed}; end with Ctrl-C.\n"
            f"Notebooks and programs find it with OKXLAB_ENV={market.ws}",
            err=True,
        )
        stay = threading.Event()
        while not stay.wait(_TICK):
            pass


@contextlib.contextmanager
def _listening(market: Any) -> Iterator[None]:
    try:
        market.start()
    except OSError as error:
        raise click.ClickException(f"the simulator cannot listen: {error}") from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    try:
        yield
    finally:
        market.stop()
