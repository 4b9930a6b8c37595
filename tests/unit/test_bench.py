"""The benchmarks' own parts: messages that are the same in every run, and results."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from tests.bench import __main__ as bench
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


@pytest.fixture
def measured(monkeypatch):
    """Let figures be at hand instead of being measured; return what was asked for."""
    asked = []

    def give(name, *found):
        def measure(*, short):
            asked.append((name, short))
            return list(found)

        return measure

    slow = figure(9.0)._replace(name="slow")
    found = {"tables": give("tables", figure(1.0)), "browser": give("browser", slow)}
    monkeypatch.setattr(bench, "BENCHMARKS", found)
    monkeypatch.setattr(bench.peers, "measure", give("peers", slow))
    return asked


@pytest.mark.parametrize(
    ("argv", "asked"),
    [
        ([], [("tables", False)]),
        (["--short"], [("tables", True)]),
        (["browser"], [("browser", False)]),
        (["--peers", "--short"], [("tables", True), ("peers", True)]),
    ],
)
def test_what_is_measured(measured, argv, asked):
    """All but what needs a browser, or what is named; peers where asked for."""
    assert bench.main(argv) == 0
    assert measured == asked


@pytest.mark.parametrize(("argv", "judged"), [([], True), (["--short"], False)])
def test_a_promise_that_does_not_hold_is_marked(measured, capsys, argv, judged):
    """The exit code stays 0; a short run judges nothing."""
    code = bench.main([*argv, "tables", "browser"])
    lines = capsys.readouterr().out.splitlines()
    (kept,) = (line for line in lines if line.startswith("append"))
    (missed,) = (line for line in lines if line.startswith("slow"))

    assert code == 0
    assert measured
    assert not kept.endswith("MISSED")
    assert missed.endswith("MISSED") == judged


def test_a_result_is_kept_and_compared_with(measured, tmp_path, capsys):
    """A ratio that is worse by more than a fifth is named, and the code stays 0."""
    path = tmp_path / "result.json"
    first = bench.main(["--json", str(path)])
    kept = json.loads(path.read_text())
    kept["figures"][0]["value"] = 0.5
    path.write_text(json.dumps(kept))
    capsys.readouterr()
    second = bench.main(["--compare", str(path)])

    assert (first, second) == (0, 0)
    assert measured == [("tables", False)] * 2
    assert kept["figures"][0]["holds"]
    assert "WORSE  append: 1.00 x, was 0.50 x" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused(measured, capsys):
    """The name is said, and nothing is measured."""
    with pytest.raises(SystemExit) as raised:
        bench.main(["no-such"])

    assert raised.value.code == 2
    assert "no benchmark no-such" in capsys.readouterr().err
    assert measured == []
