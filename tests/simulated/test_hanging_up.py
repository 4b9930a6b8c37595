"""An exchange that takes every connection, closes it with a code, and says no more."""

from __future__ import annotations

import pytest
from websockets.frames import Opcode

import okxlab
from okxlab.errors import ConnectionLostError, LoginError, WaitTimeoutError
from okxlab.protocol.close_codes import CLOSE_CODES
from tests.simulated.far_end import FarEnd, frame

pytestmark = pytest.mark.simulated

PATIENCE = 60.0
"""Longest wait for something that must happen [s]; slow machines are no bug."""
PAUSE = 0.01
TIMES = 6
KEY = okxlab.Credentials("canary-key", "canary-secret", "canary-pass")


def hang_up(code, reason=b""):
    """Return a script that closes after the first request, whatever it is."""

    def script(peer):
        peer.handshake()
        peer.text()
        peer.send(frame(code.to_bytes(2) + reason, Opcode.CLOSE))
        peer.answer_close()

    return script


def at(far_end):
    """Return the environment of a far end, with pauses that suit a test."""
    return okxlab.Environment(
        f"ws://127.0.0.1:{far_end.port}",
        backoff_initial=PAUSE,
        backoff_max=PAUSE * 2**TIMES,
        connects_per_second=100,
    )


def hung_up(lab, stream, times=1):
    """Wait until the exchange has hung up some more times."""
    tape = stream._tape
    assert tape.wait_for(lambda: tape.reconnects > times, PATIENCE), (
        stream,
        lab.status,
    )


def test_logins_that_always_end_with_4001_say_so_and_come_more_slowly():
    """Stream, lab and whoever waits tell the code and what it means."""
    with (
        FarEnd(hang_up(4001)) as far_end,
        okxlab.connect(at(far_end), credentials=KEY) as lab,
    ):
        stream = lab.stream(channel="account")
        hung_up(lab, stream, TIMES)
        error, status = stream.error, lab.status
        with pytest.raises(WaitTimeoutError) as too_late:
            stream.wait(timeout=0.1)
        (connection,) = lab._router_or_none._holdings.connections
        limit = connection._backoff._limit

    assert isinstance(error, ConnectionLostError)
    assert error.code == 4001
    for said in (error, status.connections[0].last_error, status, too_late.value):
        assert "4001" in str(said)
        assert CLOSE_CODES[4001] in str(said)
        assert "canary" not in str(said)
    assert limit == PAUSE * 2**TIMES


def test_a_login_that_ends_with_4001_says_what_to_look_at():
    """Also where the user asks for it and waits."""
    with (
        FarEnd(hang_up(4001)) as far_end,
        okxlab.connect(at(far_end)) as lab,
        pytest.raises(LoginError, match="passphrase") as raised,
    ):
        lab.login(KEY, timeout=PATIENCE)

    assert raised.value.code == "4001"


@pytest.mark.parametrize("code", CLOSE_CODES)
def test_every_code_of_okx_s_is_explained(code):
    """In the stream's error and in its gaps."""
    with FarEnd(hang_up(code)) as far_end, okxlab.connect(at(far_end)) as lab:
        stream = lab.stream("BTC-USDT")
        hung_up(lab, stream)

        assert stream.error.code == code
        assert CLOSE_CODES[code] in str(stream.error)


def test_the_exchange_s_own_words_come_first():
    """It knows better than a table why it closed."""
    script = hang_up(4004, b"No data received in 30s.")
    with FarEnd(script) as far_end, okxlab.connect(at(far_end)) as lab:
        stream = lab.stream("BTC-USDT")
        hung_up(lab, stream)

        assert "No data received in 30s." in str(stream.error)
        assert CLOSE_CODES[4004] not in str(stream.error)
