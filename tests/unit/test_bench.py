"""The benchmarks' own parts: messages that are the same in every run, and results."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from tests.bench.corpus import KINDS, messages, mix, updates
from tests.bench.figures import Figure
from tests.bench.results import compare, read, write


def figure(value: float, unit: str = "x") -> Figure:
    """Return a figure of that value."""
    return Figure("append", value, unit, "floor", 2.0)


@pytest.mark.parametrize("kind", KINDS)
def test_messages_follow_from_their_seed(kind):
    """Two runs read the same messages, another seed gives others."""
    once, again, other = (
        list(islice(messages(kind, seed=seed), 20)) for seed in (1, 1, 2)
    )

    assert once == again
    assert once != other


def test_trades_follow_one_another():
    """A row of several trades has the id of the last of them."""
    rows = [json.loads(text)["data"][0] for text in islice(messages("trades"), 50)]
    ids = [int(row["tradeId"]) for row in rows]
    counts = [int(row["count"]) for row in rows]

    assert ids[1:] == [a + b for a, b in zip(ids, counts[1:], strict=False)]


def test_updates_of_a_book_follow_one_another():
    """Each names the one before, and the first one is a snapshot."""
    frames = [json.loads(text) for text in islice(updates(), 10)]
    rows = [frame["data"][0] for frame in frames]

    assert [frame["action"] for frame in frames] == ["snapshot", *["update"] * 9]
    assert [row["prevSeqId"] for row in rows[1:]] == [row["seqId"] for row in rows[:-1]]
    assert len(rows[0]["bids"]) == 400


def test_the_mix_begins_with_every_subscription():
    """So that all are learnt before the clock runs."""
    args = [json.dumps(json.loads(text)["arg"]) for text in islice(mix(), 200)]

    assert len(set(args)) == 200


def test_a_result_is_compared_with_an_earlier_one(tmp_path):
    """Only ratios count, and only from a fifth on."""
    path = tmp_path / "result.json"
    write(path, [figure(1.0)])
    before = read(path)

    assert compare(before, [figure(1.19)]) == []
    assert "was 1.00 x" in compare(before, [figure(1.21)])[0]
    assert compare(before, [figure(9.0, "us")]) == []


def test_a_promise_may_be_a_least_or_a_most():
    """What should be small is held below, what should be great above."""
    fast = Figure("flat out", 30_000, "a second", "", None, at_least=20_000)

    assert fast.holds
    assert not fast._replace(value=10_000).holds
    assert figure(2.0).holds
    assert not figure(2.1).holds
