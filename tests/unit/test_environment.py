"""okxlab.environment: addresses, names, timings."""

from __future__ import annotations

import math
import pickle

import pytest

from okxlab.environment import (
    NAMES,
    SITES,
    Environment,
    Timings,
    environment_name,
    is_loopback,
    resolve,
)
from okxlab.errors import ChannelError, EnvironmentNameError


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("OKXLAB_ENV", raising=False)


@pytest.mark.parametrize(
    ("name", "site", "public", "rest"),
    [
        ("live", "global", "wss://ws.okx.com", "https://openapi.okx.com"),
        ("live", "eea", "wss://wseea.okx.com", "https://eea.okx.com"),
        ("live", "us", "wss://wsus.okx.com", "https://us.okx.com"),
        ("demo", "global", "wss://wspap.okx.com", "https://openapi.okx.com"),
        ("demo", "eea", "wss://wseeapap.okx.com", "https://eea.okx.com"),
        ("demo", "us", "wss://wsuspap.okx.com", "https://us.okx.com"),
    ],
)
def test_okx_hosts_have_no_port(name, site, public, rest):
    """Each of OKX's environments has its hosts, on the default port."""
    environment = Environment.named(name, site)

    assert environment.url("public") == f"{public}/ws/v5/public"
    assert environment.url("private") == f"{public}/ws/v5/private"
    assert environment.url("business") == f"{public}/ws/v5/business"
    assert environment.rest == rest
    assert environment.simulated == (name == "demo")
    assert (environment.name, environment.site) == (name, site)


def test_nothing_means_live():
    """Without argument and variable the environment is the live one."""
    assert resolve() == Environment.named("live")


def test_variable_names_the_environment(monkeypatch):
    """OKXLAB_ENV decides where no argument does, and only there."""
    monkeypatch.setenv("OKXLAB_ENV", "demo")

    assert resolve().name == "demo"
    assert resolve("live").name == "live"


def test_empty_variable_counts_as_unset(monkeypatch):
    """An empty OKXLAB_ENV, as shells leave it behind, means live."""
    monkeypatch.setenv("OKXLAB_ENV", " ")

    assert environment_name() == "live"


def test_variable_may_be_an_address(monkeypatch):
    """OKXLAB_ENV may point at an exchange that already runs."""
    monkeypatch.setenv("OKXLAB_ENV", "ws://127.0.0.1:9000")

    assert environment_name() == "ws://127.0.0.1:9000"
    assert resolve() == Environment("ws://127.0.0.1:9000", "http://127.0.0.1:9000")


def test_secure_address_has_secure_rest():
    """A wss:// base is taken to have its REST interface on https://."""
    assert resolve("wss://localhost:9000").rest == "https://localhost:9000"


def test_environment_resolves_to_itself():
    """An Environment is its own answer."""
    environment = Environment("ws://127.0.0.1:9000")

    assert resolve(environment) is environment


@pytest.mark.parametrize("name", ["liv", "Live", "LIVE "])
def test_wrong_name_has_the_near_miss(name):
    """A name that is nearly right is answered with the right one."""
    with pytest.raises(EnvironmentNameError, match="did you mean 'live'"):
        resolve(name)


def test_wrong_name_in_the_variable_is_traced_to_it(monkeypatch):
    """The message says when the wrong name came from OKXLAB_ENV."""
    monkeypatch.setenv("OKXLAB_ENV", "production")

    with pytest.raises(EnvironmentNameError, match="from the variable OKXLAB_ENV"):
        resolve()


def test_every_known_name_stands_in_the_message():
    """Who has no idea of the names learns all of them."""
    with pytest.raises(EnvironmentNameError) as raised:
        resolve("testnet")

    assert all(repr(name) in str(raised.value) for name in NAMES)


def test_wrong_site_has_the_near_miss():
    """A wrong site is named with the near miss."""
    with pytest.raises(EnvironmentNameError, match="did you mean 'global'"):
        resolve("live", site="gloabl")


def test_simulator_has_no_address():
    """The simulator is started by connect, and the message says so."""
    assert environment_name("simulator") == "simulator"
    with pytest.raises(EnvironmentNameError, match=r"okxlab\.connect"):
        resolve("simulator")


def test_paths_can_be_set_one_by_one():
    """A path of its own wins over the base, the others follow the base."""
    environment = Environment(
        "ws://127.0.0.1:1", business="wss://localhost:2/b?brokerId=9999"
    )

    assert environment.public == "ws://127.0.0.1:1/ws/v5/public"
    assert environment.private == "ws://127.0.0.1:1/ws/v5/private"
    assert environment.business == "wss://localhost:2/b?brokerId=9999"
    assert environment.rest is None


def test_slash_at_the_end_does_not_double():
    """A base address with a slash at its end means the same."""
    assert Environment("ws://127.0.0.1:1/", "http://127.0.0.1:1/") == Environment(
        "ws://127.0.0.1:1", "http://127.0.0.1:1"
    )


def test_missing_path_names_the_keyword():
    """An environment without a business address says how to give one."""
    environment = Environment(public="ws://127.0.0.1:1/p")

    with pytest.raises(ChannelError, match="business=") as raised:
        environment.url("business")

    assert "custom" in str(raised.value)


def test_path_that_does_not_exist():
    """Only OKX's three paths have an address."""
    with pytest.raises(ChannelError, match="timings"):
        Environment("ws://127.0.0.1:1").url("timings")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({}, "needs an address"),
        ({"ws": "http://127.0.0.1:1"}, "ws='http"),
        ({"ws": "127.0.0.1:1"}, "is no address"),
        ({"ws": "ws://"}, "is no address"),
        ({"rest": "ws://127.0.0.1:1"}, "rest='ws"),
        ({"business": "127.0.0.1"}, "business='127"),
        ({"ws": "ws://127.0.0.1:1/ws/v5/public"}, "public="),
    ],
)
def test_unusable_address_is_refused(arguments, match):
    """An address that nothing can connect to is refused at once."""
    with pytest.raises(ValueError, match=match):
        Environment(**arguments)


def test_address_with_a_password_is_refused_without_repeating_it():
    """A secret in an address is refused and not shown."""
    with pytest.raises(ValueError, match="password") as raised:
        Environment("wss://user:s3cret@localhost")

    assert "s3cret" not in str(raised.value)


def test_timings_are_keywords_of_the_environment():
    """Every timing can be given to Environment itself."""
    given = dict.fromkeys(Timings.__struct_fields__, 7)

    assert Environment("ws://127.0.0.1:1", **given).timings == Timings(**given)


def test_named_environments_take_timings():
    """OKX's own environments can be spoken to more patiently."""
    assert Environment.named("live", ping_interval=25).timings.ping_interval == 25


def test_misspelt_timing_has_the_near_miss():
    """A misspelt setting is a TypeError with the near miss."""
    with pytest.raises(TypeError, match="did you mean 'ping_interval'"):
        Environment("ws://127.0.0.1:1", ping_intervall=3)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "5", None])
@pytest.mark.parametrize("name", Timings.__struct_fields__)
def test_nonsense_timing_is_refused(name, value):
    """A timing is a positive finite number, whole where it counts something."""
    with pytest.raises(ValueError, match=name):
        Timings(**{name: value})


def test_count_must_be_whole():
    """Half a subscription on a connection means nothing."""
    with pytest.raises(ValueError, match="whole"):
        Timings(args_per_connection=1.5)


def test_backoff_must_not_shrink():
    """The first pause cannot be longer than the longest."""
    with pytest.raises(ValueError, match="backoff_max=60"):
        Timings(backoff_initial=61)


def test_defaults_keep_okx_limits():
    """Nobody who changes nothing breaks a documented limit."""
    timings = Timings()

    assert timings.ping_interval + timings.pong_timeout <= 30
    assert timings.connects_per_second <= 3
    assert timings.requests_per_hour <= 480


def test_equal_values_are_equal_environments():
    """Equality and hash follow the values, so that connect can find its Lab."""
    first = Environment("ws://127.0.0.1:1", proof=2)
    second = Environment("ws://127.0.0.1:1", proof=2)

    assert first == second
    assert hash(first) == hash(second)
    assert first != Environment("ws://127.0.0.1:1", proof=3)


def test_environment_is_immutable():
    """An environment in use cannot be changed under a connection."""
    environment = Environment("ws://127.0.0.1:1")

    with pytest.raises(AttributeError):
        environment.public = "ws://127.0.0.1:2"


def test_environment_survives_pickling():
    """It can be handed to another process."""
    environment = Environment.named("demo", "eea", ping_interval=5)

    assert pickle.loads(pickle.dumps(environment)) == environment


def test_repr_shows_name_site_and_host():
    """The repr says where one is, in one line."""
    assert repr(resolve("live")) == (
        "Environment('live', site='global', host='ws.okx.com')"
    )


def test_every_site_has_both_markets():
    """No site lacks live or demo."""
    assert all(Environment.named(name, site) for site in SITES for name in NAMES[:2])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ws://127.0.0.1:9000", True),
        ("ws://127.8.9.10", True),
        ("http://[::1]:80", True),
        ("wss://localhost/ws/v5/public", True),
        ("wss://ws.okx.com", False),
        ("http://192.168.0.1", False),
        ("nonsense", False),
    ],
)
def test_loopback_is_this_machine_only(address, expected):
    """Loopback addresses are told from all others, whatever their spelling."""
    assert is_loopback(address) == expected
