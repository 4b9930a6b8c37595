"""Frames for charts: rows of every channel, and small markets to reckon with."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from okxlab.protocol.columns import Level
from okxlab.table import make_table, parse_window
from okxlab.views.charts import Subject

START = pd.Timestamp("2026-11-20 09:00", tz="UTC").as_unit("ms")
START_MS = int(START.timestamp()) * 1_000
SIDES = ("buy", "sell")


def value_of(column, number):
    """Return a plausible value of a column, which follows from a number."""
    if column.categories:
        wanted = [one for one in SIDES if one in column.categories]
        held = wanted or column.categories
        return held[number % len(held)]
    if column.field in ("inst_id", "sprd_id"):
        return ("BTC-USDT", "ETH-USDT")[number % 2]
    return {
        "float": 100 + np.sin(number) + number / 10,
        "ms": START_MS + 1_000 * number,
        "us": (START_MS + 1_000 * number) * 1_000,
        "int64": number,
        "Int64": number,
        "boolean": number % 5 != 4,
        "str": f"text {number}",
        "object": {"number": number},
    }[column.kind]


def row_of(columns, number):
    """Return a row with a value in every column."""
    row = SimpleNamespace()
    for column in columns:
        if column.source == "row":
            setattr(row, column.field, value_of(column, number))
    sides = {column.field for column in columns if column.source == "level"}
    for sign, side in ((-1, "bids"), (1, "asks")):
        if side in sides:
            levels = [
                Level(100 + sign * (n + 0.5) / 10, 1.0 + n, "0", n) for n in range(5)
            ]
            setattr(row, side, levels)
    return row


def frame_of(entry, rows, *, many=False):
    """Return a frame of a channel as a stream has it."""
    table = make_table(
        entry.kind if entry.kind != "book" else "series",
        entry.columns(many=many),
        window=parse_window(1_000),
        key=entry.key,
    )
    return filled(table, entry.columns(many=many), rows)


def updates_of(entry, rows):
    """Return the changes of a state channel as a stream has them."""
    columns = entry.update_columns()
    table = make_table("log", columns, window=parse_window(1_000))
    return filled(table, columns, rows)


def filled(table, columns, rows):
    """Return what a table holds after so many rows, a second apart."""
    for number in range(rows):
        recv_us = (START_MS + 1_000 * number + 40) * 1_000
        table.append([row_of(columns, number)], recv_us, "BTC-USDT")
    return table.snapshot()


def subject_of(entry, rows, **parts):
    """Return what the chart of a channel is drawn of."""
    frame = frame_of(entry, rows)
    inst_ids = ("BTC-USDT",) if "inst_id" not in frame.columns else ()
    levels = [Level(100.0, 1.0), Level(99.0, 2.0)] if rows else []
    asks = [Level(101.0, 1.0), Level(102.0, 2.0)] if rows else []
    given = {
        "channel": entry.name + (entry.bars[0] if entry.bars else ""),
        "kind": entry.kind,
        "frame": frame,
        "inst_ids": inst_ids,
        "updates": updates_of(entry, rows) if entry.kind == "state" else None,
        "bids": levels if entry.kind == "book" else (),
        "asks": asks if entry.kind == "book" else (),
    }
    return Subject(**{**given, **parts})


def times(*seconds):
    """Return an index of times, some seconds after the start."""
    index = START + pd.to_timedelta(list(seconds), unit="s")
    return pd.DatetimeIndex(index, name="ts").as_unit("ms")


def received(*seconds):
    """Return receive times, some seconds after the start."""
    return (START + pd.to_timedelta(list(seconds), unit="s")).as_unit("us")


def trades(px, sz, side, seconds=None, **columns):
    """Return a frame of trades, a second apart."""
    seconds = range(len(px)) if seconds is None else seconds
    return pd.DataFrame(
        {
            "px": np.array(px, float),
            "sz": np.array(sz, float),
            "side": pd.Categorical(side, categories=SIDES),
            "recv": received(*seconds),
            **columns,
        },
        index=times(*seconds),
    )


def candles(rows, confirm=True, seconds=60):
    """Return a frame of candles (open, high, low, close, vol)."""
    values = np.array(rows, float).reshape(-1, 5)
    frame = pd.DataFrame(values, columns=["open", "high", "low", "close", "vol"])
    frame["confirm"] = pd.array(np.broadcast_to(confirm, len(frame)), dtype="boolean")
    starts = [seconds * n for n in range(len(frame))]
    frame["recv"] = received(*starts)
    return frame.set_index(times(*starts))


def trace(figure, uid):
    """Return the one trace of a figure that has this id."""
    (found,) = [one for one in figure.data if one.uid == uid]
    return found
