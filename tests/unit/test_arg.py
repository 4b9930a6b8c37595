"""Args as keys and as JSON objects."""

import pytest

from okxlab.protocol.arg import Arg


def test_the_order_of_parameters_does_not_matter():
    """Args are equal and hash alike whatever way round they are written."""
    one = Arg("estimated-price", instType="SWAP", instFamily="BTC-USDT")
    other = Arg("estimated-price", instFamily="BTC-USDT", instType="SWAP")

    assert one == other
    assert {one: 1}[other] == 1
    assert one != Arg("estimated-price", instType="SWAP")
    assert one != "estimated-price"


def test_wire_and_back():
    """The JSON object names the channel first and comes back the same."""
    arg = Arg("trades", instId="BTC-USDT")

    assert list(arg.wire()) == ["channel", "instId"]
    assert Arg.from_wire(arg.wire()) == arg


def test_the_uid_of_private_pushes_is_no_part_of_the_arg():
    """OKX adds the account's uid to what it echoes."""
    echoed = {"channel": "account", "uid": "77982378738415879"}

    assert Arg.from_wire(echoed) == Arg("account")


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        (Arg("x", a="1"), Arg("x", a="1", b="2"), True),
        (Arg("x"), Arg("x", a="1"), True),
        (Arg("x", a="1"), Arg("x", a="2"), False),
        (Arg("y"), Arg("x"), False),
        (Arg("x", a="1", b="2"), Arg("x", a="1"), False),
    ],
)
def test_covers(said, asked, expected):
    """An arg covers those that say the same and more."""
    assert said.covers(asked) is expected


def test_representations():
    """Short for messages, exact for debugging."""
    arg = Arg("trades", instId="BTC-USDT")

    assert str(arg) == "trades BTC-USDT"
    assert eval(repr(arg)) == arg
    assert (arg.inst_id, arg.get("instId"), arg.get("ccy")) == (
        "BTC-USDT",
        "BTC-USDT",
        None,
    )
