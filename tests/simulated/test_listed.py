"""What an exchange lists: names to pick from, and the steps of prices."""

from __future__ import annotations

import threading

import pytest

import okxlab
from okxlab.errors import ChannelError, TransportError
from okxlab.simulator import Simulator
from tests.simulated.test_panel import until

pytestmark = pytest.mark.simulated


@pytest.fixture
def lab():
    """Give a lab on a simulator whose time stands still."""
    with Simulator(5, speed=0) as exchange, okxlab.connect(exchange) as lab:
        yield lab


def axis(stream, **asked):
    """Return how the prices of a chart are written."""
    return stream.chart(**asked).layout.yaxis.tickformat


@pytest.mark.parametrize(
    ("kind", "one"),
    [
        ("SPOT", "BTC-USDT"),
        ("SWAP", "BTC-USDT-SWAP"),
        ("INDEX", "BTC-USDT"),
        ("SPREAD", "BTC-USDT_BTC-USDT-SWAP"),
        ("OPTION FAMILY", "BTC-USD"),
    ],
)
def test_names(lab, kind, one):
    """Of every kind, each once."""
    names = lab.listed(kind)

    assert one in names
    assert len(set(names)) == len(names)


def test_options_are_of_their_families(lab):
    """All of them, which the list of instruments tells family by family only."""
    (family, *_) = lab.listed("OPTION FAMILY")

    expected = set(lab.instruments("OPTION", family).index)
    assert expected <= set(lab.listed("OPTION"))


def test_a_wrong_kind(lab):
    """Is answered with the near miss."""
    with pytest.raises(ChannelError, match="did you mean 'SPREAD'"):
        lab.listed("SPREADS")


def test_lists_are_loaded_once(lab):
    """Who asks again is not sent to the exchange again."""
    names = lab.listed("SPOT")
    router = lab._router_or_none
    lab._runtime.submit(router._rest.close())

    assert lab.listed("SPOT") is names
    with pytest.raises(TransportError):
        lab.listed("SWAP")


@pytest.mark.parametrize(
    ("channel", "name", "kind"),
    [
        ("trades", "BTC-USDT", "SPOT"),
        ("mark-price", "BTC-USDT-SWAP", "SWAP"),
    ],
)
def test_the_step_of_a_price_is_the_exchanges(lab, channel, name, kind):
    """Asked for with the first chart, while there is not a single price."""
    stream = lab.stream(name, channel)
    step = lab.instruments(kind).loc[name, "tick_sz"]
    until(lambda: lab._tick_of(stream._tape.entry, name, 1.0))

    assert lab._tick_of(stream._tape.entry, name, 0.0) == step
    assert stream._listed_tick((name,)) == step


def test_the_step_of_a_spread_and_of_an_option(lab):
    """They have lists of their own."""
    spread = lab.stream(lab.listed("SPREAD")[0], "sprd-tickers")
    option = lab.stream(lab.listed("OPTION")[0], "tickers")

    for stream in (spread, option):
        until(lambda one=stream: one._listed_tick(one.inst_ids, 1.0))
        assert stream._listed_tick(stream.inst_ids) > 0


def test_an_index_has_no_step(lab):
    """The pair of the same name has one, which is not that of the index."""
    stream = lab.stream("BTC-USDT", "index-tickers")

    assert stream._listed_tick(("BTC-USDT",), 1.0) is None


def test_a_chart_waits_for_no_network(lab):
    """An exchange that answers nobody costs a moment, once, and no picture."""
    stream = lab.stream("NO-SUCH", "trades")
    figure = stream.chart()
    assert axis(stream) == ",.2f"
    until(lab._router_or_none.ticks._asks["NO-SUCH"].ended.is_set)

    asked = lab._router_or_none.ticks._asks["NO-SUCH"]
    stream.chart()
    assert lab._router_or_none.ticks._asks["NO-SUCH"] is asked
    assert figure.layout.annotations[-1].text.startswith("waiting for rows")


def test_a_chart_after_the_end(lab):
    """There is nobody left to ask, and nothing is waited for."""
    stream = lab.stream("BTC-USDT", "trades")
    lab.close()
    done = threading.Thread(target=stream.chart, daemon=True)
    done.start()
    done.join(30)

    assert not done.is_alive()
