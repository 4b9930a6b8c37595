"""The command that runs other people's clients, without any of them."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from tests.clients import __main__ as command
from tests.clients import environments, running
from tests.clients.environments import MissingError, Place
from tests.clients.report import CHECKS, Report
from tests.clients.roster import PEERS
from tests.clients.table import rows


def _peer(**changes):
    return dataclasses.replace(PEERS[0], **changes)


def test_scripts_exist():
    """Every client of the roster has its scripts, and a name of its own."""
    scripts = {script for peer in PEERS for script in peer.scripts}

    assert [one for one in scripts if not (running.HERE / one).is_file()] == []
    assert len({peer.key for peer in PEERS}) == len(PEERS)


def test_only_our_own_run_by_default():
    """Without options nothing is installed."""
    chosen = command.choose(command.parse([]))

    assert [peer.name for peer in chosen] == ["websockets", "python-okx"]
    assert command.choose(command.parse(["--all"])) == list(PEERS)
    assert [p.key for p in command.choose(command.parse(["ccxt"]))] == [
        "ccxt-4.5.90",
        "ccxt-4.5.50",
    ]


def test_a_check_reports_how_it_went(capsys):
    """A failed check is told with its reason, and the next one is still made."""
    report = Report()
    with report.check("tickers"):
        raise ValueError("no bid")
    with report.check("trades", "books"):
        pass
    with pytest.raises(SystemExit) as left:
        report.end()
    told = capsys.readouterr().out.split("\n\n")

    assert '"check": "tickers", "result": "failed", "words": "ValueError' in told[0]
    assert [line.strip()[:32] for line in told[1:]] == [
        '{"check": "trades", "result": "o',
        '{"check": "books", "result": "ok',
    ]
    assert left.value.code == 1


def test_what_a_script_never_came_to_has_failed(tmp_path):
    """A script that dies has failed what it did not report, and keeps what it did."""
    script = tmp_path / "dies.py"
    script.write_text(
        'print(\'{"check": "login", "result": "ok", "words": ""}\')\nraise OSError(7)'
    )
    outcome = running.run(
        _peer(scripts=(str(script),)), Place(sys.executable, "1"), "zero"
    )
    header, _, line = rows([outcome])

    assert (outcome.count("ok"), outcome.count("failed")) == (1, len(CHECKS) - 1)
    assert outcome.results["login"] == ("ok", "")
    assert "OSError: 7" in outcome.summary
    assert line.index(" ok ") + 1 == header.index("login")


def test_a_client_that_cannot_be_had_is_no_pass(tmp_path, monkeypatch, capsys):
    """It is said why, and the command fails."""
    monkeypatch.setenv("PATH", "")
    code = command.main(["okx-api", "--cache", str(tmp_path)])

    with pytest.raises(MissingError, match=r"no Python 3\.99 or newer"):
        environments.find(
            _peer(name="x", is_ours=False, python=(3, 99)), tmp_path, is_fresh=False
        )
    assert code == 1
    assert "okx-api-3.2.3: there is no Node.js" in capsys.readouterr().out
