"""Other people's ways from a message to something to look at, where installed.

None of them is a dependency or an extra.  Written for ccxt 4.5, cryptofeed 2.4.1
(which brings GPL code), python-okx 0.4, streamz 0.6 and polars 1: install them by
hand where they are to be compared.  Each takes the messages of the kinds that it
has a way for; what it makes of them is its own: ccxt dictionaries and a book,
cryptofeed objects and a book, python-okx nothing, so that its users keep the rows
themselves.
"""

from __future__ import annotations

import asyncio
import json
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import orjson

from tests.bench.corpus import INSTRUMENTS, messages, mix, updates
from tests.bench.figures import Figure, ratio_of_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Take = Callable[[str], object]

_WINDOW = 10_000
"""Rows kept where that is the user's own work."""
_A_ROUND = 200
"""Messages of a round: some peers take milliseconds for each."""
_AHEAD = 500
"""Messages that go ahead, so that a peer has its shape."""

SOURCES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "trades": ("trades", lambda: messages("trades")),
    "tickers": ("tickers", lambda: messages("tickers")),
    "candle1m": ("candles", lambda: messages("candle1m")),
    "books": ("books update", updates),
    "mix": (f"mix of {len(INSTRUMENTS)} instruments", mix),
}
"""What a kind is called, and its messages."""


def _ccxt(_: str) -> Take:
    import ccxt.pro

    loop = asyncio.new_event_loop()
    exchange = loop.run_until_complete(_made(ccxt.pro.okx))
    names = ("BTC-USDT", *INSTRUMENTS)
    exchange.markets = {}
    exchange.markets_by_id = {
        name: [{**exchange.safe_market(name, None, "-"), "id": name}] for name in names
    }

    class Client:
        def __init__(self) -> None:
            self.subscriptions: dict[str, object] = {}

        def resolve(self, *_: object) -> None:
            """Nobody waits here."""

    client = Client()
    return lambda text: exchange.handle_message(client, json.loads(text))


async def _made(make: Callable[[], object]) -> object:
    return make()


def _cryptofeed(kind: str) -> Take:
    from cryptofeed.defines import CANDLES, L2_BOOK, TICKER, TRADES
    from cryptofeed.exchanges import OKX
    from cryptofeed.symbols import Symbols

    # Known already, it is not asked for over the network.
    terms = {"instrument_type": {"BTC-USDT": "spot"}}
    Symbols.set(OKX.id, {"BTC-USDT": "BTC-USDT"}, terms)

    async def nothing(*_: object) -> None:
        """Take what there is."""

    channel = {
        "trades": TRADES,
        "tickers": TICKER,
        "candle1m": CANDLES,
        "books": L2_BOOK,
    }[kind]
    feed = OKX(
        symbols=["BTC-USDT"],
        channels=[channel],
        callbacks={channel: nothing},
        checksum_validation=False,  # OKX has retired it
    )
    handle = feed.message_handler

    def take(text: str) -> None:
        # Nothing in there waits, so that one step ends it: no loop is in the way.
        try:
            handle(text, None, 0.0).send(None)
        except StopIteration:
            return

    return take


def _python_okx(_: str) -> Take:
    import okx  # noqa: F401  # what its users write on top of it

    rows: list[dict[str, object]] = []

    def take(text: str) -> None:
        rows.extend(json.loads(text)["data"])
        del rows[:-_WINDOW]

    return take


def _streamz(_: str) -> Take:
    import pandas as pd
    from streamz import Stream

    source = Stream()
    source.map(orjson.loads).map(
        lambda frame: pd.DataFrame(frame["data"])
    ).sliding_window(100, return_partial=True).map(pd.concat).sink(lambda _: None)
    return source.emit


def _polars(kind: str) -> Take:
    import polars as pl

    kept = [pl.DataFrame([orjson.loads(next(messages(kind)))["data"][0]])]

    def take(text: str) -> None:
        kept[0] = pl.concat([kept[0], pl.DataFrame(orjson.loads(text)["data"])]).tail(
            _WINDOW
        )

    return take


class Peer(NamedTuple):
    """Another program."""

    make: Callable[[str], Take]
    """Returns what takes messages of a kind."""
    kinds: tuple[str, ...]
    """Of `SOURCES`: what it has a way for."""


_ROWS = ("trades", "tickers")

PEERS: dict[str, Peer] = {
    "ccxt": Peer(_ccxt, tuple(SOURCES)),
    "cryptofeed": Peer(_cryptofeed, (*_ROWS, "candle1m", "books")),
    "python-okx": Peer(_python_okx, (*_ROWS, "candle1m", "mix")),
    "streamz": Peer(_streamz, _ROWS),
    "polars": Peer(_polars, _ROWS),
}
"""How each takes messages, by the name of its distribution."""


def measure(*, short: bool = False) -> list[Figure]:
    """Return what messages cost each peer; one that cannot be measured says why."""
    found = []
    for name, peer in PEERS.items():
        try:
            label = f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
        for kind in peer.kinds:
            try:
                found.append(_figure(label, peer, kind, short=short))
            except Exception as error:  # noqa: BLE001  # another version of it, perhaps
                print(f"{label} cannot be measured with {kind}: {error!r}")
    return found


def _figure(label: str, peer: Peer, kind: str, *, short: bool) -> Figure:
    said, source = SOURCES[kind]
    texts, take = source(), peer.make(kind)
    for text in islice(texts, 10 if short else _AHEAD):
        take(text)
    value, seconds = ratio_of_messages(
        take, orjson.loads, texts, count=_A_ROUND, short=short
    )
    note = f"{seconds * 1e6:.1f} us a message"
    return Figure(
        f"{label}, {said}", value, "x", "orjson.loads of the frame", None, note
    )
