"""What the exchange says of its markets and of an account, against what is shown."""

from __future__ import annotations

from typing import Any

import msgspec

from okxlab.protocol.channels import channel as find_channel

VALUES = {
    "tickers": ("last", "last_sz", "bid_px", "bid_sz", "ask_px", "ask_sz"),
    "mark-price": ("mark_px",),
    "index-tickers": ("idx_px",),
    "bbo-tbt": ("bids", "asks"),
}
"""What of the newest row must be what the exchange has; the rest is of its moment."""
NEIGHBOURS = 2
"""Orders that may be filled at the same time as another one."""


def opening(exchange, arg) -> Any:
    """Return the row that the exchange would begin a subscription with now."""
    for source in exchange.sources:
        found = source.find(arg)
        if found is not None:
            (row,) = source.opening(arg.channel, found).rows
            return msgspec.convert(row, find_channel(arg.channel).row, strict=False)
    raise KeyError(arg)


def is_last_state(stream, row) -> bool:
    """Tell whether the newest row of a stream is this state."""
    mine = stream._tape.latest
    return mine is not None and all(
        getattr(mine, name) == getattr(row, name) for name in VALUES[stream.channel]
    )


class AccountStreams:
    """The private streams of the account that trades.

    Parameters
    ----------
    lab
        Logged in as that account.
    """

    def __init__(self, lab) -> None:
        self.orders = lab.stream("BTC-USDT", "orders", inst_type="SPOT", window=1_000)
        self.fills = lab.stream(channel="fills", window=1_000)
        self.account = lab.stream(channel="account", window=1_000)
        self.positions = lab.stream(channel="positions", inst_type="ANY", window=1_000)
        self.all = (self.orders, self.fills, self.account, self.positions)

    def wrong(self, simulator) -> list[str]:
        """Return what is not as the simulator has it, once all has arrived."""
        checks = (
            (self.orders, open_orders, simulator.orders()),
            (self.account, cash, simulator.balances()),
            (self.positions, positions, simulator.positions()),
        )
        found = []
        for stream, look, there in checks:
            shown, expected = look(stream.df), look(there)
            if not stream._tape.wait_for(
                lambda s=stream, f=look, e=expected: f(s.df) == e, 10.0
            ):
                shown = look(stream.df)
                found.append(f"{stream.name}: {shown} is not {expected}")
        record = simulator._serving.reach(filled)
        if not self.fills._tape.wait_for(lambda: not self.unexplained(record), 10.0):
            found.append(f"fills lost without a word: {self.unexplained(record)}")
        if self.fills.df["trade_id"].duplicated().any():
            found.append("a fill twice")
        return found

    def unexplained(self, record) -> list[str]:
        """Return the orders whose fills are neither shown nor inside a gap.

        Parameters
        ----------
        record
            Size of the fills of each order, oldest first.
        """
        frame, gaps = self.fills.df, self.fills.gaps
        if frame.empty:
            return []
        sizes = frame.groupby("ord_id")["fill_sz"].sum().to_dict()
        times = frame.groupby("ord_id")["recv"]
        first, last = times.min().to_dict(), times.max().to_dict()
        orders = list(record)
        begin = next(n for n, order in enumerate(orders) if order in sizes)
        lost = []
        for n in range(begin + NEIGHBOURS, len(orders)):
            order = orders[n]
            if abs(sizes.get(order, 0.0) - record[order]) < 1e-9:
                continue
            before = [last[o] for o in orders[: n - NEIGHBOURS] if o in last]
            after = [first[o] for o in orders[n + NEIGHBOURS + 1 :] if o in first]
            inside = gaps["end"].isna()
            if before:
                inside |= gaps["end"] >= max(before)
            else:
                inside |= True
            if after:
                inside &= gaps["start"] <= min(after)
            if not inside.any():
                lost.append(order)
        return lost


def open_orders(rows) -> dict[str, tuple[str, float]]:
    """Return state and filled size of each open order, of a frame or of wire rows."""
    if isinstance(rows, list):
        return {
            row["ordId"]: (row["state"], float(row["accFillSz"] or 0))
            for row in rows
            if row["instId"] == "BTC-USDT"
        }
    return {
        key: (state, size)
        for key, state, size in zip(
            rows.index, rows["state"], rows["acc_fill_sz"], strict=True
        )
    }


def cash(rows) -> dict[str, float]:
    """Return the cash of each currency, of a frame or of texts by currency."""
    if isinstance(rows, dict):
        return {ccy: float(text) for ccy, text in rows.items() if float(text)}
    return {ccy: one for ccy, one in rows["cash_bal"].items() if one}


def positions(rows) -> dict[str, float]:
    """Return the size of each position, of a frame or of wire rows."""
    if isinstance(rows, list):
        return {row["posId"]: float(row["pos"]) for row in rows}
    return rows["pos"].to_dict()


def filled(exchange) -> dict[str, float]:
    """Return what was filled of each order lately, oldest first."""
    sizes: dict[str, float] = {}
    for order, fill in exchange.accounts.desk()._dealing.fills:
        size = float(order.terms.sz(fill.lots))
        sizes[order.ord_id] = sizes.get(order.ord_id, 0.0) + size
    return sizes
