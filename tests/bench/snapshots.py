"""`df`: what looking at the window costs, however long it is."""

from __future__ import annotations

from okxlab.protocol.channels import channel
from okxlab.protocol.rows import Trade
from okxlab.table import make_table, parse_window
from tests.bench.figures import Figure, ratio

_SMALL, _LARGE = 1_000, 1_000_000


def filled(rows: int):
    """Return a table of trades that holds so many rows."""
    entry = channel("trades")
    table = make_table(entry.kind, entry.columns(), window=parse_window(rows))
    batch = [
        Trade(
            ts=1_790_000_000_000 + n,
            trade_id=n,
            px=64_000.0 + n % 100,
            sz=0.25,
            side="buy",
            count=1,
            source="0",
            seq_id=n,
        )
        for n in range(min(rows, 10_000))
    ]
    for _ in range(rows // len(batch)):
        table.append(batch, 1_790_000_000_000_000)
    return table


def measure(*, short: bool = False) -> list[Figure]:
    """Return the cost of a large window against that of a small one."""
    large_rows = _LARGE // 20 if short else _LARGE
    small, large = filled(_SMALL), filled(large_rows)
    value, seconds = ratio(large.snapshot, small.snapshot, short=short)
    return [
        Figure(
            f".df of a trades window of {large_rows:,} rows",
            value,
            "x",
            f"the same at {_SMALL:,} rows",
            1.5,
            f"{seconds * 1e6:.1f} us",
        )
    ]
