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
    """Decode a frame the way the library does."""
    arg = Arg.from_wire(frame["arg"])
    session = ClientSession()
    session.opened(0.0)
    session.subscribe([arg])
    session.text_to_send(0.0)
    push = session.receive_text(json.dumps(frame), 0.0)
    assert session.events() == []
    assert push is not None
    return push.rows


def decode_strictly(row, wire):
    """Decode one wire row with unknown fields forbidden, at every depth."""
    if row.__struct_config__.array_like:
        assert len(wire) == len(row.__struct_fields__)
        return
    strict = msgspec.defstruct("Strict", [], bases=(row,), forbid_unknown_fields=True)
    kept = {key: value for key, value in wire.items() if key not in IGNORED}
    msgspec.convert(kept, strict, strict=False)
    for field in msgspec.structs.fields(row):
        inner = getattr(field.type, "__args__", (None,))[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            for part in wire.get(field.encode_name, []):
                decode_strictly(inner, part)


def check(frame):
    """Assert that nothing of a frame is lost on its way into a DataFrame."""
    entry = channel(frame["arg"]["channel"])
    for wire in frame["data"]:
        decode_strictly(entry.row, wire)
    rows = rows_of(frame)
    if entry.kind == "book":
        return
    # As a log, so that a bar that is updated twice keeps both of its rows.
    kind = "state" if entry.kind == "state" else "log"
    table = make_table(
        kind, entry.columns(many=True), window=parse_window(1_000), key=entry.key
    )
    table.append(rows, 1_790_000_000_000_000, frame["arg"].get("instId"))
    cells = table.snapshot().reset_index()
    assert not table.unknown
    for wire, (_, cell) in zip(wire_rows(frame), cells.iterrows(), strict=True):
        for name, value in wire.items():
            if value not in ("", None, []):
                assert is_there(cell[name]), (name, value)


def wire_rows(frame):
    """Return each row of a frame under its column names, nested ones laid flat."""
    entry = channel(frame["arg"]["channel"])
    for wire in frame["data"]:
        if isinstance(wire, list):
            yield dict(zip(entry.row.__struct_fields__, wire, strict=True))
            continue
        names = {
            field.encode_name: field.name
            for struct in (entry.row, entry.table_row)
            for field in msgspec.structs.fields(struct)
        }
        flat = {
            names[key]: value
            for key, value in wire.items()
            if key in names and key not in ("asks", "bids", "details")
        }
        for side in ("asks", "bids"):
            for level, (px, sz, _, orders) in enumerate(wire.get(side, []), 1):
                stem = side[:-1]
                flat[f"{stem}_px_{level}"] = px
                flat[f"{stem}_sz_{level}"] = sz
                flat[f"{stem}_orders_{level}"] = orders
        for detail in wire.get("details", [{}]):
            yield flat | {names[key]: value for key, value in detail.items()}


def is_there(cell):
    """Tell whether a cell holds a value."""
    return isinstance(cell, list | tuple) or not pd.isna(cell)


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
    names = []
    for name, frame in real_frames(frames):
        check(frame)
        names.append(name)

    assert len(names) >= 30


def test_every_field_stands_in_the_reference(frames):
    """No struct has a field that OKX's field tables do not have."""
    text = (Path(frames).parent / "okx-v5-protocol.md").read_text()
    tables = dict(
        re.findall(
            r"^\*\*([\w, -]+?)\*\* ?\S* ?:? ?(.*(?:\n(?!\n).*)*)", text, re.MULTILINE
        )
    )
    listed = {
        name.strip(): set(re.findall(r"`([^`]*)`", body))
        for names, body in tables.items()
        for name in names.split(",")
    }
    checked = 0
    for entry in CHANNELS:
        if entry.kind == "book" or entry.depth or entry.bars:
            continue  # sections 3.2 and 4.1 of the reference give their layouts
        words = set(re.findall(r"\w+", " ".join(listed[entry.name])))
        for struct in {entry.row, entry.table_row}:
            for field in msgspec.structs.fields(struct):
                assert field.encode_name in words, (entry.name, field.encode_name)
                checked += 1

    assert checked > 100


def test_candles_have_the_layout_of_the_reference(frames):
    """Arrays have no names on the wire: their order is what counts."""
    text = (Path(frames).parent / "okx-v5-protocol.md").read_text()
    names = {"o": "open", "h": "high", "l": "low", "c": "close"}
    for family in ("candle", "mark-price-candle", "index-candle"):
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
