"""Credentials that do not show themselves, and the signature of a login."""

import copy
import pickle
import traceback

import pytest

from okxlab.errors import CredentialsError
from okxlab.protocol.auth import Credentials, login_arg, rest_headers

CANARY = "canary-7f3a"


def test_the_signature_of_a_login():
    """HMAC-SHA256 over seconds, verb and path, in Base64.

    The expected text was made with ``openssl dgst -sha256 -hmac``.
    """
    arg = login_arg(
        Credentials("key", "22582BD0CFF14C41EDBF1AB98506286D", "pass"), "1704876947"
    )

    assert arg == {
        "apiKey": "key",
        "passphrase": "pass",
        "timestamp": "1704876947",
        "sign": "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU=",
    }


def test_nothing_shows_them():
    """Neither repr nor str nor format has any of the three."""
    credentials = Credentials(f"{CANARY}-k", f"{CANARY}-s", f"{CANARY}-p")

    shown = f"{credentials!r} {credentials} {[credentials]}"

    assert CANARY not in shown


@pytest.mark.parametrize("store", [pickle.dumps, copy.copy, copy.deepcopy])
def test_they_are_not_stored(store):
    """A pickle would hold them in plain text."""
    with pytest.raises(CredentialsError, match="not pickled") as caught:
        store(Credentials(CANARY, CANARY, CANARY))

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("empty", ["", "  ", None, 5])
def test_a_missing_part_is_named_without_its_neighbours(empty):
    """The error says which one is missing and shows none."""
    with pytest.raises(CredentialsError, match="secret_key is missing") as caught:
        Credentials(CANARY, empty, CANARY)

    assert CANARY not in str(caught.value)


def shown_with_variables(error):
    """Return a traceback as `%xmode Verbose` and its like show it, our frames only."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [one for one in frames.stack if one.filename.endswith("auth.py")]

    assert ours
    return str([one.locals for one in ours])


def test_a_traceback_with_variables_shows_no_part():
    """What was given is let go of before the error is raised."""
    with pytest.raises(CredentialsError) as caught:
        Credentials(CANARY, CANARY, "")

    assert CANARY not in shown_with_variables(caught.value)


def test_nor_does_one_of_a_half_set_environment(monkeypatch):
    """What was found is let go of as well; blanks are not set."""
    monkeypatch.setenv("OKX_API_KEY", CANARY)
    monkeypatch.setenv("OKX_SECRET_KEY", CANARY)
    monkeypatch.setenv("OKX_PASSPHRASE", "  ")
    monkeypatch.delenv("OKX_API_PASSPHRASE", raising=False)
    with pytest.raises(CredentialsError, match="OKX_PASSPHRASE") as caught:
        Credentials.from_env()

    assert CANARY not in shown_with_variables(caught.value)


def test_from_env(monkeypatch):
    """OKX's own names, and those of other clients, are understood."""
    monkeypatch.setenv("OKX_API_KEY", "k")
    monkeypatch.setenv("OKX_API_SECRET", "s")
    monkeypatch.setenv("OKX_PASSPHRASE", "p")

    assert Credentials.from_env() == Credentials("k", "s", "p")


def test_from_env_names_what_is_not_set(monkeypatch):
    """The message has the variables, and no value."""
    for name in ("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OKX_PASSPHRASE", CANARY)

    with pytest.raises(CredentialsError) as caught:
        Credentials.from_env()

    assert "OKX_API_KEY" in str(caught.value)
    assert "OKX_SECRET_KEY or OKX_API_SECRET" in str(caught.value)
    assert "OKX_PASSPHRASE" not in str(caught.value)
    assert CANARY not in str(caught.value)


def test_rest_headers_sign_path_and_query():
    """The text that is signed is timestamp, method and path with its query.

    The expected text was made with ``openssl dgst -sha256 -hmac``.
    """
    headers = rest_headers(
        Credentials("key", "secret", "pass"),
        "2020-12-08T09:08:57.715Z",
        "/api/v5/account/balance?ccy=BTC",
    )

    assert headers == {
        "OK-ACCESS-KEY": "key",
        "OK-ACCESS-SIGN": "wpDvCwYCprcMQsQkxWJiWy+YADoQE4ep+OEKKLimMoY=",
        "OK-ACCESS-TIMESTAMP": "2020-12-08T09:08:57.715Z",
        "OK-ACCESS-PASSPHRASE": "pass",
    }


def test_equality():
    """Equal values are equal credentials, so that connecting twice is one lab."""
    assert Credentials("a", "b", "c") == Credentials("a", "b", "c")
    assert hash(Credentials("a", "b", "c")) == hash(Credentials("a", "b", "c"))
    assert Credentials("a", "b", "c") != Credentials("a", "b", "d")
    assert Credentials("a", "b", "c") != "a"
