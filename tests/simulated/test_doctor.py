"""The doctor, against exchanges that are well, ill, and not there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import okxlab
from okxlab.lab.doctor import examine
from okxlab.runtime import current_runtime
from okxlab.simulator import Simulator

pytestmark = pytest.mark.simulated

PATIENCE = 20.0
"""Longest wait for one answer [s]; slow machines are no bug."""
KEY = okxlab.Credentials("simulator-key", "simulator-secret", "simulator-pass")
CANARY = ("canary-key", "canary-secret", "canary-pass")


@pytest.fixture
def own():
    """Give an exchange to be disturbed."""
    with Simulator(7) as running:
        yield running


def place(simulator, **more):
    """Return where a simulator is, not held back by OKX's connect rate."""
    return okxlab.Environment(
        simulator.ws, simulator.rest, connects_per_second=100, **more
    )


def look(environment, credentials=None, *, timeout=PATIENCE, **more):
    """Return the report and its findings by subject."""
    report = examine(
        environment, current_runtime(), credentials, timeout=timeout, **more
    )
    return report, {one.subject: one for one in report.findings}


def test_a_healthy_exchange(simulator):
    """Every path answers, the clock is right, the key is taken and may read."""
    report, found = look(place(simulator, name="school"), KEY)

    assert report.is_well
    assert report.count("problem") == report.count("warning") == 0
    assert {"public", "private", "business", "REST", "clock"} <= found.keys()
    assert "the key belongs to 'school'" in found["login"].text
    assert "read_only" in found["signed REST"].text
    assert str(report).endswith("all is well")


def test_without_a_key_no_login_is_tried(simulator):
    """That is no problem: market data need none."""
    report, found = look(place(simulator))

    assert report.is_well
    assert "no key" in found["login"].text


def test_nobody_there(free_port):
    """Each path says in words what stands in the way, and what to do."""
    address = f"127.0.0.1:{free_port}"
    environment = okxlab.Environment(f"ws://{address}", f"http://{address}")

    report, found = look(environment, KEY)

    assert not report.is_well
    assert report.count("problem") == 4
    assert "connection refused" in found["public"].text
    assert "simulator" in found["public"].advice
    assert "not tried" in found["login"].text
    assert str(report).count("->") == 1
    assert str(report).endswith("4 problems, 1 warning")


def test_a_path_that_does_not_answer_costs_no_more_than_the_timeout(own):
    """The others are examined all the same."""
    with own.faults.slow_handshake(PATIENCE, path="business"):
        report, found = look(place(own), timeout=2)

    assert not report.is_well
    assert "did not open within 2 s" in found["business"].text
    assert found["public"].verdict == found["private"].verdict == "ok"


@pytest.mark.parametrize(
    ("code", "msg", "said"),
    [
        (
            "50101",
            "APIKey does not match current environment.",
            "the environment: this is a live",
        ),
        ("60032", "API key doesn't exist", "the site or the key"),
        ("60005", "Invalid apiKey", "the key"),
        ("50110", "Invalid IP", "the network address"),
        ("60024", "Wrong passphrase", "the passphrase"),
    ],
)
def test_a_refused_login_is_explained(own, code, msg, said):
    """One sentence says which of key, passphrase, site and environment it is."""
    demo = place(own, name="demo", simulated=True)

    with own.faults.refuse_logins(code, msg, count=None):
        report, found = look(demo, KEY)

    assert not report.is_well
    assert found["login"].verdict == "problem"
    assert (
        f"{code} {msg.rstrip('.')}; the likely cause is {said}" in found["login"].text
    )
    is_of_elsewhere = code in ("50101", "60032", "60005")
    assert ("--everywhere" in found["login"].advice) == is_of_elsewhere


def test_where_a_key_belongs_is_found_out(own, simulator, free_port):
    """The other environments and sites are tried, those not there passed over."""
    demo = place(own, name="demo", simulated=True)
    away = okxlab.Environment(
        f"ws://127.0.0.1:{free_port}", name="away", connects_per_second=100
    )
    live = place(simulator, name="live", site="eea")

    with own.faults.refuse_logins("50101", count=None):
        _, found = look(demo, KEY, elsewhere=[away, live])
        _, lost = look(demo, KEY, elsewhere=[away])

    assert "belongs to 'live', site 'eea'" in found["login"].advice
    assert "site='eea'" in found["login"].advice
    assert "no other environment" in lost["login"].advice


def test_a_clock_that_is_wrong_is_told_and_corrected():
    """The login works all the same; a warning is no problem."""
    with Simulator(7, start=1_767_312_000_000, speed=0) as past:
        report, found = look(place(past), KEY)

    assert found["clock"].verdict == "warning"
    assert "ahead of" in found["clock"].text
    assert found["login"].verdict == "ok"
    assert report.is_well


def test_a_public_environment_is_no_problem(simulator):
    """What it does not have is said; only a login on it is one."""
    environment = okxlab.Environment(
        public=f"{simulator.ws}/ws/v5/public", connects_per_second=100
    )

    report, found = look(environment)
    refused, _ = look(environment, KEY)

    assert report.is_well
    assert "no address" in found["private"].text
    assert found["REST"].verdict == "warning"
    assert not refused.is_well


def test_no_secret_is_in_a_report(simulator):
    """Neither as text nor as values, whatever was refused."""
    report, _ = look(place(simulator), okxlab.Credentials(*CANARY))

    assert "60005" in str(report)
    assert "canary" not in f"{report} {report!r}"


def doctor(*args, **env):
    """Run the command as a program."""
    return subprocess.run(
        [sys.executable, "-m", "okxlab", "doctor", *args],
        env={k: v for k, v in os.environ.items() if not k.startswith("OKX")} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_examines_a_simulator_of_its_own():
    """All is well, and the exit code says so."""
    done = doctor("--env", "simulator", "--timeout", "20")

    assert (done.returncode, done.stderr) == (0, "")
    assert "belongs to 'simulator'" in done.stdout
    assert done.stdout.endswith("all is well\n")


def test_the_command_takes_a_key_from_the_variables_and_hides_it(simulator):
    """Only when told to; a refusal is exit code 1."""
    names = ("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_PASSPHRASE")
    settings = dict(zip(names, CANARY, strict=True))

    without = doctor("--env", simulator.ws, "--timeout", "20", **settings)
    refused = doctor("--env", simulator.ws, "--login", "--timeout", "20", **settings)
    missing = doctor("--env", simulator.ws, "--login")

    assert (without.returncode, refused.returncode) == (0, 1)
    assert "60005" in refused.stdout
    assert "canary" not in refused.stdout + refused.stderr
    assert missing.returncode == 1
    assert "OKX_API_KEY" in missing.stderr


def test_the_command_knows_no_such_environment():
    """A wrong name is wrong usage."""
    assert doctor("--env", "dmeo").returncode == 2
