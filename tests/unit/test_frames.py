"""Frames decode whole: our own of every channel, and real ones where there are.

The simulator shares the registry with the client, so only frames from elsewhere
can find a misspelt field.  They are looked for in ``$OKXLAB_FRAMES``; the file
that lists OKX's fields is expected beside that directory.
"""

import json
import re
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from okxlab.errors import ChannelError
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import CHANNELS, channel
from okxlab.protocol.columns import columns_of
from okxlab.protocol.session import ClientSession
from okxlab.table import make_table, parse_window

OWN = Path(__file__).parents[1] / "data" / "frames.jsonl"

IGNORED = {
    # key: why its value is not kept
}
"""Keys of real frames that no struct has, each with its reason."""

NESTED = {
    # channel: the lists inside a row, and the prefix of the fields around them
    "liquidation-orders": (("details",), ""),
    "public-struc-block-trades": (("legs",), ""),
    "struc-block-trades": (("legs",), ""),
    "account": (("details",), "account_"),
    "balance_and_position": (("balData", "posData"), ""),
}
"""How OKX nests what we lay flat: said once more, apart from the code that does."""

NEVER_SEEN = {"books-l2-tbt", "books50-l2-tbt", "books-rpi", "sprd-bbo-tbt"}
"""Channels without a real frame: their layouts are known from other channels'."""

OUR_OWN = {
    "item": "balance_and_position sends two lists; this says which a row is from",
}
"""Fields of flat rows that OKX has no key for, each with its reason."""


def own_frames():
    """Return the frames we wrote ourselves."""
    return [json.loads(line) for line in OWN.read_text().splitlines()]


def real_frames(directory):
    """Yield the frames of registered channels, with their file names."""
    for file in sorted(Path(directory).glob("*.json")):
        frame = json.loads(file.read_text())
        if isinstance(frame, dict) and "data" in frame and "arg" in frame:
            try:
                channel(frame["arg"]["channel"])
            except ChannelError:
                continue
            yield file.name, frame


def rows_of(frame):
    """Decode a frame the way the library does: the long way, then by its route."""
    arg = Arg.from_wire(frame["arg"])
    session = ClientSession()
    session.opened(0.0)
    session.subscribe([arg])
    session.text_to_send(0.0)
    text = json.dumps(frame, separators=(",", ":"))
    push, again = session.receive_text(text, 0.0), session.receive_text(text, 0.0)
    assert session.events() == []
    assert push is not None
    assert again == push
    assert push.event_type == frame.get("eventType", "")
    assert push.cur_page == frame.get("curPage", 0)
    assert push.last_page == frame.get("lastPage", True)
    return push.rows


def inner(field):
    """Return the struct of the elements of a field, if it is a list of structs."""
    found = getattr(field.type, "__args__", (None,))[0]
    is_struct = isinstance(found, type) and issubclass(found, msgspec.Struct)
    return found if is_struct else None


def structs_in(row):
    """Yield a struct and those nested in it."""
    yield row
    for field in msgspec.structs.fields(row):
        if inner(field) is not None:
            yield from structs_in(inner(field))


def decode_strictly(row, wire):
    """Decode one wire row with unknown fields forbidden, at every depth."""
    if row.__struct_config__.array_like:
        assert len(wire) == len(row.__struct_fields__)
        return
    strict = msgspec.defstruct("Strict", [], bases=(row,), forbid_unknown_fields=True)
    kept = {key: value for key, value in wire.items() if key not in IGNORED}
    msgspec.convert(kept, strict, strict=False)
    for field in msgspec.structs.fields(row):
        if inner(field) is not None:
            for part in wire.get(field.encode_name, []):
                decode_strictly(inner(field), part)


def check(frame):
    """Assert that each value of a frame reaches its cell of a DataFrame."""
    entry = channel(frame["arg"]["channel"])
    for wire in frame["data"]:
        decode_strictly(entry.row, wire)
    rows = rows_of(frame)
    if entry.kind == "book":
        return
    columns = {column.name: column for column in entry.update_columns()}
    table = make_table("log", tuple(columns.values()), window=parse_window(1_000))
    # The published frame of block-tickers lacks the instrument in its arg.
    inst_id = (
        Arg.from_wire(frame["arg"]).inst_id or getattr(rows[0], "inst_id", None)
        if rows
        else None
    )
    table.append(rows, 1_790_000_000_000_000, inst_id)
    cells = table.snapshot().reset_index()
    assert not table.unknown
    for wire, (_, cell) in zip(wire_rows(frame), cells.iterrows(), strict=True):
        for name, value in wire.items():
            if value not in ("", None, []):
                assert is_same(cell[name], value, columns[name].kind), (name, value)
    if entry.kind == "state":
        state = make_table(
            "state", entry.columns(), window=parse_window(1_000), key=entry.key
        )
        state.append(rows, 0)
        assert len(state) == len(rows)


def wire_rows(frame):
    """Return each row of a frame under its column names, nested ones laid flat."""
    entry = channel(frame["arg"]["channel"])
    lists, prefix = NESTED.get(entry.name, ((), ""))
    names = {
        field.encode_name: field.name
        for struct in structs_in(entry.row)
        for field in msgspec.structs.fields(struct)
    }
    for wire in frame["data"]:
        if isinstance(wire, list):
            yield dict(zip(entry.row.__struct_fields__, wire, strict=True))
            continue
        flat = {
            prefix + names[key]: value
            for key, value in wire.items()
            if key not in ("asks", "bids", *lists)
        }
        for side in ("asks", "bids"):
            flat |= level_cells(entry, side, wire.get(side, []))
        if not lists:
            yield flat
        for key in lists:
            for part in wire[key]:
                yield flat | {names[key]: value for key, value in part.items()}


def level_cells(entry, side, levels):
    """Return the levels of one side of a book under their column names."""
    cells = {}
    for number, level in enumerate(levels, 1):
        fields = {one.name: one for one in msgspec.structs.fields(entry.row)}
        parts = inner(fields[side]).__struct_fields__
        for part, value in zip(parts, level, strict=True):
            if part != "unused":
                cells[f"{side[:-1]}_{part}_{number}"] = value
    return cells


def is_same(cell, value, kind):
    """Tell whether a cell holds what was on the wire."""
    match kind:
        case "float":
            return cell == float(value)
        case "ms":
            return cell == pd.Timestamp(int(value), unit="ms", tz="UTC")
        case "int64" | "Int64":
            return cell == int(value)
        case "boolean":
            return str(cell) == str(value in (True, "true", "1"))
        case _:
            return cell == value


@pytest.mark.parametrize(
    "frame", own_frames(), ids=lambda frame: frame["arg"]["channel"]
)
def test_our_own_frames_decode_whole(frame):
    """Every value of our hand-written frames reaches its cell."""
    check(frame)


def test_every_channel_has_a_frame_of_our_own():
    """An outsider's test run decodes each channel at least once."""
    found = {channel(frame["arg"]["channel"]).family for frame in own_frames()}

    assert found == {entry.name for entry in CHANNELS}


def test_real_frames_decode_whole(frames):
    """Every value of every real frame of a registered channel reaches its cell."""
    families = set()
    for _, frame in real_frames(frames):
        check(frame)
        families.add(channel(frame["arg"]["channel"]).family)

    assert {entry.name for entry in CHANNELS} - families == NEVER_SEEN


def reference_words(frames):
    """Return the words of the reference's field table of each channel."""
    text = (Path(frames).parent / "okx-v5-protocol.md").read_text()
    tables = re.findall(
        r"^\*\*([\w, /-]+?)\*\* ?\S* ?:? ?(.*(?:\n(?!\n).*)*)", text, re.MULTILINE
    )
    words = {
        name.strip(): set(re.findall(r"\w+", " ".join(re.findall("`([^`]*)`", body))))
        for names, body in tables
        for name in re.split(r",| / ", names)
    }
    # Written there as "…PxType" and "As above".
    words["orders-algo"] |= {f"{one}TriggerPxType" for one in ("tp", "sl")}
    words["orders-algo"] |= {"triggerPxType"}
    words["algo-advance"] |= words["orders-algo"]
    return words


def test_every_field_stands_in_the_reference(frames):
    """No struct has a field that OKX's field tables do not have."""
    words = reference_words(frames)
    checked = 0
    for entry in CHANNELS:
        if entry.kind == "book" or entry.depth or entry.bars:
            continue  # sections 3.2 and 4.1 of the reference give their layouts
        for struct in structs_in(entry.row):
            for field in msgspec.structs.fields(struct):
                assert field.encode_name in words[entry.name], (entry.name, field.name)
                checked += 1

    assert checked > 700


def test_every_field_of_a_flat_row_is_one_of_the_wire():
    """Laying flat invents nothing, but for what is listed with its reason."""
    for entry in CHANNELS:
        _, prefix = NESTED.get(entry.name, ((), ""))
        sent = {
            name
            for struct in structs_in(entry.row)
            for name in struct.__struct_fields__
        }
        sent |= {prefix + name for name in entry.row.__struct_fields__}

        assert set(entry.table_row.__struct_fields__) - sent <= OUR_OWN.keys()


def test_candles_have_the_layout_of_the_reference(frames):
    """Arrays have no names on the wire: their order is what counts."""
    text = (Path(frames).parent / "okx-v5-protocol.md").read_text()
    names = {"o": "open", "h": "high", "l": "low", "c": "close"}
    for family in ("candle", "mark-price-candle", "index-candle", "sprd-candle"):
        [layout] = re.findall(
            rf"^\| [^|]*(?<![\w-]){family}[^|]*\| (ts, [^|]*) \| (\d+) \|",
            text,
            re.MULTILINE,
        )
        fields = [names.get(word, word) for word in layout[0].split(", ")]
        expected = [re.sub("([A-Z])", lambda c: f"_{c[1].lower()}", f) for f in fields]

        found = [c.name for c in columns_of(channel(f"{family}1m").row)]

        assert found == expected
        assert len(found) == int(layout[1])
