"""The codec: control messages of both sides between text and typed values.

Pushes are decoded by the session, which knows the channels; here are requests,
acknowledgements, errors and notices, and the writing of pushes for the
simulator.  A message with ``event`` is a control message, one with ``op`` is a
reply to an order operation, anything else is a push.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from okxlab.errors import RemoteProtocolError

__all__ = [
    "PING",
    "PONG",
    "Control",
    "Request",
    "decode_control",
    "decode_request",
    "encode_ack",
    "encode_conn_count",
    "encode_error",
    "encode_login",
    "encode_notice",
    "encode_push",
    "encode_request",
    "split_args",
]

PING = "ping"
PONG = "pong"

Wire = Mapping[str, object]

_ID_LIMIT = 32
_INVALID_REQUEST = "60012"
_INVALID_ARGS = "60013"
_INVALID_ID = "60033"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for.

    Attributes
    ----------
    op
        ``subscribe``, ``unsubscribe``, ``login`` or an order operation.
    args
        The JSON objects the operation is about.
    id
        Up to 32 letters and digits which the answers repeat; None without.
    """

    op: str
    args: tuple[dict[str, Any], ...] = ()
    id: str | None = None


class Control(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A control message of the server: whatever has an ``event``."""

    event: str = ""
    id: str | None = None
    arg: dict[str, Any] | None = None
    code: str = ""
    msg: str = ""
    conn_id: str = ""
    channel: str = ""
    conn_count: str = ""


_control = msgspec.json.Decoder(Control, strict=False)
_encode = msgspec.json.Encoder().encode


def _text(message: object) -> str:
    return _encode(message).decode()


def encode_request(request: Request) -> str:
    """Return the text of a request."""
    message: dict[str, object] = {} if request.id is None else {"id": request.id}
    return _text({**message, "op": request.op, "args": request.args})


def decode_request(text: str) -> Request:
    """Return the request that a text stands for.

    Raises
    ------
    RemoteProtocolError
        If it is no request; ``code`` is the one OKX answers with: 60012 no JSON
        or no object, 60013 ``args`` is no list of objects, 60033 ``id`` has
        other characters than letters and digits.
    """
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RemoteProtocolError(
            f"Invalid request: {error}", text=text, code=_INVALID_REQUEST
        ) from error
    if not isinstance(message, dict) or not isinstance(message.get("op"), str):
        raise RemoteProtocolError(
            "Invalid request: an object with an op is needed",
            text=text,
            code=_INVALID_REQUEST,
        )
    args = message.get("args", [])
    if not isinstance(args, list) or not all(isinstance(arg, dict) for arg in args):
        raise RemoteProtocolError(
            "Invalid args", text=text, path="$.args", code=_INVALID_ARGS
        )
    return Request(op=message["op"], args=tuple(args), id=_request_id(message, text))


def _request_id(message: dict[str, Any], text: str) -> str | None:
    raw = message.get("id")
    if raw is None:
        return None
    request_id = str(raw)
    if not (request_id.isascii() and request_id.isalnum()) or (
        len(request_id) > _ID_LIMIT
    ):
        raise RemoteProtocolError(
            "Parameter id error", text=text, path="$.id", code=_INVALID_ID
        )
    return request_id


def decode_control(text: str) -> Control:
    """Return a control message.

    Raises
    ------
    msgspec.MsgspecError
        If the text is no JSON object or a key has a wrong type.
    """
    return _control.decode(text)


def split_args(args: Sequence[Wire], limit: int) -> list[tuple[Wire, ...]]:
    """Split args so that no request with them is longer than a limit.

    Parameters
    ----------
    args
        JSON objects.
    limit
        Greatest length of a request [bytes]; OKX allows 64 KB.

    Returns
    -------
    list of tuple
        The args in their order, in as few groups as fit.
    """
    room = limit - len(_encode({"id": "0" * _ID_LIMIT, "op": "unsubscribe", "args": 0}))
    groups: list[list[Wire]] = []
    used = room + 1
    for arg in args:
        size = len(_encode(arg)) + 1
        if used + size > room:
            groups.append([])
            used = 2
        groups[-1].append(arg)
        used += size
    return [tuple(group) for group in groups]


def encode_ack(event: str, arg: Wire, conn_id: str, id: str | None = None) -> str:  # noqa: A002 - OKX's own name of the key
    """Return the acknowledgement of one arg: ``subscribe`` or ``unsubscribe``."""
    return _text({**_id(id), "event": event, "arg": arg, "connId": conn_id})


def encode_error(
    code: str,
    msg: str,
    conn_id: str,
    id: str | None = None,  # noqa: A002 - OKX's own name of the key
) -> str:
    """Return a refusal.  It names no arg: OKX puts that into ``msg`` only."""
    return _text(
        {**_id(id), "event": "error", "code": code, "msg": msg, "connId": conn_id}
    )


def encode_notice(code: str, msg: str, conn_id: str) -> str:
    """Return a notice, for example 64008: this connection will be closed."""
    return _text({"event": "notice", "code": code, "msg": msg, "connId": conn_id})


def encode_login(conn_id: str) -> str:
    """Return the answer to a login that was accepted."""
    return _text({"event": "login", "code": "0", "msg": "", "connId": conn_id})


def encode_conn_count(
    channel: str, count: int, conn_id: str, *, exceeded: bool = False
) -> str:
    """Return how many connections of an account hold a channel."""
    event = "channel-conn-count-error" if exceeded else "channel-conn-count"
    return _text(
        {
            "event": event,
            "channel": channel,
            "connCount": str(count),
            "connId": conn_id,
        }
    )


def encode_push(
    arg: Wire,
    rows: Sequence[object],
    action: str | None = None,
    extra: Wire | None = None,
) -> str:
    """Return a push.

    Parameters
    ----------
    arg
        The subscription's arg; on private channels with ``uid``.
    rows
        The elements of ``data``.
    action
        ``snapshot`` or ``update`` on incremental books, else None.
    extra
        Further members of the envelope, such as ``eventType``.
    """
    middle = {} if action is None else {"action": action}
    return _text({"arg": arg, **middle, **(extra or {}), "data": rows})


def _id(request_id: str | None) -> dict[str, str]:
    return {} if request_id is None else {"id": request_id}
