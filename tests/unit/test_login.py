"""Logging in: the exchange's clock, and refusals in words."""

import asyncio

import pytest

import okxlab
from okxlab.environment import Environment
from okxlab.errors import ConnectError, ExchangeError, LoginError
from okxlab.lab.login import Login
from okxlab.protocol.auth import Credentials
from okxlab.protocol.events import LoginRefused
from okxlab.rest import RestClient
from okxlab.runtime import Clock

CREDENTIALS = Credentials("canary-key", "canary-secret", "canary-pass")
SIMULATED = ("simulator-key", "simulator-secret", "simulator-pass")
SKEW = 100.0
"""How far the exchange of these tests is ahead [s]."""


def login(rest=None):
    """Return a login to the demo environment."""
    environment = Environment("ws://127.0.0.1:1", name="demo")
    return Login(CREDENTIALS, environment, rest, Clock())


def refusal(code):
    """Return what the session tells of a refused login."""
    return LoginRefused(code=code, msg="Login failed.", conn_id="c0ffee00")


def test_the_exchange_s_clock_is_what_counts():
    """A login is signed with the exchange's time, whatever this machine's is."""

    async def measure(simulator):
        rest = RestClient(simulator.rest)
        one = login(rest)
        try:
            await one.synchronise()
        finally:
            await rest.close()
        return one

    now = Clock().recv_us() / 1e6
    start = int((now + SKEW) * 1_000)
    with okxlab.Simulator(seed=1, start=start, speed=0) as simulator:
        one = asyncio.run(measure(simulator))

    assert SKEW - 30 < one.skew <= SKEW
    assert int(one.timestamp()) == pytest.approx(now + one.skew, abs=30)
    assert one.iso_timestamp().endswith("Z")
    assert len(one.iso_timestamp()) == len("2020-12-08T09:08:57.715Z")


def test_without_a_clock_to_ask_this_machine_s_is_used(free_port):
    """An exchange without REST, or one that does not answer, stops no login."""

    async def measure():
        rest = RestClient(f"http://127.0.0.1:{free_port}", timeout=1.0)
        with pytest.raises(ConnectError):
            await rest.time()
        one = login(rest)
        await one.synchronise()
        await rest.close()
        return one

    one = asyncio.run(measure())

    assert one.skew == 0.0


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("60024", "passphrase"),
        ("60007", "secret_key"),
        ("60005", "api_key"),
        ("60006", "clock"),
        ("60032", "site"),
        ("50101", r"this is a demo key.*okxlab\.connect\('demo', \.\.\.\) only"),
        ("99999", "the key, its secret_key or its passphrase"),
    ],
)
def test_a_refusal_names_the_likely_cause(code, said):
    """Key, passphrase, clock, site or environment: in one sentence, no secret."""
    error = login().error(refusal(code))

    assert isinstance(error, LoginError)
    assert (error.code, error.conn_id) == (code, "c0ffee00")
    with pytest.raises(LoginError, match=said):
        raise error
    assert "canary" not in str(error)
    assert "demo" in str(error)


def test_only_what_may_pass_is_tried_again():
    """A wrong key is not tried in a loop; an expired timestamp is, a few times."""
    one = login()

    assert not one.may_try_again(refusal("60024"))
    one.accepted()
    assert [one.may_try_again(refusal("60006")) for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]


def test_an_attempt_without_the_exchange_s_clock_does_not_count(free_port):
    """Only while it cannot be read, and only where the clock is the cause."""

    async def measure():
        rest = RestClient(f"http://127.0.0.1:{free_port}", timeout=1.0)
        one = login(rest)
        try:
            await one.synchronise()
        finally:
            await rest.close()
        return one

    one = asyncio.run(measure())

    assert all(one.may_try_again(refusal("60006")) for _ in range(10))
    assert not one.may_try_again(refusal("60024"))


def ask(simulator, credentials, path="/api/v5/trade/orders-pending", ahead=0.0):
    """Make a signed request, with this machine's clock ahead by so much [s]."""

    async def run():
        rest = RestClient(simulator.rest)
        environment = Environment(simulator.ws, simulator.rest, name="demo")
        one = Login(credentials, environment, rest, Clock())
        one.skew = ahead
        try:
            return await one.ask(path, {"instType": "SPOT"}), one.skew
        finally:
            await rest.close()

    return asyncio.run(run())


def test_a_signed_request_is_answered(simulator):
    """The simulator checks the signature as OKX does."""
    rows, _ = ask(simulator, Credentials(*SIMULATED))

    assert rows == []


def test_a_request_that_has_expired_is_made_again_by_the_exchange_s_clock(simulator):
    """A clock that has gone wrong since the login is measured anew."""
    rows, skew = ask(simulator, Credentials(*SIMULATED), ahead=3_600.0)

    assert rows == []
    assert abs(skew) < 60.0


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [(0, "50111", "the key"), (1, "50113", "the secret_key"), (2, "50105", "the pass")],
)
def test_a_signed_request_that_is_refused_says_which_part_is_wrong(
    simulator, wrong, code, said
):
    """REST has codes of its own for key, secret and passphrase."""
    parts = [*SIMULATED[:wrong], "canary-value", *SIMULATED[wrong + 1 :]]

    with pytest.raises(LoginError, match=f"{code}.*likely cause is {said}") as raised:
        ask(simulator, Credentials(*parts))

    assert raised.value.code == code
    assert "canary" not in str(raised.value)


def test_a_refusal_that_is_not_about_the_key_stays_what_it_is(simulator):
    """A wrong call is no wrong login."""
    with pytest.raises(ExchangeError) as raised:
        ask(simulator, Credentials(*SIMULATED), path="/api/v5/no/such-call")

    assert not isinstance(raised.value, LoginError)
