"""Other people's ways from a message to something to look at, where installed.

None of them is a dependency or an extra.  Written for ccxt 4.5, cryptofeed 2.4.1
(which brings GPL code), python-okx 0.4, streamz 0.6 and polars 1: install them by
hand where they are to be compared.
"""

from __future__ import annotations

import asyncio
import json
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from tests.bench.corpus import messages
from tests.bench.figures import Figure, ratio_of_messages

if TYPE_CHECKING:
    from collections.abc import Callable

    Take = Callable[[str], object]

_WINDOW = 10_000


def _ccxt() -> Take:
    import ccxt.pro

    loop = asyncio.new_event_loop()
    exchange = loop.run_until_complete(_made(ccxt.pro.okx))
    market = exchange.safe_market("BTC-USDT")
    exchange.markets, exchange.markets_by_id = {}, {"BTC-USDT": [market]}

    class Client:
        def resolve(self, *_: object) -> None:
            """Nobody waits here."""

    client = Client()
    return lambda text: exchange.handle_message(client, json.loads(text))


async def _made(make: Callable[[], object]) -> object:
    return make()


def _cryptofeed() -> Take:
    from cryptofeed.defines import TRADES
    from cryptofeed.exchanges import OKX
    from cryptofeed.symbols import Symbols

    # Known already, it is not asked for over the network.
    terms = {"instrument_type": {"BTC-USDT": "spot"}}
    Symbols.set(OKX.id, {"BTC-USDT": "BTC-USDT"}, terms)

    async def nothing(*_: object) -> None:
        """Take a trade."""

    feed = OKX(symbols=["BTC-USDT"], channels=[TRADES], callbacks={TRADES: nothing})
    handle = feed.message_handler

    def take(text: str) -> None:
        # Nothing in there waits, so that one step ends it: no loop is in the way.
        try:
            handle(text, None, 0.0).send(None)
        except StopIteration:
            return

    return take


def _python_okx() -> Take:
    import okx  # noqa: F401  # what its users write on top of it

    rows: list[dict[str, object]] = []

    def take(text: str) -> None:
        rows.extend(json.loads(text)["data"])
        del rows[:-_WINDOW]

    return take


def _streamz() -> Take:
    import pandas as pd
    from streamz import Stream

    source = Stream()
    source.map(orjson.loads).map(
        lambda frame: pd.DataFrame(frame["data"])
    ).sliding_window(100, return_partial=True).map(pd.concat).sink(lambda _: None)
    return source.emit


def _polars() -> Take:
    import polars as pl

    kept = [pl.DataFrame([orjson.loads(next(messages("trades")))["data"][0]])]

    def take(text: str) -> None:
        kept[0] = pl.concat([kept[0], pl.DataFrame(orjson.loads(text)["data"])]).tail(
            _WINDOW
        )

    return take


PEERS: dict[str, Callable[[], Take]] = {
    "ccxt": _ccxt,
    "cryptofeed": _cryptofeed,
    "python-okx": _python_okx,
    "streamz": _streamz,
    "polars": _polars,
}
"""How each takes a message, by the name of its distribution."""


def measure(*, short: bool = False) -> list[Figure]:
    """Return what a trade costs each peer; one that cannot be measured says why."""
    found = []
    for name, make in PEERS.items():
        try:
            label = f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
        texts = messages("trades")
        try:
            take = make()
            for text in islice(texts, 100):
                take(text)
            value, seconds = ratio_of_messages(
                take, orjson.loads, texts, count=200, short=short
            )
        except Exception as error:  # noqa: BLE001  # another version of it, perhaps
            print(f"{label} cannot be measured: {error!r}")
            continue
        found.append(
            Figure(
                f"{label}, trades",
                value,
                "x",
                "orjson.loads of the frame",
                None,
                f"{seconds * 1e6:.1f} us a message",
            )
        )
    return found
