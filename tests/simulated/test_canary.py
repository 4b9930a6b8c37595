"""A private session from end to end, and then: is a secret anywhere?"""

from __future__ import annotations

import copy
import gc
import io
import json
import logging
import pickle
import traceback

import pytest

import okxlab
from okxlab import errors
from okxlab.lab.doctor import examine
from okxlab.runtime import current_runtime
from okxlab.simulator import Account, Simulator

pytestmark = pytest.mark.simulated

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
START = 1_767_312_000_000
"""2026-01-02 00:00 UTC."""
KEY = ("quokka-key-4711", "quokka-secret-4712", 'quokka-"pass"-4713')
WRONG = ("quokka-key-4721", "quokka-secret-4722", "quokka-pass-4723")
BIRD = "quokka"
"""What all of these have in them, and nothing else here has."""
ECHO = json.dumps({"op": "login", "args": [{"apiKey": KEY[0], "passphrase": KEY[2]}]})
"""A login, as a refusal of a request may repeat it."""


def is_clean(text):
    """Tell whether no part of a key is in a text, however it is quoted."""
    return BIRD not in text


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


@pytest.fixture
def log():
    """Give all that any logger says, debug records included."""
    said = io.StringIO()
    listener = logging.StreamHandler(said)
    listener.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    names = [None, *logging.root.manager.loggerDict, "okxlab.websockets", "websockets"]
    names += ["aiohttp.client", "aiohttp.server", "aiohttp.internal", "asyncio"]
    loggers = [logging.getLogger(name) for name in dict.fromkeys(names)]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.root.addHandler(listener)
    runtime = current_runtime()
    runtime.call(runtime.loop.set_debug, True)
    yield said
    runtime.call(runtime.loop.set_debug, False)
    logging.root.removeHandler(listener)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def still():
    """Give an exchange with one account, whose key must not be seen."""
    with Simulator(7, start=START, speed=0, accounts=[Account(*KEY)]) as running:
        yield running


def environment(simulator):
    """Return where a simulator is, with pauses that suit a test."""
    return okxlab.Environment(
        simulator.ws,
        simulator.rest,
        backoff_initial=0.05,
        backoff_max=0.2,
        connects_per_second=100,
    )


def spoken(error):
    """Return all that can be shown of an error, its frames' variables included."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return f"{error!r} {error} {vars(error)} {''.join(shown.format())}"


def faces(*things):
    """Return every representation of some objects and of what they are made of."""
    texts = []
    for thing in things:
        texts += [repr(thing), str(thing), f"{thing}", repr(dir(thing))]
        html = getattr(thing, "_repr_html_", None)
        texts += [html()] if html is not None else []
        texts += [repr(value) for value in getattr(thing, "__dict__", {}).values()]
    return "\n".join(texts)


def test_a_session_that_goes_well_leaves_no_secret(still, log):
    """Login, streams, open orders, a reconnect, a status, a doctor: all clean."""
    credentials = okxlab.Credentials(*KEY)
    still.trade("BTC-USDT", "buy", "0.1", "1000")
    with okxlab.connect(environment(still), credentials=credentials) as lab:
        streams = [
            lab.stream(channel="orders", inst_type="SPOT"),
            lab.stream(channel="account"),
            lab.stream(channel="positions", inst_type="ANY"),
        ]
        until(streams[0], lambda: streams[0].status == "live")
        until(streams[1], lambda: not streams[1].df.empty)
        still.trade("BTC-USDT", "buy", "0.2")
        still.faults.drop()
        until(streams[0], lambda: streams[0].stats.reconnects == 1)
        until(streams[0], lambda: streams[0].status == "live")
        lab.login(credentials, timeout=PATIENCE)
        report = examine(lab.environment, current_runtime(), credentials)
        router = lab._router()
        connection = router._holdings.connections[0]
        shown = faces(
            lab,
            lab.status,
            lab.environment,
            lab._rest(),
            credentials,
            still,
            *streams,
            *(stream.stats for stream in streams),
            *(stream.df for stream in streams),
            *(stream.updates for stream in streams),
            report,
            router,
            router.login,
            router._events,
            router._lists,
            connection,
            connection.session,
            gc.get_referrers(credentials)[0].__class__,
        )
    said = log.getvalue()

    assert report.is_well
    assert "logged in" in said
    assert is_clean(said)
    assert is_clean(shown)


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_refused_login_leaves_no_secret(still, log, wrong):
    """Neither the error nor its traceback with variables nor the log has one."""
    # Not in a variable: the test's own frame is in the tracebacks too.
    credentials = okxlab.Credentials(*KEY[:wrong], WRONG[wrong], *KEY[wrong + 1 :])
    caught = []
    with okxlab.connect(environment(still), credentials=credentials) as lab:
        account = lab.stream(channel="account")
        for attempt in (
            lambda: account.wait(timeout=PATIENCE),
            lambda: lab.login(credentials, timeout=PATIENCE),
            lambda: lab._runtime.submit(lab._login(credentials).ask("/api/v5/x/y")),
            lambda: lab._runtime.submit(
                lab._login(credentials).ask("/api/v5/trade/orders-pending")
            ),
        ):
            with pytest.raises(errors.ExchangeError) as raised:
                attempt()
            caught.append(spoken(raised.value))
        report = examine(lab.environment, current_runtime(), credentials)
        shown = faces(lab, lab.status, account, account.stats, account.error, report)

    assert not report.is_well
    assert is_clean("\n".join(caught))
    assert is_clean(shown)
    assert is_clean(log.getvalue())


@pytest.mark.parametrize("code", ["60012", "60009"])
def test_a_refusal_that_repeats_the_login_is_not_repeated(still, log, code):
    """OKX's 60012 has the whole request in its words."""
    credentials = okxlab.Credentials(*KEY)
    still.faults.refuse_logins(code, f"Invalid request: {ECHO}", count=None)
    with okxlab.connect(environment(still), credentials=credentials) as lab:
        account = lab.stream(channel="account")
        with pytest.raises(errors.LoginError, match=r"\*\*\*") as raised:
            account.wait(timeout=PATIENCE)
        shown = faces(lab.status, account, account.stats)

    assert is_clean(spoken(raised.value))
    assert is_clean(shown + log.getvalue())


@pytest.mark.parametrize(
    "frame",
    [
        ECHO,
        '{"event":"weather","msg":"' + KEY[0] + '"}',
        '{"event":"error","code":"60012","msg":' + json.dumps(ECHO) + "}",
        '{"event":"notice","code":"1","msg":"' + KEY[1] + '"}',
        '{"event":"error","msg":"' + KEY[0],
        '{"event":"error","code":' + json.dumps([KEY[0]]) + "}",
    ],
    ids=range(6),
)
def test_a_frame_that_repeats_a_secret_is_not_repeated(still, log, frame):
    """Whatever the exchange sends back later, no event and no log shows it."""
    credentials = okxlab.Credentials(*KEY)
    with okxlab.connect(environment(still), credentials=credentials) as lab:
        account = lab.stream(channel="account")
        until(account, lambda: not account.df.empty)
        before, rows = account.stats, len(account.updates)
        still.faults.send(frame)
        still.trade("BTC-USDT", "buy", "0.1")  # what comes of it comes after that
        until(account, lambda: len(account.updates) > rows)
        after = account.stats
        shown = faces(lab, lab.status, account, account.stats)

    assert after.errors + after.notices > before.errors + before.notices
    assert is_clean(shown)
    assert is_clean(log.getvalue())


def test_an_exchange_that_is_not_there_gets_no_secret_into_a_traceback(free_port, log):
    """The libraries below have the headers of a request in their variables."""
    credentials = okxlab.Credentials(*KEY)
    address = f"127.0.0.1:{free_port}"
    place = okxlab.Environment(
        f"ws://{address}", f"http://{address}", connects_per_second=100
    )
    with okxlab.connect(place) as lab:
        caught = []
        for attempt in (
            lambda: lab.login(credentials, timeout=PATIENCE),
            lambda: lab._runtime.submit(lab._login(credentials).ask("/api/v5/x/y")),
        ):
            with pytest.raises(errors.ConnectError) as raised:
                attempt()
            caught.append(spoken(raised.value))

    assert is_clean("\n".join(caught))
    assert is_clean(log.getvalue())


@pytest.mark.parametrize(
    "write", [pickle.dumps, copy.copy, copy.deepcopy], ids=lambda write: write.__name__
)
def test_credentials_go_into_no_file(write):
    """A pickle would have them in plain text."""
    with pytest.raises(errors.CredentialsError, match="plain text") as raised:
        write(okxlab.Credentials(*KEY))

    assert is_clean(spoken(raised.value))
