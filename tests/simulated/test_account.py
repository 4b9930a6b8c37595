"""An account seen from the client: open orders, what becomes of them, and logins."""

from __future__ import annotations

import contextlib
import threading

import pytest

import okxlab
from okxlab import errors
from okxlab.simulator import Account, Simulator
from tests.simulated.gatehouse import Gatehouse

pytestmark = pytest.mark.simulated

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
KEY = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
START = 1_767_312_000_000
"""2026-01-02 00:00 UTC."""
LOW = "1000"
"""A bid that nobody meets [quote per base]."""


def environment(simulator, **settings):
    """Return where a simulator is, with pauses that suit a test."""
    given = {"backoff_initial": 0.05, "backoff_max": 0.2, "connects_per_second": 100}
    return okxlab.Environment(simulator.ws, simulator.rest, **given, **settings)


@pytest.fixture
def still():
    """Give an exchange whose market stands still."""
    with Simulator(7, start=START, speed=0) as running:
        yield running


@pytest.fixture
def lab(still):
    """Give a lab that is logged in to it."""
    with okxlab.connect(environment(still), credentials=KEY) as lab:
        yield lab


def until(stream, condition):
    """Wait until something is so; streams wake their waiters on every change."""
    assert stream._tape.wait_for(condition, PATIENCE), (stream, stream.stats)


def is_loaded(stream):
    """Tell whether the open orders have come."""
    return lambda: stream.status == "live"


def test_orders_that_were_open_before_are_there(still, lab):
    """The wire begins with nothing; the list of open orders comes by REST."""
    first = still.trade("BTC-USDT", "buy", "0.1", LOW)
    second = still.trade("ETH-USDT", "buy", "1", LOW)

    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    assert orders.df.index.tolist() == [first["ordId"], second["ordId"]]
    assert orders.df["state"].tolist() == ["live", "live"]
    assert orders.updates["origin"].tolist() == ["history", "history"]
    assert orders.stats.errors == 0


def test_the_arg_narrows_the_list_down(still, lab):
    """Only orders of what was subscribed to are loaded."""
    wanted = still.trade("BTC-USDT", "buy", "0.1", LOW)
    still.trade("ETH-USDT", "buy", "1", LOW)

    one = lab.stream("BTC-USDT", "orders", inst_type="SPOT")
    swaps = lab.stream(channel="orders", inst_type="SWAP")
    both = lab.stream(channel="orders", inst_type="ANY")
    for stream in (one, swaps, both):
        until(stream, is_loaded(stream))

    assert one.df.index.tolist() == [wanted["ordId"]]
    assert swaps.df.empty
    assert len(both.df) == 2


def test_more_orders_than_a_page_holds(still, lab):
    """The list is asked for page by page."""
    placed = [still.trade("BTC-USDT", "buy", "0.001", LOW) for _ in range(230)]

    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    assert orders.df.index.tolist() == [order["ordId"] for order in placed]


def test_what_happened_while_away_is_seen_after_it(still, lab):
    """An order that ended during a disconnect vanishes, a new one appears."""
    ends = still.trade("BTC-USDT", "buy", "0.1", LOW)
    stays = still.trade("BTC-USDT", "buy", "0.2", LOW)
    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    with still.faults.refuse_connections(None, path="private"):
        still.faults.drop(path="private")
        until(orders, lambda: orders.status == "reconnecting")
        still.cancel(ends["ordId"])
        new = still.trade("BTC-USDT", "buy", "0.3", LOW)
    until(orders, lambda: new["ordId"] in orders.df.index)

    assert orders.df.index.tolist() == [stays["ordId"], new["ordId"]]
    assert orders.stats.reconnects == 1
    assert orders.gaps["end"].notna().all()


def test_a_lesson_s_order_from_live_to_filled(still, lab):
    """Every change of an order is an update; at its end it is current no more."""
    orders = lab.stream(channel="orders", inst_type="SPOT")
    account = lab.stream(channel="account")
    until(orders, is_loaded(orders))
    until(account, lambda: "USDT" in account.df.index)
    before = account.df.loc["BTC", "cash_bal"]

    order = still.trade("BTC-USDT", "buy", "0.5")
    until(orders, lambda: "filled" in orders.updates["state"].tolist())
    until(account, lambda: account.df.loc["BTC", "cash_bal"] > before)

    updates = orders.updates.set_index("ord_id").loc[[order["ordId"]]]
    assert updates["state"].tolist()[0] == "live"
    assert updates["state"].tolist()[-1] == "filled"
    assert (updates["origin"] == "live").all()
    assert orders.df.empty


def test_a_second_stream_of_the_same_orders_begins_where_the_first_is(still, lab):
    """Streams that share a subscription share what was loaded."""
    still.trade("BTC-USDT", "buy", "0.1", LOW)
    one = lab.stream("BTC-USDT", "orders", inst_type="SPOT")
    until(one, is_loaded(one))

    two = lab.stream(["BTC-USDT", "ETH-USDT"], "orders", inst_type="SPOT")
    until(two, is_loaded(two))

    assert len(one.df) == 1
    assert two.df.index.tolist() == one.df.index.tolist()


def test_without_rest_the_stream_says_what_it_cannot_know(still):
    """An environment without REST has no open orders, and says so."""
    place = okxlab.Environment(still.ws, connects_per_second=100)
    with okxlab.connect(place, credentials=KEY) as lab:
        orders = lab.stream(channel="orders", inst_type="SPOT")
        until(orders, lambda: orders.stats.errors)

        assert "no REST" in orders.stats.last_error
        assert orders.status == "waiting"


def test_what_is_heard_while_the_list_is_on_its_way_is_newer(still):
    """An order that ended meanwhile stays away, one that is new stays."""
    ends = still.trade("BTC-USDT", "buy", "0.1", LOW)
    stays = still.trade("BTC-USDT", "buy", "0.2", LOW)
    with contextlib.closing(Gatehouse(still.rest)) as gatehouse:
        place = okxlab.Environment(still.ws, gatehouse.address, connects_per_second=100)
        gatehouse.gate.clear()
        with okxlab.connect(place, credentials=KEY) as lab:
            orders = lab.stream(channel="orders", inst_type="SPOT")
            assert gatehouse.held.wait(PATIENCE)
            still.cancel(ends["ordId"])
            new = still.trade("BTC-USDT", "buy", "0.3", LOW)
            until(orders, lambda: new["ordId"] in orders.df.index)
            before = orders.df.index.tolist()
            gatehouse.gate.set()
            until(orders, lambda: stays["ordId"] in orders.df.index)

            assert before == [new["ordId"]]
            assert set(orders.df.index) == {stays["ordId"], new["ordId"]}


def test_a_list_that_cannot_be_fetched_is_asked_for_again(still):
    """The stream says what is missing, until REST is there again."""
    still.trade("BTC-USDT", "buy", "0.1", LOW)
    with contextlib.closing(Gatehouse(still.rest)) as gatehouse:
        place = okxlab.Environment(
            still.ws,
            gatehouse.address,
            backoff_initial=0.05,
            backoff_max=0.2,
            connects_per_second=100,
        )
        gatehouse.is_ill.set()
        with okxlab.connect(place, credentials=KEY) as lab:
            orders = lab.stream(channel="orders", inst_type="SPOT")
            pause = threading.Event()
            while orders.stats.errors < 2:  # notes wake nobody
                pause.wait(0.01)
            before, error = len(orders.df), orders.stats.last_error
            gatehouse.is_ill.clear()
            until(orders, is_loaded(orders))

            assert before == 0
            assert "cannot be loaded" in error
            assert "502" in error
            assert len(orders.df) == 1


# Logging in later.


def wrong(part):
    """Return credentials of which one part is wrong."""
    parts = ["simulator-key", "simulator-secret", "simulator-pass"]
    parts[part] = "canary-value"
    return okxlab.Credentials(*parts)


@pytest.fixture
def public(still):
    """Give a lab that is not logged in."""
    with okxlab.connect(environment(still)) as lab:
        yield lab


def test_logging_in_later_opens_the_private_channels(still, public):
    """What needed credentials before can be asked for after the login."""
    still.trade("BTC-USDT", "buy", "0.1", LOW)
    with pytest.raises(errors.CredentialsError, match=r"login\(credentials\)"):
        public.stream(channel="orders", inst_type="SPOT")

    public.login(KEY, timeout=PATIENCE)
    orders = public.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    assert len(orders.df) == 1


@pytest.mark.parametrize(
    ("part", "code", "said"),
    [(0, "60005", "api_key"), (1, "60007", "secret_key"), (2, "60024", "passphrase")],
)
def test_a_login_that_is_refused_says_so_where_the_user_stands(
    public, part, code, said
):
    """The error names the likely cause and never a value."""
    with pytest.raises(errors.LoginError, match=f"{code}.*{said}") as raised:
        public.login(wrong(part), timeout=PATIENCE)

    assert raised.value.code == code
    assert "canary" not in f"{raised.value!r} {raised.value} {raised.traceback}"
    with pytest.raises(errors.CredentialsError):
        public.stream(channel="account")


def test_a_refused_login_leaves_the_lab_as_it_was(still, lab):
    """What runs goes on with the credentials that work."""
    orders = lab.stream(channel="orders", inst_type="SPOT")
    until(orders, is_loaded(orders))

    with pytest.raises(errors.LoginError):
        lab.login(wrong(2), timeout=PATIENCE)
    order = still.trade("BTC-USDT", "buy", "0.1", LOW)
    until(orders, lambda: order["ordId"] in orders.df.index)

    assert orders.stats.reconnects == 0


def test_streams_refused_before_start_anew_when_asked_again(still):
    """With the right credentials the same call brings the account."""
    with okxlab.connect(environment(still), credentials=wrong(2)) as lab:
        refused = lab.stream(channel="account")
        with pytest.raises(errors.LoginError):
            refused.wait(timeout=PATIENCE)

        lab.login(KEY, timeout=PATIENCE)
        account = lab.stream(channel="account")
        until(account, lambda: not account.df.empty)

        assert account is not refused
        assert refused.status == "refused"


def test_another_account_takes_the_place_of_the_first():
    """Streams that run show the account that is logged in now."""
    ada = Account("ada-key", "ada-secret", "ada-pass", balances={"USDT": "5"})
    bob = Account("bob-key", "bob-secret", "bob-pass", balances={"BTC": "7"})
    with (
        Simulator(7, start=START, speed=0, accounts=[ada, bob]) as two,
        okxlab.connect(environment(two), credentials=ada.credentials) as lab,
    ):
        two.trade("BTC-USDT", "sell", "1", "900000", account=bob)
        orders = lab.stream(channel="orders", inst_type="SPOT")
        account = lab.stream(channel="account")
        positions = lab.stream(channel="positions", inst_type="ANY")
        until(orders, is_loaded(orders))
        until(account, lambda: account.df.index.tolist() == ["USDT"])
        until(positions, lambda: len(lab.status.channel_counts) == 3)
        positions.close()

        lab.login(bob.credentials, timeout=PATIENCE)
        until(account, lambda: account.df.index.tolist() == ["BTC"])
        until(orders, lambda: len(orders.df) == 1)
        counted = {one.channel for one in lab.status.channel_counts}

        assert account.df.loc["BTC", "cash_bal"] == 7.0
        assert counted <= {"orders", "account"}


def test_an_expired_login_is_tried_again_with_the_exchange_s_clock(still, public):
    """60006 is cured by measuring the clock once more."""
    with still.faults.refuse_logins("60006", "Timestamp request expired", count=2):
        public.login(KEY, timeout=PATIENCE)

    assert not public.stream(channel="account").wait(timeout=PATIENCE).empty


def test_a_login_that_always_expires_ends(still, public):
    """It is not tried for ever."""
    with (
        still.faults.refuse_logins("60006", "Timestamp request expired", count=None),
        pytest.raises(errors.LoginError, match="clock"),
    ):
        public.login(KEY, timeout=PATIENCE)


def test_an_expired_login_is_not_given_up_while_nobody_tells_the_time(still):
    """The key is not known to be wrong: it serves once the time can be asked."""
    with contextlib.ExitStack() as away:
        away.enter_context(still.faults.refuse_rest(count=None))
        refusing = away.enter_context(
            still.faults.refuse_logins("60006", "Timestamp request expired", count=None)
        )
        lab = away.enter_context(okxlab.connect(environment(still), credentials=KEY))
        account = lab.stream(channel="account")
        until(account, lambda: refusing.hits > 6)

        assert account.status not in ("refused", "failed")
        assert lab.status.login == "refused"

        still.faults.clear()
        until(account, lambda: account.status == "live")

        assert not account.df.empty
        assert lab.status.login == "accepted"


def test_a_login_that_nobody_tells_the_time_for_ends_in_time(still, public):
    """Who waits for it is told why, and does not wait for ever."""
    with (
        still.faults.refuse_rest(count=None),
        still.faults.refuse_logins("60006", "Timestamp request expired", count=None),
        pytest.raises(errors.LoginError, match="60006"),
    ):
        public.login(KEY, timeout=5.0)


def test_a_public_environment_has_nothing_to_log_in_to(still):
    """The error says which address is missing."""
    place = okxlab.Environment(public=f"{still.ws}/ws/v5/public", name="prices")
    with (
        okxlab.connect(place) as lab,
        pytest.raises(errors.CredentialsError, match=r"'prices'.*private="),
    ):
        lab.login(KEY)


def test_an_exchange_that_is_not_there_is_said_at_once(free_port):
    """Nobody waits for the end of the timeout."""
    place = okxlab.Environment(f"ws://127.0.0.1:{free_port}", connects_per_second=100)
    with (
        okxlab.connect(place) as lab,
        pytest.raises(errors.ConnectError, match="connection refused"),
    ):
        lab.login(KEY, timeout=PATIENCE)


def test_an_exchange_that_does_not_answer_ends_the_login_in_time(still, public):
    """The timeout is kept, and named."""
    with (
        still.faults.half_open(path="private"),
        pytest.raises(errors.ConnectError, match=r"did not log in within [01]"),
    ):
        public.login(KEY, timeout=1)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_a_login_without_any_time_is_refused(public, timeout):
    """It is no wish that an exchange could fulfil."""
    with pytest.raises(ValueError, match=r"timeout=.*above 0"):
        public.login(KEY, timeout=timeout)


@pytest.mark.parametrize("given", ["canary-value", ("canary-value",) * 3, None])
def test_what_are_no_credentials_is_refused_and_not_shown(public, given):
    """Three texts in a row are a common slip; the message must not repeat them."""
    with pytest.raises(errors.CredentialsError, match="Credentials") as raised:
        public.login(given)

    assert "canary" not in str(raised.value)
    with pytest.raises(errors.CredentialsError):
        okxlab.connect("simulator", credentials=given or "canary-value")
