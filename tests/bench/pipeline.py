"""Frame text in, row in table: what a message costs on its way into the frame."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import orjson

from okxlab.protocol.arg import Arg
from tests.bench.corpus import (
    BOOK,
    CHANGED,
    INSTRUMENTS,
    KINDS,
    MIX,
    messages,
    mix,
    updates,
)
from tests.bench.figures import Figure, ratio_of_messages
from tests.bench.path import WayIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROMISED = {"trades": 1.9, "tickers": 1.8, "candle1m": 2.3}
_WINDOW = 10_000
_A_ROUND = 4_000
_A_ROUND_OF_BOOKS = 400


def measure(*, short: bool = False) -> list[Figure]:
    """Return a figure for each kind of message."""
    return [
        *(one_channel(kind, short=short) for kind in KINDS),
        many_channels(short=short),
        book(short=short),
        frame_on_every_trade(short=short),
    ]


def one_channel(kind: str, *, short: bool) -> Figure:
    """Return what a message of one subscription costs."""
    return _figure(
        f"frame text to row in table, {kind}",
        [Arg(kind, instId="BTC-USDT")],
        messages(kind),
        _PROMISED.get(kind),
        ahead=0 if short else _WINDOW,
        short=short,
    )


def many_channels(*, short: bool) -> Figure:
    """Return what a message costs where two hundred subscriptions take turns."""
    args = [Arg(kind, instId=name) for name in INSTRUMENTS for kind in MIX]
    title = f"the same, {len(INSTRUMENTS)} instruments in {len(MIX)} channels"
    return _figure(
        title, args, mix(), 2.2, ahead=(2 if short else 100) * len(args), short=short
    )


def book(*, short: bool) -> Figure:
    """Return what an update of a deep book costs."""
    title = f"books update of {CHANGED} levels applied, top recorded"
    return _figure(
        title, [BOOK], updates(), 2.9, ahead=2, count=_A_ROUND_OF_BOOKS, short=short
    )


def _figure(
    title: str,
    args: Iterable[Arg],
    texts: Iterator[str],
    at_most: float | None,
    *,
    ahead: int,
    count: int = _A_ROUND,
    short: bool,
) -> Figure:
    """Measure one way in.

    Parameters
    ----------
    title, at_most
        Of the figure.
    args, texts
        What is subscribed to, and its messages.
    ahead
        Messages that go ahead, so that the tables have their shape.
    count
        Messages of a round.
    short
        Only show that it works.
    """
    way = WayIn(args, _WINDOW)
    try:
        for text in islice(texts, ahead):
            way.take(text)
        before = way.frames
        value, seconds = ratio_of_messages(
            way.take, orjson.loads, texts, count=count, short=short
        )
        assert way.frames > before, "nothing came through"
        assert way.is_well, "something was lost on the way"
    finally:
        way.close()
    note = f"{seconds * 1e6:.2f} us a message"
    return Figure(title, value, "x", "orjson.loads of the frame", at_most, note)


def frame_on_every_trade(*, short: bool) -> Figure:
    """Return what it costs to look at the whole window after each trade."""
    way = WayIn([Arg("trades", instId="BTC-USDT")], _WINDOW)
    texts = messages("trades")
    (tape,) = way.tapes.values()
    snapshot = tape.log.snapshot
    try:
        for text in islice(texts, 100 if short else _WINDOW):
            way.take(text)

        def take(text: str) -> None:
            way.take(text)
            snapshot()

        value, seconds = ratio_of_messages(
            take, orjson.loads, texts, count=_A_ROUND_OF_BOOKS, short=short
        )
    finally:
        way.close()
    title = f".df on every trade at a window of {_WINDOW:,} rows"
    note = f"{seconds * 1e6:.1f} us a message"
    return Figure(title, value, "x", "orjson.loads of the frame", 40, note)
