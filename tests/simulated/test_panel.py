"""The panel drives the same lab as code: what one opens, the other sees."""

from __future__ import annotations

import threading
from base64 import b64decode

import pytest

import okxlab
from okxlab.simulator import Simulator

pytestmark = pytest.mark.simulated

PATIENCE = 30


@pytest.fixture
def lab():
    """Give a lab on a quick simulator."""
    with Simulator(5, speed=20) as exchange, okxlab.connect(exchange) as lab:
        yield lab


def until(true):
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        if true():
            return
        pause.wait(0.05)
    raise AssertionError("it has not come to that")


def _pick(panel, kind, inst_id, channel):
    """Choose what to subscribe to."""
    panel.asking.kind.value = kind
    panel.asking.channel.value = channel
    panel.asking.instrument.value = inst_id


def test_there_is_one_panel(lab):
    """Running the cell again shows the same; after its end a new one."""
    panel = lab.panel()

    assert lab.panel() is panel
    assert okxlab.panel() is panel
    panel.close()
    panel.close()
    assert lab.panel() is not panel


def test_the_panel_subscribes(lab):
    """With a window, and a bar for candles; the stream is the lab's."""
    panel = lab.panel()
    _pick(panel, "SPOT", "ETH-USDT", "candle")
    panel.asking.bar.value = "1s"
    panel.asking.window.value = "15min"
    panel.asking.button.click()

    (stream,) = lab.streams
    assert stream is lab.stream("ETH-USDT", "candle1s")
    assert panel.watching.stream is stream
    assert panel.watching.name.value == "candles"


@pytest.mark.parametrize(
    ("kind", "name", "channel"),
    [
        ("SPREAD", "BTC-USDT_BTC-USDT-SWAP", "sprd-tickers"),
        ("OPTION FAMILY", "BTC-USD", "opt-summary"),
    ],
)
def test_what_is_no_instrument(lab, kind, name, channel):
    """Spreads and families of options have lists and channels of their own."""
    panel = lab.panel()
    panel.asking.kind.value = kind
    until(lambda: name in panel.asking.instrument.options)
    _pick(panel, kind, name, channel)
    panel.asking.button.click()

    (stream,) = lab.streams
    stream.wait(1, timeout=PATIENCE)
    assert stream.name == f"{channel} {name}"


def test_a_stream_with_a_past(lab):
    """As many bars as were asked for; a row shows how it is loaded, and goes."""
    panel = lab.panel()
    _pick(panel, "SPOT", "BTC-USDT", "candle")
    panel.asking.history.value = "1,500"
    panel.asking.button.click()

    (stream,) = lab.streams
    until(lambda: stream.loading is not None and stream.loading.state == "loaded")
    until(lambda: panel.loads.box.children == ())

    assert len(stream) >= 1_500


def test_a_past_can_be_cancelled(lab):
    """The stream goes on without it, and asking again starts anew."""
    stream = lab.stream("BTC-USDT", "candle1m")
    stream.wait(1, timeout=PATIENCE)
    turns = lab._router_or_none._healer._turns
    for _ in range(4):  # as if four others were being loaded
        lab._runtime.submit(turns.acquire())
    panel = lab.panel()
    lab.stream("BTC-USDT", "candle1m", history=500)
    until(lambda: panel.loads.box.children)

    panel.loads.box.children[0].children[1].click()
    until(lambda: not panel.loads.box.children)
    for _ in range(4):
        lab._runtime.call(turns.release)
    assert stream.loading.state == "stopped"
    assert len(stream) < 100

    lab.stream("BTC-USDT", "candle1m", history=500)
    until(lambda: stream.loading.state == "loaded")
    assert len(stream) >= 500


def test_history_is_asked_where_there_is_one(lab):
    """Tickers have none, and the bars of a second have no mark price."""
    panel = lab.panel()

    found = {}
    for channel in ("tickers", "trades", "candle", "books", "mark-price-candle"):
        _pick(panel, "SWAP", "BTC-USDT-SWAP", channel)
        shown = panel.asking._fields[panel.asking.history].layout.display
        found[channel] = shown == ""

    assert found == {
        "tickers": False,
        "trades": True,
        "candle": True,
        "books": False,
        "mark-price-candle": True,
    }


def test_a_book_is_opened_as_one(lab):
    """Incremental books are no rows."""
    panel = lab.panel()
    _pick(panel, "SPOT", "BTC-USDT", "books")
    panel.asking.button.click()

    (stream,) = lab.streams
    assert stream is lab.book("BTC-USDT")
    assert panel.watching.name.value == "depth"


def test_what_code_opens_is_in_the_panel(lab):
    """Without being asked, and its rows are counted."""
    panel = lab.panel()
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(3, timeout=PATIENCE)

    until(lambda: "trades BTC-USDT" in panel.watching.table.value)
    until(lambda: panel.watching.stream is stream)
    until(lambda: "public" in panel.head.value)


def test_the_chart_can_rest_and_the_stream_be_closed(lab):
    """A pause leaves a picture; the end leaves nothing."""
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(3, timeout=PATIENCE)
    panel = lab.panel()
    (figure,) = panel.watching.chart.children

    panel.watching.pause.value = True
    assert figure.is_closed
    drawn = panel.watching.chart.children[0].value.partition("base64,")[2]
    assert b"<path" in b64decode(drawn.rstrip('">'))
    panel.watching.pause.value = False
    assert panel.watching.chart.children[0] is not figure
    panel.watching.end.click()

    assert stream.status == "closed"
    assert lab.streams == ()
    assert panel.watching.chart.children == ()


def test_instruments_are_the_exchanges_own(lab):
    """The list is loaded without waiting, and searched in the page."""
    panel = lab.panel()

    until(lambda: "BTC-USDT" in panel.asking.instrument.options)
    panel.asking.kind.value = "SWAP"
    until(lambda: "BTC-USDT-SWAP" in panel.asking.instrument.options)
    panel.asking.kind.value = "INDEX"
    until(lambda: "BTC-USDT" in panel.asking.instrument.options)
    assert "listed" in panel.asking.listed.value


def test_mistakes_are_said(lab):
    """What the lab refuses stands in the log, as does what the exchange refuses."""
    panel = lab.panel()
    _pick(panel, "SPOT", "BTC-USDT", "tickers")
    panel.asking.window.value = "a while"
    panel.asking.button.click()
    until(lambda: "a while" in panel.records.value)
    assert lab.streams == ()

    panel.asking.window.value = "100"
    panel.asking.instrument.value = "NO-SUCH"
    panel.asking.button.click()
    until(lambda: "60018" in panel.records.value)


def test_faults_are_switches(lab):
    """They are pressed as a day may press them, and what is armed is said."""
    stream = lab.stream("BTC-USDT", "trades")
    stream.wait(1, timeout=PATIENCE)
    panel = lab.panel()
    buttons = {one.description: one for one in panel.switches.buttons}

    buttons["Drop connections"].click()
    until(lambda: stream.stats.reconnects == 1)
    buttons["Mute pongs"].click()
    assert "mute_pongs" in panel.switches.armed.value
    buttons["Clear"].click()
    assert panel.switches.armed.value == "armed: none"


def test_a_login_opens_the_account(lab):
    """After it the private channels can be picked."""
    panel = lab.panel()
    panel.asking.kind.value = "ACCOUNT"
    assert panel.asking.choice is None

    typed = {
        "kind": "typed",
        "api_key": "simulator-key",
        "secret_key": "simulator-secret",
        "passphrase": "simulator-pass",
    }
    panel.login._handle_custom_msg({**typed, "passphrase": "wrong"}, [])
    assert panel.login.said.startswith("not logged in")
    panel.login._handle_custom_msg(typed, [])

    assert panel.login.said == "logged in to simulator"
    until(lambda: panel.asking.choice is not None)
    panel.asking.channel.value = "account"
    panel.asking.button.click()
    until(lambda: lab.streams and lab.streams[0].status == "live")


def test_closing_the_lab_closes_the_panel(lab):
    """It follows nothing that is gone."""
    panel = lab.panel()

    lab.close()

    assert panel.is_closed
