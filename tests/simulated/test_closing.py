"""A lab that is closed in the moment in which a call to REST begins or is under way."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future

import pytest

from okxlab.environment import Environment
from okxlab.errors import OkxlabError, TransportError
from okxlab.lab import Lab, current
from okxlab.protocol.auth import Credentials
from okxlab.rest import RestClient
from okxlab.runtime import Runtime

pytestmark = pytest.mark.simulated

PATIENCE = 30.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""

KEY = Credentials("simulator-key", "simulator-secret", "simulator-pass")


@pytest.fixture
def runtime():
    """Give a runtime of the test's own, which may end before its lab."""
    made = Runtime()
    yield made
    made.close()


@pytest.fixture
def silent():
    """Give an exchange that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening


def at(listening):
    """Return the environment of an exchange that listens there."""
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    return Environment(f"ws://{address}", f"http://{address}")


def begun(call):
    """Run a call on a thread and return its future."""
    outcome = Future()

    def run():
        try:
            outcome.set_result(call())
        except Exception as error:  # noqa: BLE001  # the test looks at it
            outcome.set_exception(error)

    threading.Thread(target=run).start()
    return outcome


def is_closed(lab):
    """Tell whether nothing is left of a lab's network session."""
    return lab._rest_client is None or lab._rest_client._session is None


def test_a_call_that_begins_when_the_lab_is_closed_opens_nothing(simulator, runtime):
    """It had found the lab open; what it would open now nobody would close."""
    lab = Lab(simulator.environment, runtime)
    late = lab._load_instruments("SPOT", None, None)
    lab.close()

    with pytest.raises(OkxlabError, match="closed"):
        runtime.submit(late, timeout=PATIENCE)
    assert is_closed(lab)


def test_a_login_that_begins_when_the_lab_is_closed_opens_nothing(simulator, runtime):
    """Neither a session nor a router."""
    lab = Lab(simulator.environment, runtime)
    late = lab._log_in(KEY, PATIENCE)
    lab.close()

    with pytest.raises(OkxlabError, match="closed"):
        runtime.submit(late, timeout=PATIENCE)
    assert is_closed(lab)
    assert lab._router_or_none is None


def test_a_stream_that_begins_when_the_lab_is_closed_is_closed(simulator, runtime):
    """What it asked the loop thread for comes behind the end, and is let be."""
    lab = Lab(simulator.environment, runtime)
    runtime.submit(lab._shut(), timeout=PATIENCE)
    stream = lab.stream("BTC-USDT")
    runtime.call(lambda: None, timeout=PATIENCE)
    error = stream.error
    lab.close()

    assert error is None
    assert stream.status == "closed"
    assert lab._router_or_none is None


def test_a_runtime_that_ends_first_closes_what_a_list_has_opened(simulator, runtime):
    """At the end of the interpreter nobody may be left to close the lab."""
    lab = Lab(simulator.environment, runtime)
    rows = len(lab.instruments("SPOT"))
    was_open = not is_closed(lab)
    runtime.close()

    assert rows > 0
    assert was_open
    assert is_closed(lab)


def test_a_lab_that_is_opened_at_the_very_end_disturbs_no_other(monkeypatch):
    """A thread may ask for one while Python's exit closes those there are."""
    labs = current._Labs()
    closed = []

    class Opening:
        """A lab in whose last moment another one is opened."""

        def __init__(self, name):
            self.name = name

        def close(self):
            labs.by_key[f"late {self.name}"] = self
            closed.append(self.name)

    labs.by_key.update(first=Opening("first"), second=Opening("second"))
    monkeypatch.setattr(current, "_labs", lambda: labs)
    current._close_all()

    assert closed == ["first", "second"]


@pytest.mark.parametrize("end", ["lab", "runtime"])
def test_a_call_under_way_ends_with_the_lab(silent, runtime, end):
    """Whoever waits for it hears of it, and nothing stays open."""
    lab = Lab(at(silent), runtime)
    outcome = begun(lambda: lab.instruments("SPOT"))
    with silent.accept()[0]:
        {"lab": lab, "runtime": runtime}[end].close()
        error = outcome.exception(PATIENCE)

    assert isinstance(error, OkxlabError)
    assert is_closed(lab)


def test_a_request_that_waits_for_its_turn_is_refused_when_that_comes(simulator):
    """The client was closed meanwhile, and says so as to any later request."""

    async def ask():
        client = RestClient(simulator.rest)
        # One more than OKX takes at once: the last one waits.
        asking = [asyncio.create_task(client.time()) for _ in range(11)]
        await asyncio.wait(asking[:10])
        await client.close()
        done = await asyncio.gather(*asking, return_exceptions=True)
        return [one for one in done if not isinstance(one, int)]

    (refusal,) = asyncio.run(ask())

    assert isinstance(refusal, TransportError)
    assert "is closed" in str(refusal)
