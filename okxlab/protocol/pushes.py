"""Pushes from text to typed rows, with one look-up and one decode.

OKX writes the arg of a push first, so that the text up to the first ``}`` tells
the subscription.  `Routes` learns that prefix from the first push of each arg,
which is read the long way; later ones go straight to the decoder of the
channel, which checks the whole text while it reads the rows.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.protocol.channels import channel
from okxlab.protocol.events import Malformed, Push

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel

    _Reading = Callable[[str], Push]

__all__ = ["UNREADABLE", "Envelope", "Routes", "decode_rows"]

_KEY_IN_PATH = re.compile(r"\$(?:\.(\w+)|\[(\d+)\])")
_KEY_OF_NESTED = re.compile(r"\$\.(\w+)\[")
_TEXT_LIMIT = 200
_MOST_PREFIXES = 8
"""Prefixes learnt of one arg: OKX has one, and a feed that varies what stands before
its args has ever new ones.  Such pushes are read the long way."""

UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What decoding a foreign text may raise."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Any message, its ``data`` unread."""

    event: str = ""
    op: str = ""
    arg: dict[str, Any] | None = None
    data: msgspec.Raw = msgspec.Raw()
    action: str = ""
    event_type: str = ""
    cur_page: int = 0
    last_page: bool = True


class Routes:
    """The prefixes of the pushes of one connection.

    Attributes
    ----------
    readings : dict
        What makes a push of a message, by the message's text up to its first
        ``}``: a plain dictionary, since this is where a message's time goes.
        A reading raises one of `UNREADABLE` if the message is not what its
        prefix promises; the long way then finds out why.
    """

    def __init__(self) -> None:
        self.readings: dict[str, _Reading] = {}
        self._prefixes: dict[Arg, list[str]] = {}

    def learn(self, text: str, on_wire: dict[str, Any], arg: Arg) -> None:
        """Remember the prefix of a push that was read the long way.

        Only a prefix that ends where the arg ends is of use: an arg may have a
        ``}`` inside a text.
        """
        prefixes = self._prefixes.setdefault(arg, [])
        if len(prefixes) >= _MOST_PREFIXES:
            return
        prefix = text.partition("}")[0]
        try:
            head = msgspec.json.decode(prefix + "}}")
        except msgspec.DecodeError:
            return
        is_whole = isinstance(head, dict) and head.get("arg") == on_wire
        if is_whole and prefix not in self.readings:
            self.readings[prefix] = _reading(channel(arg.channel), arg)
            prefixes.append(prefix)

    def forget(self, arg: Arg) -> None:
        """Drop the prefixes of an arg."""
        for prefix in self._prefixes.pop(arg, ()):
            del self.readings[prefix]


def _reading(entry: Channel, arg: Arg) -> _Reading:
    """Return what makes pushes of an arg out of its messages."""
    decode = _frame_decoder(entry.row, paged=entry.paged).decode
    flatten = entry.flatten

    def plain(text: str) -> Push:
        frame = decode(text)
        return Push(arg, frame.data, frame.action, "", 0, True, text)

    def flattened(text: str) -> Push:
        frame = decode(text)
        rows = flatten(frame.data) if flatten else frame.data
        if not entry.paged:
            return Push(arg, rows, frame.action, text=text)
        return Push(
            arg,
            rows,
            frame.action,
            frame.event_type,
            frame.cur_page,
            frame.last_page,
            text,
        )

    return plain if flatten is None and not entry.paged else flattened


@cache
def _frame_decoder(
    row: type[msgspec.Struct], *, paged: bool
) -> msgspec.json.Decoder[Any]:
    # No default for data: an acknowledgement with the same prefix has none.
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("data", list[row]),  # type: ignore[valid-type]  # made at run time
        ("action", str, ""),
    ]
    if paged:
        fields += [
            ("event_type", str, ""),
            ("cur_page", int, 0),
            ("last_page", bool, True),
        ]
    frame = msgspec.defstruct(f"{row.__name__}Push", fields, rename="camel", gc=False)
    return msgspec.json.Decoder(frame, strict=False)


@cache
def _rows_decoder(row: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]  # made at run time


def decode_rows(
    entry: Channel, data: msgspec.Raw, arg: Arg
) -> tuple[list[Any], list[Malformed]]:
    """Decode the ``data`` of a push, whatever state it is in.

    Parameters
    ----------
    entry
        The channel.
    data
        The unread list of rows.
    arg
        The subscription, for the reports.

    Returns
    -------
    rows : list
        Flat rows.  A value that does not fit its field is missing in the row;
        a row that is no row is left out, and so is an order book that is not
        whole: what is missing in it cannot be told from what is empty.
    troubles : list of Malformed
        What did not fit.
    """
    troubles: list[Malformed] = []
    try:
        rows = _rows_decoder(entry.row).decode(data)
    except UNREADABLE as error:
        if entry.kind == "book" or entry.depth:
            return [], [_trouble(str(error), bytes(data), arg, lost=True)]
        rows = _rows_one_by_one(entry.row, data, arg, troubles)
    return (entry.flatten(rows) if entry.flatten else rows), troubles


def _rows_one_by_one(
    row: type[msgspec.Struct], data: msgspec.Raw, arg: Arg, troubles: list[Malformed]
) -> list[Any]:
    try:
        values = msgspec.json.decode(data)
    except UNREADABLE as error:
        troubles.append(_trouble(str(error), bytes(data), arg, lost=True))
        return []
    if not isinstance(values, list):
        troubles.append(_trouble("data is no list", values, arg, lost=True))
        return []
    found = (_row_with_holes(row, value, arg, troubles) for value in values)
    return [one for one in found if one is not None]


def _row_with_holes(
    row: type[msgspec.Struct], value: Any, arg: Arg, troubles: list[Malformed]
) -> Any | None:
    if not isinstance(value, dict | list):
        troubles.append(_trouble("a row is no row", value, arg, lost=True))
        return None
    for _ in range(len(value) + 1):
        try:
            return msgspec.convert(value, row, strict=False)
        except msgspec.ValidationError as error:
            why = str(error)
            if _mend(row, value, why, arg, troubles):
                continue
            if not _blank(value, why):
                break
            troubles.append(_trouble(why, value, arg, lost=False))
    troubles.append(_trouble("a row cannot be read", value, arg, lost=True))
    return None


def _mend(
    row: type[msgspec.Struct], value: Any, why: str, arg: Arg, troubles: list[Malformed]
) -> bool:
    """Make holes in nested rows, so that one value does not cost all of them."""
    found = _KEY_OF_NESTED.search(why)
    key = found[1] if found else ""
    inner = _nested(row).get(key)
    if inner is None or not isinstance(value[key], list):
        return False
    value[key] = [
        part
        for part in value[key]
        if _row_with_holes(inner, part, arg, troubles) is not None
    ]
    return True


@cache
def _nested(row: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """Return the structs of a row's lists of objects, by wire key."""
    structs = {}
    for field in msgspec.structs.fields(row):
        inner: Any = getattr(field.type, "__args__", (None,))[0]
        is_struct = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
        # A level of a book, which is an array, is of no use with a hole in it.
        if is_struct and not inner.__struct_config__.array_like:
            structs[field.encode_name] = inner
    return structs


def _blank(value: Any, why: str) -> bool:
    """Take the value that a validation error names out of a row."""
    found = _KEY_IN_PATH.search(why)
    if found is None:
        return False
    key, position = found.groups()
    if isinstance(value, dict) and key in value:
        del value[key]
    elif isinstance(value, list) and position is not None:
        value[int(position)] = ""
    else:
        return False
    return True


def _trouble(why: str, value: object, arg: Arg, *, lost: bool) -> Malformed:
    return Malformed(why=why, text=repr(value)[:_TEXT_LIMIT], arg=arg, lost=lost)
