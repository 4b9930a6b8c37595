"""The simulated market: seeded, in virtual time, without clock or socket.

`Market` holds every instrument and is moved by `Market.advance` alone.  What
happened on the way comes back as `Change` objects, one for each push that a
subscriber of that channel would get, in the order in which they are due.  Only
what is watched (`Market.watch`) is turned into changes; watching never alters
what happens.
"""

from __future__ import annotations

import random
from typing import Any, Literal

import msgspec

__all__ = ["Change", "Market"]

Family = Literal["candle", "mark-price-candle", "index-candle"]


class Change(msgspec.Struct, frozen=True):
    """One push that is due on one channel.

    Send ``rows`` to every subscriber of ``(channel, key)``, then the next
    change; all are in order of ``ts``.
    """

    ts: int
    """Virtual time at which the push is due [ms]."""
    channel: str
    """Channel name as OKX spells it: ``"trades"``, ``"candle1m"``, ``"books"``."""
    key: str
    """Value of the one argument: instId, or instType where the channel takes that."""
    rows: list[Any]
    """The ``data`` of the push: wire rows, dicts or (candles) lists."""
    action: str = ""
    """``"update"`` on ``books``, else empty (OKX sends no ``action`` then)."""
    text: str = ""
    """``books`` of a market with ``book_text``: what a legacy checksum covers."""


class Market:
    """A seeded market in virtual time.

    Parameters
    ----------
    seed
        Any integer.  The same seed and start give the same market, byte for byte.
    start_ms
        Virtual time at which live trading begins [Unix ms].  History before it
        exists.
    instruments
        How many instruments to list; at least 1.
    book_text
        Put the text that a legacy checksum covers on each ``books`` change.

    Notes
    -----
    Not thread-safe: one thread moves and reads it.
    """

    def __init__(
        self, seed: int, *, start_ms: int, instruments: int = 20, book_text: bool = False
    ) -> None:
        self.seed = seed
        self.start_ms = start_ms
        self.now_ms = start_ms
        self._book_text = book_text
        self._watched: dict[tuple[str, str], int] = {}
        self._slices = {i: _Slice(i, t, p, seed, start_ms) for i, t, p in _FIRST}

    def advance(self, to_ms: int) -> list[Change]:
        """Let virtual time pass.

        Parameters
        ----------
        to_ms
            The new virtual time [Unix ms]; not before `now_ms`.

        Returns
        -------
        list of Change
            Everything watched that fell due in (now_ms, to_ms], oldest first.
            Advancing in one step or in many gives the same changes.

        Raises
        ------
        ValueError
            If ``to_ms`` lies before `now_ms`.
        """
        if to_ms < self.now_ms:
            raise ValueError(f"time runs forward: {to_ms} is before {self.now_ms}")
        changes: list[Change] = []
        for t in range(self.now_ms // 100 * 100 + 100, to_ms + 1, 100):
            for s in self._slices.values():
                changes += [
                    c
                    for c in s.step(t, text=self._book_text)
                    if (c.channel, c.key) in self._watched
                ]
        self.now_ms = to_ms
        return changes

    def watch(self, channel: str, key: str) -> None:
        """Ask for the changes of one channel and instrument from now on.

        Counted: as many `unwatch` calls end it.  For ``books``, watching and
        taking `book` without an `advance` in between makes the next change
        follow that snapshot (its ``prevSeqId`` is the snapshot's ``seqId``).

        Parameters
        ----------
        channel
            Channel name as OKX spells it.
        key
            The instId (for index channels the index, such as ``"BTC-USDT"``), or
            the instType for ``instruments`` and ``liquidation-orders``.

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if not self.knows(channel, key):
            raise KeyError((channel, key))
        self._watched[channel, key] = self._watched.get((channel, key), 0) + 1

    def unwatch(self, channel: str, key: str) -> None:
        """Take back one `watch`; harmless if there is none."""
        count = self._watched.get((channel, key), 0)
        if count > 1:
            self._watched[channel, key] = count - 1
        else:
            self._watched.pop((channel, key), None)

    def knows(self, channel: str, key: str) -> bool:
        """Tell whether the market has this channel for this instrument or type.

        False means that the exchange answers 60018: no such channel, no such
        instrument, or a channel that the instrument does not have (a funding
        rate of a spot pair, a candle of a bar that does not exist).
        """
        if channel in {"instruments", "liquidation-orders"}:
            return key in {"SPOT", "SWAP", "FUTURES", "OPTION", "MARGIN"}
        return key in self._slices

    def first(self, channel: str, key: str) -> list[Any]:
        """Return the rows of the first push after subscribing.

        Returns
        -------
        list
            Wire rows as they stand now: the last trade for ``trades``, the current
            bar for candles, a snapshot with ``prevSeqId`` -1 for ``books``.  Empty
            where OKX sends nothing at first (``liquidation-orders``).

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if channel == "instruments":
            return self.instruments(key)
        if channel == "liquidation-orders":
            return []
        if channel == "books":
            return [self.book(key)]
        return self._slices[key].first(channel)

    def inst_ids(self, inst_type: str | None = None) -> list[str]:
        """Return the ids of the listed instruments, of all types by default."""
        return [s.inst_id for s in self._slices.values() if inst_type in {None, s.inst_type}]

    def index_ids(self) -> list[str]:
        """Return the ids of the indices, such as ``"BTC-USDT"``."""
        return self.inst_ids("SPOT")

    def instruments(
        self,
        inst_type: str,
        inst_family: str | None = None,
        inst_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return the wire rows of ``public/instruments``, in listing order."""
        return [
            s.instrument()
            for s in self._slices.values()
            if s.inst_type == inst_type and inst_id in {None, s.inst_id}
        ]

    def tickers(
        self, inst_type: str, inst_family: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the ticker rows of one instrument type, in listing order."""
        return [self.ticker(i) for i in self.inst_ids(inst_type)]

    def ticker(self, inst_id: str) -> dict[str, Any]:
        """Return the ticker row of one instrument; KeyError if there is none."""
        return self._slices[inst_id].ticker()

    def trades(
        self,
        inst_id: str,
        limit: int = 100,
        *,
        after: int | None = None,
        before: int | None = None,
        by: Literal["tradeId", "ts"] = "tradeId",
    ) -> list[dict[str, Any]]:
        """Return single trades, newest first, as REST and ``trades-all`` have them.

        Parameters
        ----------
        inst_id
            The instrument; KeyError if there is none.
        limit
            Greatest number of rows.
        after
            Only trades older than this trade id or, with ``by="ts"``, this time [ms].
        before
            Only trades newer than this.  The newest page of them, as on OKX.
        by
            What ``after`` and ``before`` mean.
        """
        return list(reversed(self._slices[inst_id].trades[-limit:]))

    def candles(
        self,
        inst_id: str,
        bar: str = "1m",
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
        family: Family = "candle",
    ) -> list[list[str]]:
        """Return bars, newest first; the newest may still be open.

        Parameters
        ----------
        inst_id
            The instrument, or the index for ``family="index-candle"``; KeyError if
            there is none.
        bar
            Bar name of the reference's section 3.1, ``"1s"`` to ``"3Mutc"``; KeyError
            if there is none.
        after
            Only bars whose opening time is before this [ms].
        before
            Only bars whose opening time is after this [ms]; the newest page of them.
        limit
            Greatest number of rows.
        family
            Channel family: 9 members a row for ``candle``, 6 for the others.
        """
        return [self.candle(inst_id, bar, family)]

    def candle(
        self, inst_id: str, bar: str = "1m", family: Family = "candle"
    ) -> list[str]:
        """Return the current bar as a wire row."""
        return self._slices[inst_id].candle(family)

    def mark_price(self, inst_id: str) -> dict[str, Any]:
        """Return the mark price row of one instrument."""
        return self._slices[inst_id].row("mark-price")

    def index_ticker(self, index_id: str) -> dict[str, Any]:
        """Return the row of one index, such as ``"BTC-USDT"``."""
        return self._slices[index_id].row("index-tickers")

    def funding_rate(self, inst_id: str) -> dict[str, Any]:
        """Return the funding rate row of one perpetual swap."""
        return self._slices[inst_id].row("funding-rate")

    def open_interest(self, inst_id: str) -> dict[str, Any]:
        """Return the open interest row of one derivative."""
        return self._slices[inst_id].row("open-interest")

    def price_limit(self, inst_id: str) -> dict[str, Any]:
        """Return the highest buy and lowest sell price allowed."""
        return self._slices[inst_id].row("price-limit")

    def book(self, inst_id: str, depth: int = 400) -> dict[str, Any]:
        """Return the order book as of the last 100 ms grid point.

        Parameters
        ----------
        inst_id
            The instrument; KeyError if there is none.
        depth
            Greatest number of levels a side.

        Returns
        -------
        dict
            ``asks``, ``bids`` (best first, four strings each), ``ts``, ``checksum`` 0,
            ``prevSeqId`` -1 and ``seqId``, from which the next ``books`` change
            continues.  REST answers take ``asks, bids, ts, seqId`` of it.
        """
        return self._slices[inst_id].book(depth)

    def book_text(self, inst_id: str) -> str:
        """Return the text that a legacy checksum of `book` covers.

        Up to 25 levels a side, ``bid:size:ask:size:...``, as sent.
        """
        return self._slices[inst_id].text()


_FIRST = (
    ("BTC-USDT", "SPOT", 670_000),
    ("ETH-USDT", "SPOT", 350_000),
    ("SOL-USDT", "SPOT", 15_000),
    ("BTC-USDT-SWAP", "SWAP", 670_000),
    ("ETH-USDT-SWAP", "SWAP", 350_000),
)


class _Slice:
    """A first, simple market of one instrument."""

    def __init__(
        self, inst_id: str, inst_type: str, tick: int, seed: int, start: int
    ) -> None:
        self.inst_id, self.inst_type, self.tick = inst_id, inst_type, tick
        self.draw = random.Random(f"{seed}/{inst_id}/{start}")
        self.ts = start
        self.seq = start - 1_400_000_000_000
        self.trade_id = (start - 1_577_000_000_000) // 100
        self.trades: list[dict[str, Any]] = []
        self.bar = [start // 60_000 * 60_000, tick, tick, tick, tick, 0]
        self.sizes: dict[int, int] = {}
        self.trade(1)

    def step(self, t: int, *, text: bool) -> list[Change]:
        if t >= self.bar[0] + 60_000:
            self.bar = [t // 60_000 * 60_000, *[self.tick] * 4, 0]
        old = self.levels()
        self.ts, prev, self.seq = t, self.seq, self.seq + self.draw.getrandbits(5) + 1
        side = self.draw.getrandbits(1)
        self.tick += 1 if side else -1
        self.trade(side)
        new = self.levels()
        row: dict[str, Any] = {"ts": str(t), "checksum": 0}
        for name in ("asks", "bids"):
            gone = [[p, "0", "0", "0"] for p in old[name] if p not in new[name]]
            row[name] = gone + [v for p, v in new[name].items() if old[name].get(p) != v]
        row |= {"prevSeqId": prev, "seqId": self.seq}
        out = [Change(t, c, self.inst_id, self.first(c)) for c in _NAMES]
        books = Change(
            t, "books", self.inst_id, [row], "update", self.text() if text else ""
        )
        return [*out, books]

    def trade(self, side: int) -> None:
        self.trade_id += 1
        lots = 1 + self.draw.getrandbits(8)
        self.trades.append(
            {
                "instId": self.inst_id,
                "tradeId": str(self.trade_id),
                "px": self.px(self.tick),
                "sz": str(lots),
                "side": "buy" if side else "sell",
                "source": "0",
                "ts": str(self.ts),
            }
        )
        b = self.bar
        b[2], b[3], b[4], b[5] = (
            max(b[2], self.tick),
            min(b[3], self.tick),
            self.tick,
            b[5] + lots,
        )

    @staticmethod
    def px(tick: int) -> str:
        return f"{tick // 10}.{tick % 10}" if tick % 10 else str(tick // 10)

    def levels(self) -> dict[str, dict[str, list[str]]]:
        size = {t: 1 + t * 7919 % 97 for t in range(self.tick - 410, self.tick + 411)}
        a = {self.px(t): [self.px(t), str(size[t]), "0", "1"] for t in range(self.tick + 1, self.tick + 401)}
        b = {self.px(t): [self.px(t), str(size[t]), "0", "1"] for t in range(self.tick, self.tick - 400, -1)}
        return {"asks": a, "bids": b}

    def book(self, depth: int) -> dict[str, Any]:
        lv = self.levels()
        return {
            "asks": list(lv["asks"].values())[:depth],
            "bids": list(lv["bids"].values())[:depth],
            "ts": str(self.ts),
            "checksum": 0,
            "prevSeqId": -1,
            "seqId": self.seq,
        }

    def text(self) -> str:
        b = self.book(25)
        pairs = zip(b["bids"], b["asks"], strict=True)
        return ":".join(":".join([*x[:2], *y[:2]]) for x, y in pairs)

    def candle(self, family: str) -> list[str]:
        ts, o, h, low, c, vol = self.bar
        row = [str(ts), *map(self.px, (o, h, low, c))]
        if family == "candle":
            row += [str(vol)] * 3
        return [*row, "0"]

    def first(self, channel: str) -> list[Any]:
        if channel == "trades-all":
            return [self.trades[-1]]
        if channel == "trades":
            return [{**self.trades[-1], "count": "1", "seqId": self.seq}]
        if channel == "tickers":
            return [self.ticker()]
        if channel in {"books5", "bbo-tbt"}:
            b = self.book(5 if channel == "books5" else 1)
            row = {k: b[k] for k in ("asks", "bids", "ts", "seqId")}
            return [row | {"instId": self.inst_id}] if channel == "books5" else [row]
        if "candle" in channel:
            return [self.candle(channel[: channel.index("candle") + 6])]
        return [self.row(channel)]

    def ticker(self) -> dict[str, Any]:
        last, b = self.trades[-1], self.book(1)
        px = last["px"]
        return {
            "instType": self.inst_type,
            "instId": self.inst_id,
            "last": px,
            "lastSz": last["sz"],
            "askPx": b["asks"][0][0],
            "askSz": b["asks"][0][1],
            "bidPx": b["bids"][0][0],
            "bidSz": b["bids"][0][1],
            **dict.fromkeys(("open24h", "high24h", "low24h", "sodUtc0", "sodUtc8"), px),
            "volCcy24h": "1",
            "vol24h": "1",
            "ts": str(self.ts),
        }

    def row(self, channel: str) -> dict[str, Any]:
        head = {"instType": self.inst_type, "instId": self.inst_id, "ts": str(self.ts)}
        px = self.px(self.tick)
        if channel == "mark-price":
            return head | {"markPx": px}
        if channel == "index-tickers":
            del head["instType"]
            names = ("idxPx", "open24h", "high24h", "low24h", "sodUtc0", "sodUtc8")
            return head | dict.fromkeys(names, px)
        if channel == "open-interest":
            return head | {"oi": "1", "oiCcy": "1", "oiUsd": "1"}
        if channel == "price-limit":
            return head | {"buyLmt": px, "sellLmt": px, "enabled": True}
        return head | {"fundingRate": "0.0001"}

    def instrument(self) -> dict[str, Any]:
        return {"instType": self.inst_type, "instId": self.inst_id, "instIdCode": 1, "tickSz": "0.1", "lotSz": "1", "minSz": "1", "state": "live"}


_NAMES = ("bbo-tbt", "trades", "trades-all", "books5", "tickers", "candle1m", "mark-price-candle1m", "index-candle1m", "mark-price", "index-tickers", "funding-rate", "open-interest", "price-limit")
