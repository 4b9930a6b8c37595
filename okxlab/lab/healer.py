"""Fills what streams are missing from REST, beside the streams.

Theory of operation.  A tape says which stretches of an arg are missing, and which
past is asked for; for each such arg one task runs until nothing is left.  It asks
for the newest trades at once where those are enough, else page by page; what comes
is put where it belongs by the tape, which knows what it has already.  REST may lag
behind the stream and may be out of reach: then it is tried again with growing
pauses, until it is given up and the gap in the ledger says why.

Everything here runs on the loop thread.
"""

from __future__ import annotations

import asyncio
import logging
import random
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from okxlab.errors import OkxlabError
from okxlab.history.calls import TRADES_LIMIT, MarketCalls
from okxlab.history.download import Download, is_passing
from okxlab.history.retrieval import Request, Retrieval
from okxlab.history.source import Page
from okxlab.history.sources import check_history, make_source
from okxlab.stream.chained import ChainedTape
from okxlab.stream.funding import FundingTape

if TYPE_CHECKING:
    from pathlib import Path

    from okxlab.history.source import Source
    from okxlab.lab.errands import Errands
    from okxlab.protocol.arg import Arg
    from okxlab.rest import RestClient
    from okxlab.runtime import Clock
    from okxlab.stream.tape import Tape

__all__ = ["Healer"]

_log = logging.getLogger("okxlab.lab")

_SIDE_BY_SIDE: Final = 4
"""Args that are filled at once; after a reconnect there may be hundreds."""
_TRIES: Final = 10
"""Attempts in a row without a row gained, before an arg is given up."""
_LOOKS: Final = 6
"""Attempts in a row that OKX answers without a row gained: six seconds, by which
its REST side may lag behind."""
_VAIN: Final = 3
"""Holes in a row that OKX has nothing for, before one look is enough."""
_PAUSE_FIRST: Final = 0.2
_PAUSE_MOST: Final = 30.0
"""Pauses between attempts [s]: two minutes in all."""
_MOST: Final = 50_000
"""Trades of one hole at most: 500 pages, a minute at OKX's rate.  Older ones of a
longer hole stay missing."""
_FAR_MS: Final = 1 << 60


class Healer:
    """Fills the tapes of one lab.

    Parameters
    ----------
    rest
        Who asks; None where the environment has no REST address.
    errands
        Where filling runs.
    clock
        Stamps what comes.
    exchange
        What tells the pages of this exchange from others.
    cache_at
        Directory for whole pages of the past that is asked for; None for none.
    pause
        First pause between two attempts [s].
    """

    def __init__(
        self,
        rest: RestClient | None,
        errands: Errands,
        clock: Clock,
        *,
        exchange: str = "",
        cache_at: Path | None = None,
        pause: float = _PAUSE_FIRST,
    ) -> None:
        self._rest = rest
        self._errands = errands
        self._clock = clock
        self._exchange = exchange
        self._cache_at = cache_at
        self._pause = pause
        self._turns = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._busy: set[tuple[ChainedTape, Arg]] = set()
        # Holes in a row that OKX had nothing for: should ids ever be left out on
        # purpose, not every one of them is to be asked for again and again.
        self._vain: dict[tuple[ChainedTape, Arg], int] = {}

    def watch(self, tape: Tape) -> None:
        """Fill a tape from now on, if it is one that can be filled."""
        if isinstance(tape, FundingTape):
            tape.on_payment = partial(self._owe, tape)
        if not isinstance(tape, ChainedTape):
            return
        tape.on_hole = partial(self._wake, tape)
        for arg in tape.args:
            if tape.asked.get(arg) is not None or tape.missing(arg):
                self._wake(tape, arg)

    def leave(self, tape: Tape) -> None:
        """Fill a tape no more; what is under way for it ends by itself."""
        if isinstance(tape, FundingTape):
            tape.on_payment = None
        if isinstance(tape, ChainedTape):
            tape.on_hole = None
            for arg in tape.args:
                self._vain.pop((tape, arg), None)

    def _owe(
        self, tape: FundingTape, arg: Arg, start_ms: int, end_ms: int, number: int
    ) -> None:
        if self._rest is not None:
            page = Page(start_ms, end_ms)
            self._errands.spawn(self._pay(tape, arg, page, number, self._rest))

    async def _pay(
        self, tape: FundingTape, arg: Arg, page: Page, number: int, rest: RestClient
    ) -> None:
        """Ask for the payments of a stretch until they are there."""
        source = make_source(MarketCalls(rest), tape.entry, arg.inst_id or "")
        why = "OKX does not have them"
        for tries in range(_TRIES):
            try:
                async with self._turns:
                    rows = await source.fetch(page, page.high)
            except OkxlabError as error:
                why, rows = str(error), []
                if not is_passing(error):
                    break
            if rows:
                tape.pay(arg, rows, self._clock.recv_us(), number)
                return
            pause = min(self._pause * 2.0**tries, _PAUSE_MOST)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
        tape.gaps.change(number, how=f"payments cannot be had: {why}")

    def _wake(self, tape: ChainedTape, arg: Arg) -> None:
        if (tape, arg) not in self._busy:
            self._busy.add((tape, arg))
            self._errands.spawn(self._mend(tape, arg))

    async def _mend(self, tape: ChainedTape, arg: Arg) -> None:
        tries = 0
        try:
            while tape.on_hole is not None and not tape.is_over and _wants(tape, arg):
                attempt = await self._attempt(tape, arg, tries)
                tries = 0 if attempt.gained else tries + 1
                if attempt.gained:
                    self._vain.pop((tape, arg), None)
                if attempt.is_last or tries >= self._patience(tape, arg, attempt):
                    if not attempt.why:
                        self._vain[tape, arg] = self._vain.get((tape, arg), 0) + 1
                    _end(tape, arg, attempt.why or "OKX does not have it")
                elif _wants(tape, arg):
                    pause = min(self._pause * 2.0**tries, _PAUSE_MOST)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
        finally:
            self._busy.discard((tape, arg))

    def _patience(self, tape: ChainedTape, arg: Arg, attempt: _Attempt) -> int:
        """Return after how many attempts in vain to end."""
        if attempt.why:
            return _TRIES
        return _LOOKS if self._vain.get((tape, arg), 0) < _VAIN else 1

    async def _attempt(self, tape: ChainedTape, arg: Arg, tries: int) -> _Attempt:
        if self._rest is None:
            return _Attempt(0, "the environment has no REST address", is_last=True)
        mark = tape.log.mark
        why, is_last = "", False
        try:
            check_history(tape.entry)
            async with self._turns:
                await self._past(tape, arg, self._rest)
                await self._holes(tape, arg, self._rest, tries)
        except OkxlabError as error:
            _log.info("%s cannot be filled: %s", arg, error)
            why, is_last = str(error), not is_passing(error)
            if arg in tape.asked:
                tape.loads[arg].fail(why, is_final=False)
        return _Attempt(tape.log.mark - mark, why, is_last=is_last)

    async def _past(self, tape: ChainedTape, arg: Arg, rest: RestClient) -> None:
        asked = tape.asked.get(arg)
        if asked is None:
            return
        request = Request(arg.inst_id or "", tape.entry.name, asked)
        retrieval = Retrieval(
            request, self._cache_at, self._exchange, self._clock.recv_us
        )
        load, work = tape.loads[arg], asyncio.ensure_future(retrieval.run(rest))
        load.begin(retrieval, work.cancel)
        try:
            past = await work
        except asyncio.CancelledError:
            if load.state == "stopped" and not _is_cancelled():
                return
            raise
        tape.fill(arg, past.rows, self._clock.recv_us(), is_past=True)
        load.end()
        if tape.asked.get(arg) is asked:
            del tape.asked[arg]

    async def _holes(
        self, tape: ChainedTape, arg: Arg, rest: RestClient, tries: int
    ) -> None:
        source = make_source(MarketCalls(rest), tape.entry, arg.inst_id or "")
        self._shorten(tape, arg, source)
        if tries % 2 == 0 and _is_recent(tape, arg):
            rows = await source.recent()
            tape.fill(arg, rows, self._clock.recv_us())
        for low, high in reversed(tape.missing(arg)):
            # Every second time the call that reaches back further is asked.
            now_ms = high if tries % 2 == 0 else _FAR_MS
            download = Download(source, None, self._clock.recv_us, self._pause)
            fetched = await download.run(low, high, now_ms)
            rows = [row for one in fetched for row in one.rows]
            tape.fill(arg, rows, self._clock.recv_us())

    def _shorten(self, tape: ChainedTape, arg: Arg, source: Source) -> None:
        """Give up the older part of what is too long to be filled."""
        missing = tape.missing(arg)
        if missing and source.most(missing[0][0], missing[-1][1]) > _MOST:
            low, high = missing[0][0], missing[-1][1]
            below = high - (high - low) * _MOST // source.most(low, high)
            tape.give_up(arg, f"only the newest {_MOST:,} are refilled", below)


class _Attempt(msgspec.Struct):
    """What came of one attempt."""

    gained: int
    why: str
    is_last: bool = False


def _is_cancelled() -> bool:
    """Tell whether it is this task itself that is to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _wants(tape: ChainedTape, arg: Arg) -> bool:
    return arg in tape.asked or bool(tape.missing(arg))


def _is_recent(tape: ChainedTape, arg: Arg) -> bool:
    """Tell whether the newest trades perhaps have all that is missing."""
    missing = tape.missing(arg)
    reach = tape.mending.chains[arg].reach
    return bool(missing) and reach is not None and reach - missing[0][0] <= TRADES_LIMIT


def _end(tape: ChainedTape, arg: Arg, why: str) -> None:
    tape.give_up(arg, why)
    if tape.asked.pop(arg, None) is not None:
        tape.loads[arg].fail(why, is_final=True)
        tape.note(f"the past of {arg} cannot be had: {why}")
        _log.warning("%s", tape.last_error)
