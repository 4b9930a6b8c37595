"""``okxlab watch``: a live table until enough has come."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import click

from okxlab.cli.choosing import exchange_options, given_credentials, key_options
from okxlab.cli.painting import Lines, Terminal
from okxlab.environment import environment_name
from okxlab.protocol.channels import Channel, channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from okxlab.cli.painting import Painter
    from okxlab.protocol.auth import Credentials
    from okxlab.stream import Stream

__all__ = ["watch"]

_ENDED: Final = ("closed", "failed", "refused")
"""States of a stream to which no more rows come."""

_TICK: Final = 0.2
"""Longest wait for a frame before the command looks whether it is to end [s]."""

_FRAMES_WAITING: Final = 100
"""Frames kept for a terminal that is slower than the market, before the
dispatcher is made to wait and puts them together."""


@click.command()
@click.argument("inst")
@click.argument("channel_name", metavar="[CHANNEL]", default="tickers")
@exchange_options
@key_options
@click.option("--rows", type=click.IntRange(1), help="End after so many new rows.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    help="End after so many seconds; an error if rows are missing then.",
)
def watch(
    inst: str,
    channel_name: str,
    env: str | None,
    site: str,
    login: bool,
    keyring: str | None,
    rows: int | None,
    timeout: float | None,
) -> None:
    """Watch a live table of INST, for example BTC-USDT.

    Several instruments are joined by commas.  For a channel of a whole type of
    instruments INST is the type: okxlab watch SWAP instruments.  Into a file or
    a pipe, new rows are written as CSV.
    """
    import okxlab

    entry = channel(channel_name)
    credentials = given_credentials(env, login=login, keyring=keyring)
    _check(entry, credentials)
    click.echo(f"okxlab: {inst} {entry.name} from {environment_name(env)}", err=True)
    with okxlab.connect(env, site=site, credentials=credentials) as lab:
        stream = lab.stream(channel=entry.name, **_arg_of(entry, inst))
        painter = Terminal() if sys.stdout.isatty() else Lines()
        _pump(stream, painter, rows, timeout)


def _check(entry: Channel, credentials: Credentials | None) -> None:
    """Refuse what the lab would refuse with advice for Python."""
    if entry.instead:
        raise click.UsageError(
            f"channel {entry.name!r} is an order book, which rows cannot show; watch "
            f"the channel 'books5', or 'sprd-books5' for spreads"
        )
    if entry.login and credentials is None:
        raise click.UsageError(
            f"channel {entry.name!r} shows an account or needs a fee tier, and so a "
            f"key: add --login, which reads $OKX_API_KEY, $OKX_SECRET_KEY and "
            f"$OKX_PASSPHRASE, or --keyring NAME; --env simulator has a key of its own"
        )


def _arg_of(entry: Channel, inst: str) -> dict[str, Any]:
    """Return what INST is the value of, by the name that the channel has for it."""
    names = [name.strip() for name in inst.split(",")]
    one_or_many = names if len(names) > 1 else names[0]
    if entry.id_key in entry.required:
        return {"inst_id": one_or_many}
    if "instFamily" in entry.required:
        return {"inst_family": one_or_many}
    # Of an account's channels some take a currency only, or nothing at all.
    key, *_ = (*entry.required, *entry.optional, "inst_type")
    return {key: one_or_many}


def _pump(
    stream: Stream, painter: Painter, rows: int | None, timeout: float | None
) -> None:
    """Hand new rows to the painter until one of the ends is reached."""
    frames: queue.Queue[pd.DataFrame] = queue.Queue(_FRAMES_WAITING)
    subscription = stream.on_update(frames.put, every=painter.every)
    came = 0
    try:
        for _ in _ticks(timeout):
            painter.say(stream)
            with contextlib.suppress(queue.Empty):
                frame = frames.get(timeout=_TICK).iloc[: rows and rows - came]
                came += len(frame)
                painter.show(stream, frame)
            if came == rows:
                return
            if stream.status in _ENDED:
                break
    finally:
        subscription.stop()
        with contextlib.suppress(queue.Empty):  # lets go of a hand-over that waits
            while True:
                frames.get_nowait()
    if came < (rows or 1):
        # Its error says why: refused, unreachable, or a quiet market.
        stream.wait((rows or 1) - came, timeout=_TICK)


def _ticks(timeout: float | None) -> Iterator[None]:
    """Yield again and again until the time is over; for ever without one."""
    over = threading.Event()
    timer = threading.Timer(timeout or 0, over.set)
    timer.daemon = True
    if timeout is not None:
        timer.start()
    try:
        while not over.is_set():
            yield
    finally:
        timer.cancel()
