"""NautilusTrader's live node (PyPI: nautilus-trader) trades on the simulator.

Changed: its addresses; and a setting of its own keeps hyphens out of order ids, which
OKX refuses.  Positions it takes from its fills and asks for by REST: the channel of
positions is one that it does not know.
Usage: nautilus_node.py WS REST
"""

from __future__ import annotations

import asyncio
import sys

from nautilus_trader.adapters.okx import (
    OKX,
    OKXDataClientConfig,
    OKXExecClientConfig,
    OKXLiveDataClientFactory,
    OKXLiveExecClientFactory,
)
from nautilus_trader.config import (
    InstrumentProviderConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.core import nautilus_pyo3 as rust
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType, capsule_to_data
from nautilus_trader.model.enums import BookType, OrderSide, RecordFlag
from nautilus_trader.model.events import OrderEvent, PositionEvent
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy
from report import Report

SPOT = InstrumentId.from_str("BTC-USDT.OKX")
SWAP = InstrumentId.from_str("BTC-USDT-SWAP.OKX")
BARS = BarType.from_str("BTC-USDT.OKX-1-SECOND-LAST-EXTERNAL")
TYPES = (rust.OKXInstrumentType.SPOT, rust.OKXInstrumentType.SWAP)
KEY = {
    "api_key": "simulator-key",
    "api_secret": "simulator-secret",
    "api_passphrase": "simulator-pass",
}
ACCOUNT = rust.AccountId("OKX-001")
WAIT = 30
UPDATES = 20


class Desk(Strategy):
    """A strategy that keeps what it is told, in order, and does what it is asked."""

    def __init__(self):
        # An id of OKX's has letters and digits only.
        super().__init__(StrategyConfig(use_hyphens_in_client_order_ids=False))
        self.started = asyncio.Event()
        self.got = {}

    def on_start(self):
        self.msgbus.subscribe("events.account.*", self._keep_account)
        self.started.set()

    def on_quote_tick(self, tick):
        self._keep("quotes", tick)

    def on_trade_tick(self, tick):
        self._keep("trades", tick)

    def on_order_book_deltas(self, deltas):
        self._keep("books", deltas)

    def on_bar(self, bar):
        self._keep("bars", bar)

    def on_event(self, event):
        if isinstance(event, OrderEvent):
            self._keep(event.client_order_id, event)
        elif isinstance(event, PositionEvent):
            self._keep("positions", event)

    def queue(self, name):
        return self.got.setdefault(name, asyncio.Queue())

    async def next(self, name):
        async with asyncio.timeout(WAIT):
            return await self.queue(name).get()

    async def until(self, order, last):
        """Return the names of the events of an order, up to the last."""
        names = []
        while not names or names[-1] != last:
            event = await self.next(order.client_order_id)
            names.append(type(event).__name__)
            assert names[-1] not in {"OrderDenied", "OrderRejected"}, event
        return names

    def _keep_account(self, state):
        self._keep("account", state)

    def _keep(self, name, what):
        self.queue(name).put_nowait(what)


def make_node(ws_base, rest, desk):
    """Return a node whose clients go to the simulator."""
    shared = {
        **KEY,
        "base_url_http": rest,
        "instrument_types": TYPES,
        "instrument_provider": InstrumentProviderConfig(load_all=True),
    }
    node = TradingNode(
        config=TradingNodeConfig(
            logging=LoggingConfig(log_level="ERROR"),
            data_clients={
                OKX: OKXDataClientConfig(
                    **shared, base_url_ws=f"{ws_base}/ws/v5/public"
                )
            },
            exec_clients={
                OKX: OKXExecClientConfig(
                    **shared,
                    base_url_ws=f"{ws_base}/ws/v5/private",
                    margin_mode=rust.OKXMarginMode.CROSS,
                )
            },
            timeout_connection=WAIT,
            timeout_disconnection=2,
            timeout_post_stop=0.1,
        )
    )
    node.trader.add_strategy(desk)
    node.add_data_client_factory(OKX, OKXLiveDataClientFactory)
    node.add_exec_client_factory(OKX, OKXLiveExecClientFactory)
    node.build()
    return node


async def ask(rest, kind):
    """Return its REST client, and the instruments of a kind."""
    client = rust.OKXHttpClient(**KEY, base_url=rest)
    instruments, _codes = await client.request_instruments(kind)
    client.cache_instruments(instruments)
    return client, instruments


async def read_ticker(ws_base, rest):
    """Read a ticker with the part of it that knows them; its strategies do not."""
    _, instruments = await ask(rest, TYPES[0])
    loop, pushes = asyncio.get_running_loop(), asyncio.Queue()
    client = rust.OKXWebSocketClient(f"{ws_base}/ws/v5/public")
    await client.connect(
        loop,
        instruments,
        lambda push: loop.call_soon_threadsafe(pushes.put_nowait, push),
    )
    await client.subscribe_ticker(rust.InstrumentId.from_str(str(SPOT)))
    async with asyncio.timeout(WAIT):
        ticker = capsule_to_data(await pushes.get())
    await client.close()
    return ticker


async def read_market(desk, report, ws_base, rest):
    """Subscribe to the four kinds, and read some of each."""
    desk.subscribe_quote_ticks(SPOT)
    desk.subscribe_trade_ticks(SPOT)
    desk.subscribe_order_book_deltas(SPOT, BookType.L2_MBP)
    desk.subscribe_bars(BARS)
    with report.check("tickers"):
        # What its strategies know as quotes is bbo-tbt.
        for quote in (await read_ticker(ws_base, rest), await desk.next("quotes")):
            assert quote.instrument_id == SPOT, quote
            assert quote.bid_price < quote.ask_price, quote
    with report.check("trades"):
        last = 0
        for _ in range(3):
            trade = await desk.next("trades")
            assert int(trade.trade_id.value) > last, (last, trade)
            assert trade.size > 0, trade
            last = int(trade.trade_id.value)
    with report.check("books"):
        last = 0
        for i in range(UPDATES):
            deltas = await desk.next("books")
            is_snapshot = bool(deltas.flags & RecordFlag.F_SNAPSHOT)
            assert is_snapshot == (i == 0), i
            assert deltas.sequence > last, (last, deltas.sequence)
            last = deltas.sequence
        book = desk.cache.order_book(SPOT)
        assert book.best_bid_price() < book.best_ask_price(), book
    with report.check("candles"):
        # It hands on candles that have ended only.
        for _ in range(2):
            bar = await desk.next("bars")
            assert bar.low <= bar.close <= bar.high, bar
    return quote


async def trade(desk, report, quote):
    """Rest and cancel, then buy; hear of all of it."""
    spot, make = desk.cache.instrument(SPOT), desk.order_factory
    amount = spot.make_qty(0.01)
    with report.check("login"):
        # A node that is not let in does not start.
        account = desk.portfolio.account(SPOT.venue)
        before = account.balance_total(USDT)
        assert before.as_double() > 0, account
    far = spot.make_price(quote.bid_price.as_double() / 2)
    resting = make.limit(SPOT, OrderSide.BUY, amount, far)
    with report.check("place"):
        desk.submit_order(resting)
        placed = await desk.until(resting, "OrderAccepted")
    with report.check("cancel"):
        desk.cancel_order(resting)
        canceled = await desk.until(resting, "OrderCanceled")
    with report.check("orders"):
        # The answer to an order and its push both count as an acceptance.
        assert list(dict.fromkeys([*placed, *canceled])) == [
            "OrderInitialized",
            "OrderSubmitted",
            "OrderAccepted",
            "OrderPendingCancel",
            "OrderCanceled",
        ], (placed, canceled)
    bought = make.market(SPOT, OrderSide.BUY, amount)
    with report.check("fill"):
        desk.submit_order(bought)
        while not bought.is_closed:
            await desk.until(bought, "OrderFilled")
        assert bought.filled_qty == amount, bought
    with report.check("account"):
        while not account.balance_total(USDT) < before:
            await desk.next("account")


async def hold(desk, report, rest):
    """Open a position; hear of it, and ask for it as it does when it reconciles."""
    swap = desk.cache.instrument(SWAP)
    with report.check("positions"):
        opened = desk.order_factory.market(SWAP, OrderSide.BUY, swap.make_qty(1))
        desk.submit_order(opened)
        held = await desk.next("positions")
        while held.instrument_id != SWAP:
            held = await desk.next("positions")
        assert held.signed_qty == 1, held
        client, _ = await ask(rest, TYPES[1])
        (told,) = await client.request_position_status_reports(ACCOUNT, TYPES[1])
        assert told.quantity.as_double() == 1, told


async def be_refused(ws_base, rest, report):
    """Come with a wrong passphrase, by WebSocket and by REST."""
    wrong = {**KEY, "api_passphrase": "guess"}
    with report.check("refused"):
        stranger = rust.OKXHttpClient(**wrong, base_url=rest, max_retries=0)
        client = rust.OKXWebSocketClient.with_credentials(
            f"{ws_base}/ws/v5/private", **wrong, auth_timeout_secs=5
        )
        told, shut = await asyncio.gather(
            stranger.request_account_state(ACCOUNT),
            client.connect(asyncio.get_running_loop(), [], print),
            return_exceptions=True,
        )
        assert isinstance(told, ValueError), told
        assert "50105" in str(told), told
        # It waits for a login until it gives up, whatever it is told.
        assert isinstance(shut, Exception), shut
        assert "Authentication" in str(shut), shut


async def main(ws_base, rest, _checksum):
    """Do all of it."""
    report, desk = Report(), Desk()
    node = make_node(ws_base, rest, desk)
    running = asyncio.ensure_future(node.run_async())
    try:
        async with asyncio.timeout(WAIT):
            await desk.started.wait()
        quote = await read_market(desk, report, ws_base, rest)
        await trade(desk, report, quote)
        await hold(desk, report, rest)
        await be_refused(ws_base, rest, report)
    finally:
        await node.stop_async()
        await running
    report.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
