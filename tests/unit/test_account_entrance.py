"""Logging in to the simulator, and what it refuses."""

from __future__ import annotations

import datetime as dt

import pytest

from okxlab.errors import CredentialsError
from okxlab.protocol.auth import Credentials, login_arg, rest_headers, sign
from okxlab.simulator.accounts import Account, Fees
from okxlab.simulator.accounts.signed import answer_signed
from okxlab.simulator.exchange import Exchange
from tests.unit.account_client import ALL, KEY, START, AccountClient

SECONDS = START // 1000
REAL = "01234567-89ab-cdef-0123-456789abcdef"
"""What a key that OKX made looks like."""
BALANCE = "/api/v5/account/balance"


def test_login():
    """The right key is let in, and told nothing else."""
    answer = AccountClient().login()

    assert answer.pop("connId")
    assert answer == {"event": "login", "code": "0", "msg": ""}


@pytest.mark.parametrize(
    "stamp", [str(SECONDS), SECONDS, f"{SECONDS}.25", SECONDS + 0.5, str(SECONDS - 29)]
)
def test_timestamps(stamp):
    """A timestamp is a text or a number, perhaps with a fraction; signed as text."""
    signed = login_arg(KEY, str(stamp)) | {"timestamp": stamp}

    assert AccountClient().login(**signed)["event"] == "login"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"apiKey": "nobody"}, "60005"),
        ({"passphrase": "guess"}, "60024"),
        ({"sign": "bm8="}, "60007"),
        ({"sign": None}, "60009"),
        ({"passphrase": ""}, "60009"),
        ({"apiKey": REAL}, "60032"),
        ({"apiKey": None}, "60005"),
        ({"passphrase": 7}, "60024"),
        ({"timestamp": str(SECONDS - 31)}, "60006"),
        ({"timestamp": str(SECONDS + 31)}, "60006"),
        ({"timestamp": "now"}, "60004"),
        ({"timestamp": None}, "60004"),
        ({"timestamp": True}, "60004"),
        ({"timestamp": 1e300}, "60004"),
        ({"timestamp": [1]}, "60004"),
    ],
)
def test_refusals(wrong, code):
    """Each thing that is wrong has its code, and the connection lives on."""
    client = AccountClient()
    answer = client.login(**wrong)

    assert (answer["event"], answer["code"]) == ("error", code)
    assert client.login()["event"] == "login"


def test_wrong_secret():
    """A signature made with another secret is none."""
    key = Credentials("simulator-key", "another", "simulator-pass")

    assert AccountClient().login(key)["code"] == "60007"


def test_second_login():
    """One login a connection, and one key a login."""
    client = AccountClient()
    stamp = str(SECONDS)
    both = [login_arg(KEY, stamp), login_arg(KEY, stamp)]
    (several,) = client.send({"op": "login", "args": both})
    client.login()

    assert several["code"] == "60031"
    assert client.login()["code"] == "60031"


@pytest.mark.parametrize("path", ["public", "private", "business"])
def test_every_path_takes_a_login(path):
    """The tick-by-tick books and the algo orders need one too."""
    assert AccountClient(path=path).login()["event"] == "login"


def test_wall_clock():
    """Timestamps are judged by the wall clock; virtual time is good as well."""
    wall = SECONDS + 1_000_000
    exchange = Exchange(7, start_ms=START, wall=lambda: float(wall))
    codes = [
        AccountClient(exchange).login(timestamp=str(stamp)).get("code")
        for stamp in (wall, wall - 29, wall - 31, SECONDS, SECONDS + 31)
    ]

    assert codes == ["0", "0", "60006", "0", "60006"]


def test_several_accounts():
    """Each key opens its own account."""
    keys = [Credentials(f"k{i}", f"s{i}", f"p{i}") for i in range(2)]
    accounts = [Account(f"k{i}", f"s{i}", f"p{i}") for i in range(2)]
    exchange = Exchange(7, start_ms=START, accounts=accounts)
    clients = [AccountClient(exchange, key=key) for key in keys]
    logins = [client.login() for client in clients]
    uids = [
        push["arg"]["uid"]
        for client in clients
        for push in client.subscribe(ALL[0])
        if "data" in push
    ]

    assert [login["event"] for login in logins] == ["login", "login"]
    assert uids == [account.uid for account in accounts]
    assert AccountClient(exchange).login()["code"] == "60005"


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("simulated", [None, False, True])
def test_keys_of_one_environment(simulated, demo):
    """A key of demo trading is refused by live trading, and the reverse."""
    account = Account(simulated=simulated)
    exchange = Exchange(7, start_ms=START, accounts=[account], simulated=demo)
    login = AccountClient(exchange).login()
    headers = rest_headers(KEY, _iso(SECONDS), BALANCE)
    headers |= {"x-simulated-trading": "1"} if demo else {}
    fits = simulated in {None, demo}

    assert login["code"] == ("0" if fits else "50101")
    assert _get(exchange, headers)[:2] == ((200, "0") if fits else (401, "50101"))


def test_equal_keys():
    """Two accounts cannot have one key."""
    with pytest.raises(ValueError, match="same api_key"):
        Exchange(7, start_ms=START, accounts=[Account(), Account()])


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"balances": {"USDT": "-1"}}, ValueError),
        ({"balances": {"USDT": "much"}}, ValueError),
        ({"balances": {"USDT": "1e30"}}, ValueError),
        ({"fees": Fees(spot_maker="-0.1")}, ValueError),
        ({"fees": Fees(swap_taker="0.000000001")}, ValueError),
        ({"leverage": 0}, ValueError),
        ({"leverage": 126}, ValueError),
        ({"leverage": 2.5}, ValueError),
        ({"tier": -1}, ValueError),
        ({"tier": "VIP4"}, ValueError),
        ({"secret_key": ""}, CredentialsError),
    ],
)
def test_accounts_that_make_no_sense(terms, error):
    """A wrong value is refused when the account is made."""
    with pytest.raises(error):
        Account(**terms)


def test_nothing_shows_the_key():
    """The repr of an account has neither key nor secret nor passphrase."""
    shown = repr(Account("my-key", "my-secret", "my-pass"))

    assert "my-" not in shown


def test_login_can_be_refused_by_a_switch():
    """A lesson can rehearse a login that fails."""
    client = AccountClient()
    client.exchange.faults.refuse_logins("60032", "API key doesn't exist.")
    refused = client.login()

    assert (refused["event"], refused["code"]) == ("error", "60032")
    assert client.login()["event"] == "login"


# Signed REST calls


def _iso(seconds):
    moment = dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _get(exchange, headers, target=BALANCE, params=None):
    got = answer_signed(
        exchange.accounts,
        target.partition("?")[0],
        params or {},
        headers=headers,
        target=target,
    )
    body = got.body.decode()
    return got.status, body.partition('"code":"')[2].partition('"')[0], body


def test_signed_request():
    """A request signed over time, method and path with query is answered."""
    target = f"{BALANCE}?ccy=BTC"
    headers = rest_headers(KEY, _iso(SECONDS), target)
    status, code, body = _get(
        Exchange(7, start_ms=START), headers, target, {"ccy": "BTC"}
    )

    assert (status, code) == (200, "0")
    assert '"ccy":"BTC"' in body
    assert '"ccy":"USDT"' not in body


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("OK-ACCESS-KEY", "", "50103"),
        ("OK-ACCESS-PASSPHRASE", "", "50104"),
        ("OK-ACCESS-SIGN", "", "50106"),
        ("OK-ACCESS-TIMESTAMP", "", "50107"),
        ("OK-ACCESS-KEY", "nobody", "50111"),
        ("OK-ACCESS-KEY", REAL, "50119"),
        ("OK-ACCESS-TIMESTAMP", _iso(SECONDS - 31), "50102"),
        ("OK-ACCESS-TIMESTAMP", str(SECONDS), "50112"),
        ("OK-ACCESS-TIMESTAMP", "2025-10-09T08:53:20", "50112"),
        ("OK-ACCESS-PASSPHRASE", "guess", "50105"),
        ("OK-ACCESS-SIGN", "bm8=", "50113"),
    ],
)
def test_signed_refusals(header, value, code):
    """Each header that is missing or wrong has its code."""
    headers = rest_headers(KEY, _iso(SECONDS), BALANCE) | {header: value}

    assert _get(Exchange(7, start_ms=START), headers)[:2] == (401, code)


def test_query_is_signed_as_sent():
    """A signature without the query is wrong."""
    stamp = _iso(SECONDS)
    headers = rest_headers(KEY, stamp, BALANCE) | {
        "OK-ACCESS-SIGN": sign("simulator-secret", f"{stamp}GET{BALANCE}")
    }
    exchange = Exchange(7, start_ms=START)

    assert _get(exchange, headers)[1] == "0"
    assert _get(exchange, headers, f"{BALANCE}?ccy=BTC", {"ccy": "BTC"})[1] == "50113"
