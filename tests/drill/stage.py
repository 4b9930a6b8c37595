"""Books, the router that holds them and an exchange, all in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import repeat

from okxlab.environment import Environment
from okxlab.lab.router import Router
from okxlab.protocol.channels import channel, make_arg
from okxlab.simulator.exchange import Exchange
from okxlab.stream.book_tape import BookTape
from okxlab.stream.tape import Tape
from okxlab.table import parse_window
from tests.drill.virtual import MemoryRest, VirtualLoop, World

START_MS = 1_790_000_000_000
TICK_MS = 50


def play(scene, *args, **options):
    """Run a coroutine function with a `Stage` as its first argument."""
    import okxlab.transport.dial as dialling

    async def run():
        async with _open(dialling, **options) as stage:
            return await scene(stage, *args)

    loop, real = VirtualLoop(), dialling.dial
    try:
        return loop.run_until_complete(run())
    finally:
        dialling.dial = real
        loop.close()


@asynccontextmanager
async def _open(dialling, *, seed=3, delays=None, instruments=8, **timings):
    exchange = Exchange(seed, start_ms=START_MS, instruments=instruments)
    world = World(exchange, START_MS)
    dialling.dial = world.dial
    stage = Stage(world, delays or repeat(0.01), timings)
    try:
        yield stage
    finally:
        await stage.router.close()


class Stage:
    """What a scene has at hand.

    Attributes
    ----------
    exchange, world, rest, router
        The far end, what is between, and the client's side.
    """

    def __init__(self, world, delays, timings) -> None:
        environment = Environment(
            "ws://exchange.invalid", "http://exchange.invalid", **timings
        )
        self.world = world
        self.exchange = world.exchange
        self.rest = MemoryRest(world, delays)
        self.router = Router(environment, world.runtime, self.rest)

    def book(self, inst_id, name="books"):
        """Return the tape of a book that the router serves."""
        entry = channel(name)
        tape = BookTape(entry, make_arg(entry, inst_id), parse_window(1_000))
        self.router.attach(tape)
        return tape

    def rows(self, inst_id, name):
        """Return the tape of rows that the router serves."""
        entry = channel(name)
        tape = Tape(entry, (make_arg(entry, inst_id),), parse_window(100_000))
        self.router.attach(tape)
        return tape

    async def play(self, seconds):
        """Let time pass on both sides."""
        for _ in range(round(seconds * 1000 / TICK_MS)):
            self.world.advance(TICK_MS)
            await asyncio.sleep(TICK_MS / 1000)
