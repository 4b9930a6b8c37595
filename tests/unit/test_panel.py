"""Parts of the panel: what can be chosen, what is logged, what a login leaves."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import pytest

from okxlab.errors import ChannelError, LoginError
from okxlab.protocol.channels import (
    CHANNELS,
    FAMILY,
    INDEX,
    INST_TYPES,
    SPREAD,
    make_arg,
)
from okxlab.stream.loading import Load, Loading, loading_of
from okxlab.views.panel.choices import ACCOUNT, KINDS, MARKET, choices
from okxlab.views.panel.loads import Loads
from okxlab.views.panel.log import RecentLog
from okxlab.views.panel.login_form import LoginForm
from okxlab.views.panel.pulse import Pulse

TYPED = {
    "kind": "typed",
    "api_key": "the-key",
    "secret_key": "the-secret",
    "passphrase": "the-passphrase",
}


# What can be chosen.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_login", [False, True])
def test_every_choice_is_a_valid_subscription(kind, has_login):
    """Whatever is picked, the registry accepts it."""
    for one in choices(kind, has_login=has_login):
        inst_id, given = "BTC-USDT" if one.needs_instrument else None, dict(one.arg)
        if one.is_of_family:
            inst_id, given["inst_family"] = None, "BTC-USD"
        assert make_arg(one.entry, inst_id, **given).channel == one.entry.name
        assert has_login or not one.entry.login


def test_channels_of_a_kind():
    """Funding is of swaps, an index has two channels, families and accounts theirs."""
    names = {
        kind: {one.entry.name for one in choices(kind, has_login=True)}
        for kind in KINDS
    }

    assert "funding-rate" in names["SWAP"]
    assert "funding-rate" not in names["SPOT"]
    assert "open-interest" not in names["SPOT"]
    assert names[INDEX] == {"index-candle", "index-tickers"}
    assert names[FAMILY] == {"opt-summary", "option-trades", "estimated-price"}
    assert all(name.startswith("sprd-") for name in names[SPREAD])
    assert {"sprd-tickers", "sprd-books-l2-tbt", "sprd-candle"} <= names[SPREAD]
    assert {"account", "positions", "orders", "sprd-orders"} <= names[ACCOUNT]
    assert "status" in names[MARKET]
    assert not names[ACCOUNT] & names["SPOT"]


def test_all_channels_can_be_reached_that_need_no_more():
    """Only those of single bots are for code alone."""
    offered = {
        one.entry.name for kind in KINDS for one in choices(kind, has_login=True)
    }

    left_out = {entry.name for entry in CHANNELS} - offered
    assert all(name.startswith("grid-") for name in left_out)


def test_without_a_login_there_is_no_account():
    """What needs credentials is not offered without them."""
    assert choices(ACCOUNT, has_login=False) == ()


def test_a_whole_kind_needs_no_instrument():
    """The list of instruments is asked for by kind."""
    for kind in INST_TYPES:
        (one,) = [
            one
            for one in choices(kind, has_login=False)
            if one.entry.name == "instruments"
        ]
        assert (one.needs_instrument, one.arg) == (False, (("inst_type", kind),))


# What is loaded.


class _Work:
    """So many pages, of which some are there."""

    def __init__(self, pages, done):
        self.pages, self.done = pages, done


def _load(state, pages=0, done=0, error=""):
    load = Load()
    load.begin(_Work(pages, done), lambda: None)
    load.state, load.error = state, error
    return load


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([], None),
        (
            [_load("loaded", 4, 4), _load("loading", 6, 1)],
            Loading(state="loading", pages=10, done=5, error=""),
        ),
        (
            [_load("loaded", 4, 4), _load("failed", 6, 1, "no such thing")],
            Loading(state="failed", pages=10, done=5, error="no such thing"),
        ),
        (
            [_load("waiting"), _load("stopped")],
            Loading(state="waiting", pages=0, done=0, error=""),
        ),
    ],
)
def test_several_loads_are_one(loads, expected):
    """What is under way counts more than what is over."""
    assert loading_of(loads) == expected


def test_stopping_ends_the_work():
    """Whoever fetches is told, also where nobody fetches yet."""
    told = []
    load = Load()
    load.stop()
    load.begin(_Work(1, 0), lambda: told.append(1))
    load.stop()

    assert told == [1]
    assert (load.state, load.pages, load.done) == ("stopped", 1, 0)


class _Stream:
    """What a row of the panel asks of a stream."""

    name = "candle1m <BTC-USDT>"

    def __init__(self, **loading):
        self.stopped = 0
        self.set(**loading)

    def set(self, state="loading", pages=0, done=0, error=""):
        self.loading = Loading(state=state, pages=pages, done=done, error=error)

    def stop_loading(self):
        self.stopped += 1


def _shown(loads):
    """Return what the only row shows."""
    (row,) = loads.box.children
    bar, button, said = row.children
    return bar.value, button, said.value


def test_progress_has_a_bar_and_an_end():
    """How much of how much; what is there needs no row, and is said."""
    stream, said = _Stream(pages=8, done=2), []
    idle = SimpleNamespace(loading=None)
    loads = Loads(SimpleNamespace(streams=(idle, stream)), said.append)
    loads.refresh()
    value, button, text = _shown(loads)
    assert (value, button.description) == (0.25, "Cancel")
    assert text == "candle1m &lt;BTC-USDT&gt;: history is coming: 2 of 8 requests"

    button.click()
    assert stream.stopped == 1
    stream.set("stopped")
    loads.refresh()
    assert loads.box.children == ()
    assert said == ["candle1m <BTC-USDT>: its history was stopped"]


def test_a_failure_stays_until_it_was_seen():
    """In words, escaped; and again if it fails again."""
    stream = _Stream(state="waiting", error="<busy>")
    loads = Loads(SimpleNamespace(streams=(stream,)), lambda _: None)
    loads.refresh()
    assert _shown(loads)[2].endswith("waits for its turn, after: &lt;busy&gt;")

    for _ in range(2):
        stream.set("failed", error="gone")
        loads.refresh()
        _, button, text = _shown(loads)
        assert text.endswith("its history cannot be had: gone")
        button.click()
        loads.refresh()
        assert loads.box.children == ()
        stream.set("loading")
        loads.refresh()


# The log.


def test_the_log_is_escaped_and_bounded():
    """Texts are texts, the newest on top, and old ones go."""
    log = RecentLog()
    logger = logging.getLogger("okxlab.test_panel")
    logger.addHandler(log)
    try:
        for number in range(100):
            logger.warning("line %d <script>", number)
    finally:
        logger.removeHandler(log)

    assert "<script>" not in log.html
    assert log.html.index("line 99 &lt;script&gt;") < log.html.index("line 98")
    assert "line 10 " not in log.html
    assert log.count == 100


def test_a_record_that_cannot_be_formatted():
    """It is shown as it is, and nothing raises."""
    log = RecentLog()
    log.emit(logging.LogRecord("okxlab", 30, "", 0, "%d of them", ("many",), None))

    assert "%d of them" in log.html


# The login form.


@pytest.fixture
def tried():
    """Collect what is logged in with."""
    return []


@pytest.fixture
def form(tried):
    """Give a form that logs in to nothing."""
    form = LoginForm(tried.append, place="demo", is_live=False)
    yield form
    form.close()


def test_what_is_typed_logs_in(form, tried):
    """Blanks around it are not part of it, as they come with pasting."""
    form._handle_custom_msg({**TYPED, "api_key": " the-key\n"}, [])

    assert len(tried) == 1
    assert form.said == "logged in to demo"


def test_what_is_typed_is_in_no_state(form):
    """Neither before nor after, neither in traits nor in what is said."""
    form._handle_custom_msg(TYPED, [])

    state = json.dumps(form.get_state(), default=str)
    for name in ("the-key", "the-secret", "the-passphrase"):
        assert name not in state
        assert name not in repr(form)
        assert name not in repr(vars(form))


def test_a_refusal_is_said_in_words():
    """The exchange's own, with the likely cause."""

    def refuse(_):
        raise LoginError("60024: wrong passphrase", code="60024", msg="m", arg="")

    form = LoginForm(refuse, place="demo", is_live=False)
    form._handle_custom_msg(TYPED, [])

    assert form.said == "not logged in: 60024: wrong passphrase"
    form.close()


@pytest.mark.parametrize(
    "content",
    [
        {**TYPED, "passphrase": " "},
        {"kind": "typed"},
        {"kind": "something"},
        "nonsense",
        None,
    ],
)
def test_half_a_login_is_none(form, tried, content):
    """Nothing is tried, and what is missing is said."""
    form._handle_custom_msg(content, [])

    assert tried == []
    assert form.said.startswith("not logged in: ")


def test_from_the_environment(form, tried, monkeypatch):
    """By the variables that okxlab documents; without them it says which."""
    for name in ("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    form._handle_custom_msg({"kind": "environment"}, [])
    assert "OKX_API_KEY" in form.said

    for name in ("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_PASSPHRASE"):
        monkeypatch.setenv(name, "x")
    form._handle_custom_msg({"kind": "environment"}, [])
    assert len(tried) == 1


# The pulse.


def test_the_pulse_has_its_pace():
    """At once, and then not before its time."""
    calls = []
    pulse = Pulse(lambda: calls.append(1), every=0.5)

    assert pulse.due(10.0) == 10.0
    pulse.paint(10.0)
    assert pulse.due(10.1) == 10.5
    assert pulse.due(11.0) == 11.0
    assert calls == [1]


def test_wrong_kinds_are_refused_by_the_registry():
    """The panel has no rules of its own: this is whose they are."""
    (funding,) = [one for one in CHANNELS if one.name == "funding-rate"]

    with pytest.raises(ChannelError):
        make_arg(funding)
