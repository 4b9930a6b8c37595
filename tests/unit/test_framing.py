"""What is cut out of a read by `Framing`, and what is left to the library."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol, State

from okxlab.transport.framing import Framing

LONGEST = 70_000


def framed(payload, opcode=Opcode.TEXT, *, fin=True):
    """Return a frame as a server sends it."""
    return Frame(opcode, payload, fin).serialize(mask=False)


def library():
    """Return the library's own parser, which knows all of the protocol."""
    return Protocol(CLIENT, state=State.OPEN, max_size=LONGEST)


def told(reads):
    """Return the messages that come out of some reads, and the library they left."""
    framing, protocol, messages = Framing(LONGEST), library(), []
    for data in reads:
        for piece in framing.cut(data):
            if isinstance(piece, str):
                messages.append(piece)
            else:
                protocol.receive_data(piece)
                messages += protocol.events_received()
    return messages, protocol, framing


def as_texts(frames):
    """Return the library's frames with whole texts as text."""
    return [
        bytes(one.data).decode()
        if one.opcode is Opcode.TEXT and one.fin and _is_utf8(one.data)
        else one
        for one in frames
    ]


def _is_utf8(data):
    try:
        bytes(data).decode()
    except UnicodeDecodeError:
        return False
    return True


def cut_at(data, places):
    """Return data in pieces."""
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[low:high] for low, high in itertools.pairwise(bounds)]


TEXTS = st.one_of(
    st.text(max_size=300),
    st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, LONGEST]).map("x".__mul__),
)
PLAIN = st.one_of(
    TEXTS.map(lambda text: framed(text.encode())),
    st.binary(max_size=200).map(framed),
    st.binary(max_size=200).map(lambda data: framed(data, Opcode.BINARY)),
    st.binary(max_size=125).map(lambda data: framed(data, Opcode.PING)),
    st.binary(max_size=125).map(lambda data: framed(data, Opcode.PONG)),
)
ODD = st.sampled_from(
    [
        framed(b"\x03\xe8", Opcode.CLOSE),
        framed(b"begin", fin=False) + framed(b"end", Opcode.CONT),
        b"\xc1\x02ab",  # compressed
        framed(b"x" * (LONGEST + 1)),
        Frame(Opcode.TEXT, b"masked").serialize(mask=True),
        b"\x83\x00",  # an opcode that nobody knows
        b"\x89\x7e\x00\x80" + b"x" * 128,  # a ping that is too long
        b"\x80\x00",  # goes on with nothing
        b"\xff" * 14,
    ]
)


@given(st.lists(PLAIN, max_size=8), st.lists(st.integers(0), max_size=12))
def test_plain_frames_come_out_however_they_are_torn(frames, places):
    """They are the messages that the library's parser would tell, in its order."""
    data = b"".join(frames)
    whole = library()
    whole.receive_data(data)

    messages, _, framing = told(cut_at(data, places))

    assert messages == as_texts(whole.events_received())
    assert not framing.is_over


@given(
    st.lists(PLAIN, max_size=4),
    ODD,
    st.lists(PLAIN, max_size=4),
    st.lists(st.integers(0), max_size=12),
)
def test_what_is_not_plain_is_judged_by_the_library(before, odd, after, places):
    """From there on everything is as if there were nothing but the library."""
    data = b"".join([*before, odd, *after])
    whole = library()
    whole.receive_data(data)

    messages, protocol, framing = told(cut_at(data, places))

    assert as_texts_of(messages) == as_texts(whole.events_received())
    assert framing.is_over
    assert protocol.state is whole.state
    assert repr(protocol.parser_exc) == repr(whole.parser_exc)
    assert protocol.close_sent == whole.close_sent
    assert lengths(protocol) == lengths(whole)


def lengths(protocol):
    """Return how long the answers are; what they say is masked at random."""
    return [len(answer) for answer in protocol.data_to_send()]


def as_texts_of(messages):
    """Return messages with the library's texts as text, too."""
    return [as_texts([one])[0] if isinstance(one, Frame) else one for one in messages]


@pytest.mark.parametrize("length", [10, 200, 70_000])
def test_a_frame_in_single_bytes_is_looked_at_when_it_is_whole(length):
    """Nothing is told before, and nothing is copied again and again."""
    data = framed(b"x" * length)
    framing = Framing(LONGEST)
    pieces = [framing.cut(data[at : at + 1]) for at in range(len(data))]

    assert not any(pieces[:-1])
    assert pieces[-1] == ["x" * length]


def test_a_length_that_is_too_great_is_told_at_once():
    """The library refuses the message before any of it is kept."""
    protocol, framing = library(), Framing(LONGEST)
    (piece,) = framing.cut(framed(b"x" * (LONGEST + 1))[:10])
    protocol.receive_data(piece)

    assert "PayloadTooBig" in repr(protocol.parser_exc)
