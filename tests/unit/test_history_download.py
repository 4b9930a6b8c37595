"""Pages side by side: patience, order, and what ends the work."""

# ruff: noqa: ARG002  # a stub takes what it is given

import asyncio

import pytest

from okxlab.errors import ConnectError, ExchangeError
from okxlab.history.download import Download
from okxlab.history.source import Page, Source
from okxlab.protocol.channels import channel
from okxlab.protocol.rows import SingleTrade


class Ids(Source):
    """Trades whose ids are all numbers, and a list of what goes wrong first."""

    row = SingleTrade

    def __init__(self, *failures):
        super().__init__(None, channel("trades-all"), "A", 10)
        self._failures = list(failures)
        self.asked = []
        self.under_way = self.most_under_way = 0

    async def stretch(self, start_ms, end_ms, rows):
        return start_ms, end_ms

    async def fetch(self, page, now_ms):
        self.asked.append(page)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self._failures:
            raise self._failures.pop(0)
        return [SingleTrade(trade_id=i) for i in range(page.low, page.high)]

    def is_whole(self, page, rows, now_ms):
        return True

    def place(self, row):
        return row.trade_id

    def missing(self, rows):
        return 0

    def is_cut(self, rows, start_ms):
        return False


def run(source, low, high):
    """Fetch a stretch without pauses between attempts."""
    download = Download(source, None, lambda: 7, pause=0.0)
    return download, asyncio.run(download.run(low, high, 0))


def ids_of(fetched):
    """Return the ids of all rows in order."""
    return [row.trade_id for one in fetched for row in one.rows]


def test_pages_lie_on_a_grid_and_come_in_order():
    """Whatever is asked for, the same pages are fetched."""
    source = Ids()
    download, fetched = run(source, 25, 61)

    assert ids_of(fetched) == list(range(20, 70))
    assert [one.page for one in fetched] == [
        Page(low, low + 10) for low in (20, 30, 40, 50, 60)
    ]
    assert (download.pages, download.done) == (5, 5)
    assert {one.recv_us for one in fetched} == {7}


def test_some_pages_are_under_way_at_once():
    """More than one, and not all of them."""
    source = Ids()
    run(source, 0, 1_000)

    assert source.most_under_way == 8
    assert len(source.asked) == 100


@pytest.mark.parametrize(
    "failure", [ConnectError("gone"), ExchangeError("busy", code="50013", msg="")]
)
def test_what_passes_is_waited_out(failure):
    """A network that comes back costs no row."""
    _, fetched = run(Ids(*[failure] * 5), 0, 10)

    assert ids_of(fetched) == list(range(10))


def test_what_does_not_pass_is_raised_at_once():
    """A refusal for good is not repeated."""
    source = Ids(ExchangeError("no", code="51001", msg="no"))

    with pytest.raises(ExchangeError, match="no"):
        run(source, 0, 10)

    assert len(source.asked) == 1


def test_patience_ends():
    """An exchange that stays away is an error after some attempts."""
    source = Ids(*[ConnectError("gone")] * 6)

    with pytest.raises(ConnectError):
        run(source, 0, 10)

    assert len(source.asked) == 6


def test_nothing_is_asked_for_an_empty_stretch():
    """An end that is no later than the start has no page."""
    assert run(Ids(), 10, 10)[1] == []
