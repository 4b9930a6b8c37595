"""okxlab.rest over a real socket, against a server that says what it is told to."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from okxlab.errors import (
    ConnectError,
    ExchangeError,
    RemoteProtocolError,
    TransportError,
)
from okxlab.rate_limit import RateLimit
from okxlab.rest import RestClient

pytestmark = pytest.mark.simulated

TIME = '{"code":"0","msg":"","data":[{"ts":"1700000000123"}]}'
TOO_FAST = '{"code":"50011","msg":"Too Many Requests","data":[]}'


class Answers:
    """A server that gives the answers of a list in turn, then the last for ever."""

    def __init__(self, *answers, **headers):
        self._answers = list(answers)
        self._headers = {name.replace("_", "-"): v for name, v in headers.items()}
        self.requests = []

    async def answer(self, request):
        """Answer one request."""
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = (200, TIME)
        status, text = answer if isinstance(answer, tuple) else (200, answer)
        return web.Response(status=status, text=text, headers=self._headers)


def ask(answers, call, **settings):
    """Run one coroutine function with a client of a server with these answers."""

    async def run():
        app = web.Application()
        app.router.add_get("/{path:.*}", answers.answer)
        async with TestServer(app) as server:
            client = RestClient(str(server.make_url("")), **settings)
            try:
                return await call(client)
            finally:
                await client.close()

    return asyncio.run(run())


def test_time_is_a_number_of_milliseconds():
    """The exchange's time arrives as an int."""
    assert ask(Answers(TIME), lambda client: client.time()) == 1_700_000_000_123


def test_instruments_are_wire_rows():
    """The rows come as OKX sent them; arguments that are None are left out."""
    rows = [{"instId": "BTC-USDT", "tickSz": "0.1"}, {"instId": ""}]
    answers = Answers(
        '{"code":"0","data":[{"instId":"BTC-USDT","tickSz":"0.1"},{"instId":""}]}'
    )

    got = ask(answers, lambda client: client.instruments("SPOT"))

    assert got == rows
    assert answers.requests[0].path_qs == "/api/v5/public/instruments?instType=SPOT"


def test_family_is_asked_for_where_given():
    """Options are asked for by family."""
    answers = Answers('{"code":"0","data":[]}')

    ask(answers, lambda client: client.instruments("OPTION", "BTC-USD"))

    assert answers.requests[0].query["instFamily"] == "BTC-USD"


@pytest.mark.parametrize(("simulated", "header"), [(True, "1"), (False, None)])
def test_demo_is_a_header(simulated, header):
    """Every request to the demo market says so, and only those."""
    answers = Answers(TIME)

    ask(answers, lambda client: client.time(), simulated=simulated)

    assert answers.requests[0].headers.get("x-simulated-trading") == header
    assert answers.requests[0].headers["User-Agent"].startswith("okxlab/")


def test_a_signature_is_over_the_path_as_it_is_sent():
    """What is signed is path and query as on the wire, anew for each attempt."""
    signed = []

    def sign(path):
        signed.append(path)
        return {"OK-ACCESS-SIGN": str(len(signed))}

    answers = Answers(TOO_FAST, '{"code":"0","data":[]}')

    ask(
        answers,
        lambda client: client.get("/x", {"a": "B C", "b": 1, "c": None}, sign=sign),
    )

    assert signed == [request.raw_path for request in answers.requests]
    assert [one.headers["OK-ACCESS-SIGN"] for one in answers.requests] == ["1", "2"]


def test_a_signature_follows_no_redirection():
    """Another address that the exchange points to does not get to see the key."""
    answers = Answers((302, ""), '{"code":"0","data":[]}', Location="/elsewhere")

    with pytest.raises(ConnectError, match="HTTP status 302"):
        ask(answers, lambda client: client.get("/x", sign=lambda _: {"K": "secret"}))

    assert len(answers.requests) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_refusal_carries_code_words_and_advice(status):
    """A code other than 0 is an ExchangeError, whatever the HTTP status."""
    text = '{"code":"51001","msg":"Instrument ID does not exist","data":[]}'

    with pytest.raises(ExchangeError, match=r"okxlab\.instruments") as raised:
        ask(Answers((status, text)), lambda client: client.get("/x", {"instId": "A"}))

    assert raised.value.code == "51001"
    assert raised.value.msg == "Instrument ID does not exist"
    assert raised.value.arg == "/x instId=A"


@pytest.mark.parametrize(
    "refusal", [TOO_FAST, (429, TOO_FAST), (429, "slow down"), (429, "")]
)
def test_too_many_requests_are_repeated(refusal):
    """A rate limit, as code or as status, is waited out."""
    answers = Answers(refusal, TIME)

    assert ask(answers, lambda client: client.time()) == 1_700_000_000_123
    assert len(answers.requests) == 2


def test_repetitions_end_with_the_budget():
    """When the time is used up, the last refusal is the answer."""
    answers = Answers(TOO_FAST)

    with pytest.raises(ExchangeError) as raised:
        ask(answers, lambda client: client.time(), timeout=1.0)

    assert raised.value.code == "50011"
    assert len(answers.requests) >= 2


def test_exchange_may_name_the_pause():
    """A Retry-After beyond the budget ends the call at once."""
    answers = Answers(TOO_FAST, Retry_After="3600")

    with pytest.raises(ExchangeError):
        ask(answers, lambda client: client.time())

    assert len(answers.requests) == 1


def test_requests_wait_for_their_turn():
    """A request over the endpoint's rate is held back, not sent and refused."""

    async def twice(client):
        loop = asyncio.get_running_loop()
        client._limits["/api/v5/public/time", ""] = RateLimit(1, 0.2)
        await client.time()
        start = loop.time()
        await client.time()
        return loop.time() - start

    assert ask(Answers(TIME), twice) > 0.1


def test_silence_is_a_connect_error():
    """An exchange that never answers ends the call with its name."""

    async def call(client):
        try:
            await client.time()
        finally:
            released.set()

    released = asyncio.Event()
    with pytest.raises(ConnectError, match=r"no answer within 0\.2 s") as raised:
        ask(Answers(released), call, timeout=0.2)

    assert raised.value.host.startswith("127.0.0.1:")


def test_closed_port_is_a_connect_error(free_port):
    """Nobody listening: the error names the host and what works offline."""

    async def call():
        client = RestClient(f"http://127.0.0.1:{free_port}")
        try:
            await client.time()
        finally:
            await client.close()

    with pytest.raises(ConnectError, match="simulator") as raised:
        asyncio.run(call())

    assert raised.value.host == f"127.0.0.1:{free_port}"
    assert raised.value.attempts == 1


@pytest.mark.parametrize("status", [403, 502])
def test_status_without_an_envelope_is_a_connect_error(status):
    """A gateway's error page is not an answer of OKX."""
    with pytest.raises(ConnectError, match=f"HTTP status {status}"):
        ask(Answers((status, "<html>")), lambda client: client.time())


@pytest.mark.parametrize(
    "text", ["", "<html>", "[]", '{"data":[]}', '{"code":"0","data":{}}', '{"code":0}']
)
def test_unknown_form_is_a_remote_protocol_error(text):
    """An answer in another form is refused and kept on the error."""
    with pytest.raises(RemoteProtocolError) as raised:
        ask(Answers(text), lambda client: client.get("/x"))

    assert raised.value.text == text


@pytest.mark.parametrize(
    "rows", ["[]", "[{}]", '[{"ts":""}]', '[{"ts":null}]', "[1]", '[{"ts":"soon"}]']
)
def test_time_without_a_number_is_refused(rows):
    """A time that is none is not taken for one."""
    with pytest.raises(RemoteProtocolError, match="time"):
        ask(Answers(f'{{"code":"0","data":{rows}}}'), lambda client: client.time())


def test_closed_client_refuses():
    """After close nothing opens a connection again; closing twice is fine."""

    async def call(client):
        await client.time()
        await client.close()
        await client.close()
        await client.time()

    with pytest.raises(TransportError, match="closed"):
        ask(Answers(TIME), call)


def test_simulator_answers(simulator):
    """The simulator's REST interface is one of the exchanges that can be asked."""

    async def call():
        client = RestClient(simulator.rest)
        try:
            spot = await client.instruments("SPOT")
            swaps = await client.instruments("SWAP")
            return await client.time(), spot, swaps
        finally:
            await client.close()

    now, spot, swaps = asyncio.run(call())

    assert abs(now / 1000 - time.time()) < 60
    assert "BTC-USDT" in {row["instId"] for row in spot}
    assert "BTC-USDT-SWAP" in {row["instId"] for row in swaps}


def test_simulator_refuses_as_okx_does(simulator):
    """An instrument that does not exist is 51001 there too."""

    async def call():
        client = RestClient(simulator.rest)
        try:
            await client.get("/api/v5/market/candles", {"instId": "NO-SUCH"})
        finally:
            await client.close()

    with pytest.raises(ExchangeError) as raised:
        asyncio.run(call())

    assert raised.value.code == "51001"
