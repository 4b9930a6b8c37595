"""What becomes of a running simulator when the machine sleeps."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from okxlab.simulator.exchange import Exchange
from okxlab.simulator.pace import Pace
from okxlab.simulator.server import HOST, Server

pytestmark = pytest.mark.simulated

START = 1_760_000_000_000  # 2025-10-09 08:53:20 UTC
NIGHT = 8 * 3600


@pytest.mark.parametrize(
    ("follows_present", "now_ms"), [(True, START + NIGHT * 1000), (False, START)]
)
def test_after_a_night(follows_present, now_ms):
    """Connections break; the market is that of the morning, or goes on as it was."""
    wall = START / 1000

    def make_exchange():
        return Exchange(1, start_ms=int(wall * 1000), instruments=5)

    async def sleep_and_wake():
        nonlocal wall
        server = Server(
            make_exchange,
            1.0,
            follows_present=follows_present,
            pace=Pace(START, 1.0, wall=lambda: wall),
        )
        port = await server.open(0, None)
        try:
            address = f"ws://{HOST}:{port}/ws/v5/public"
            async with connect(address, proxy=None) as ws:
                wall += NIGHT
                with pytest.raises(ConnectionClosedError):
                    await asyncio.wait_for(ws.recv(), 5)
            async with connect(address, proxy=None) as ws:
                await ws.send("ping")
                pong = await asyncio.wait_for(ws.recv(), 5)
        finally:
            await server.close()
        return pong, server.exchange.market.now_ms

    assert asyncio.run(sleep_and_wake()) == ("pong", now_ms)
