"""Coverage and chain against plain sets of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from okxlab.history.chain import AHEAD, KNOWN, LATE, NEXT, TORN, Chain
from okxlab.history.coverage import Coverage

PLACES = 60


@st.composite
def stretches(draw):
    """Draw a stretch of a few places."""
    low = draw(st.integers(0, PLACES - 1))
    return low, draw(st.integers(low + 1, min(low + 12, PLACES)))


def holes(there, low, high):
    """Return the stretches of a range that are not in a set."""
    found = []
    for place in range(low, high):
        if place in there:
            continue
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return found


@given(st.lists(stretches(), max_size=30), stretches())
def test_coverage_is_a_set(added, asked):
    """Adding, asking for all, for any and for what is missing."""
    coverage, plain = Coverage(), set()
    for low, high in added:
        coverage.add(low, high)
        plain |= set(range(low, high))
    wanted = set(range(*asked))

    assert coverage.has(*asked) == (wanted <= plain)
    assert coverage.touches(*asked) == bool(wanted & plain)
    assert coverage.missing(*asked) == holes(plain, *asked)
    assert coverage.stretches == [
        (low, high) for low, high in complement(holes(plain, 0, PLACES))
    ]


def complement(gone):
    """Return what is left of all places."""
    return holes({place for hole in gone for place in range(*hole)}, 0, PLACES)


@given(
    st.lists(
        st.tuples(stretches(), st.sampled_from(("live", "follows", "past"))),
        max_size=40,
    )
)
def test_no_place_is_taken_twice(events):
    """Whatever comes live or from REST, in any order: each place once, none lost.

    Live rows come through `take`, or through `reach` where they follow the last one,
    rows of the past through `fill`; a set of the places of all rows that were let in
    is the truth.
    """
    chain, plain, first, reach = Chain(), set(), None, None
    for (low, high), way in events:
        if way == "follows":
            if reach is not None:
                plain |= set(range(reach, reach + high - low))
                chain.reach = reach = reach + high - low
            continue
        places = set(range(low, high))
        if way == "past":
            let_in = chain.fill(low, high)
            assert let_in == (
                reach is not None
                and first <= low
                and high <= reach
                and not places & plain
            )
        else:
            verdict = chain.take(low, high)
            if reach is None:
                first = reach = low
            expected = expected_verdict(places, plain, low, high, reach)
            assert verdict == expected
            let_in = verdict in (NEXT, AHEAD, LATE)
            reach = max(reach, high)
        if let_in:
            assert not places & plain
            plain |= places

        assert chain.missing() == ([] if first is None else holes(plain, first, reach))


def expected_verdict(places, plain, low, high, reach):
    """Say in words of sets how a row follows."""
    if low >= reach:
        return NEXT if low == reach else AHEAD
    if places <= plain:
        return KNOWN
    return TORN if high > reach or places & plain else LATE


def test_an_open_bar_is_awaited():
    """A bar that was never seen closed is missing as soon as the next one begins."""
    chain = Chain()
    verdicts = [
        chain.take(0, 10, is_final=False),
        chain.take(0, 10, is_final=False),
        chain.take(10, 20, is_final=False),
        chain.take(10, 20),
        chain.take(20, 30, is_final=False),
        chain.take(0, 10, is_final=False),
    ]

    assert verdicts == [NEXT, NEXT, AHEAD, NEXT, NEXT, LATE]
    assert chain.missing() == [(0, 10)]
    assert chain.fill(0, 10)
    assert chain.missing() == []
    assert chain.take(0, 10, is_final=False) == KNOWN


def test_what_is_given_up_is_missed_no_more_but_still_welcome():
    """A hole that cannot be filled is not asked for again."""
    chain = Chain()
    chain.take(0, 10)
    chain.take(20, 30)
    chain.give_up(10, 20)

    assert chain.missing() == []
    assert chain.take(12, 14) == LATE
    assert chain.take(12, 14) == KNOWN


def test_a_chain_may_begin_further_back():
    """What was not there before is missing then, until it is filled."""
    chain = Chain()
    chain.take(20, 30)
    chain.begin_at(10)

    assert chain.missing() == [(10, 20)]
    assert chain.fill(10, 20)
    assert chain.missing() == []


def test_a_chain_with_ever_more_holes_does_not_grow():
    """Where nothing can be refilled the oldest holes are forgotten."""
    chain = Chain()
    for low in range(0, 50_000, 10):
        chain.take(low, low + 5)
        if low:
            chain.give_up(low - 5, low)

    assert chain.missing() == []
    assert chain.first > 30_000
    assert len(chain._coverage().stretches) <= 1_100
    assert chain.take(49_990, 49_995) == KNOWN
    assert chain.take(50_005, 50_010) == AHEAD
    assert chain.missing() == [(49_995, 50_005)]
