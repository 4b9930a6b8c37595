"""A walk over the registry: every channel of OKX's, from the wire to a frame."""

from __future__ import annotations

import datetime as dt

import pytest

import okxlab
from okxlab.protocol.auth import Credentials
from okxlab.protocol.channels import CHANNELS, channel
from okxlab.simulator import Account

pytestmark = pytest.mark.simulated

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
START = dt.datetime(2025, 10, 9, 7, 35, tzinfo=dt.UTC)
"""Futures are settled at eight, so the price of it is forming."""
KEY = Credentials("simulator-key", "simulator-secret", "simulator-pass")

# A tick-by-tick book excludes the other books of its instrument.
INSTRUMENTS = {
    "index-candle": "BTC-USDT",
    "index-tickers": "BTC-USDT",
    "books-l2-tbt": "ETH-USDT",
    "books50-l2-tbt": "SOL-USDT",
}
FAMILIES = {"opt-summary": "BTC-USD", "option-trades": "BTC-USD"}
DTYPES = {
    "float": "float64",
    "ms": "datetime64[ms, UTC]",
    "us": "datetime64[us, UTC]",
    "int64": "int64",
    "Int64": "Int64",
    "boolean": "boolean",
    "str": "str",
    "category": "category",
    "object": "object",
}
STEPS = (1.0, *[20.0] * 90)
"""How virtual time moves until every channel has told something [s]: half an hour."""


def _name(entry):
    return entry.names[0]


def _params(entry, algo_id):
    """Return what a channel is asked for with."""
    values = {
        "instId": INSTRUMENTS.get(entry.name, "BTC-USDT-SWAP"),
        "instFamily": FAMILIES.get(entry.name, "BTC-USDT"),
        "sprdId": "BTC-USDT_BTC-USDT-SWAP",
        "algoId": algo_id,
        "instType": next(
            kind
            for kind in ("SWAP", "FUTURES", *entry.inst_types)
            if kind in entry.inst_types
            and (entry.name, kind) != ("estimated-price", "SWAP")
        ),
    }
    return {key: values[key] for key in (*entry.required, *entry.either[-1:])}


def _open(lab, entry, algo_id):
    params = _params(entry, algo_id)
    if entry.kind == "book":
        return lab.book(params[entry.id_key], channel=entry.name)
    return lab.stream(params.pop(entry.id_key, None), channel=_name(entry), **params)


def _find_grid(lab):
    """Return the id of a grid that runs, which two channels are asked for with."""
    grids = lab.stream(channel="grid-orders-contract", inst_type="SWAP")
    assert grids._tape.wait_for(lambda: len(grids.df), PATIENCE), grids
    return grids.df.index[0]


def _rows(stream, entry):
    """Return everything that has come, as a frame."""
    return stream.updates if entry.kind == "state" else stream.df


@pytest.fixture(scope="module")
def simulator():
    """Give a simulator whose time stands still."""
    # So little money that a large position is near its end at once.
    account = Account(balances={"USDT": "1000", "BTC": "1"}, leverage=100)
    with okxlab.Simulator(7, start=START, speed=0, accounts=[account]) as simulator:
        yield simulator


def _connect(simulator, name):
    environment = okxlab.Environment(
        simulator.ws, simulator.rest, name=name, connects_per_second=100
    )
    return okxlab.connect(environment, credentials=KEY)


@pytest.fixture(scope="module")
def walked(simulator):
    """Subscribe to every channel, and let time pass until each has told something."""
    with _connect(simulator, "walk") as lab:
        grid = _find_grid(lab)
        streams = {entry: _open(lab, entry, grid) for entry in CHANNELS}
        for stream in streams.values():
            is_asked = lambda stream=stream: stream.status != "connecting"  # noqa: E731
            assert stream._tape.wait_for(is_asked, PATIENCE), stream
        simulator.trade("BTC-USDT", "sell", "0.0001")
        simulator.trade("BTC-USDT-SWAP", "buy", "85")
        _let_pass(simulator, dict(streams))
        yield streams


def _let_pass(simulator, silent):
    """Move time until every channel has told something; who has may leave."""
    for seconds in STEPS:
        simulator.step(seconds)
        for entry, stream in tuple(silent.items()):
            if len(_rows(stream, entry)):
                stream.close()
                del silent[entry]
        if not silent:
            break


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
def test_every_channel_fills_its_frame(walked, entry):
    """Subscribed on its path, with a login where it must be; typed rows arrive."""
    stream = walked[entry]
    frame = stream.df.reset_index()
    columns = channel(_name(entry)).columns()

    assert stream.stats.last_error == ""
    assert len(_rows(stream, entry)) > 0
    if entry.kind != "book":
        assert set(frame.columns) == {column.name for column in columns}
        actual = {one.name: str(frame.dtypes[one.name]) for one in columns}
        assert actual == {one.name: DTYPES[one.kind] for one in columns}
