"""What a story is: things that change in steps, and how their rows are written.

Members of a row are wire values in which ``{words}`` are filled in, so that a story
is a table and no program.  Words that every story knows:

``{uid}``            the account
``{begin} {step} {now}`` when the story began, when the step was that wrote the
                     member, and the moment of the push [Unix ms]
``{id[n]}``          the n-th id of the story, ``{hash}`` 64 hex digits
``{inst} {family}``  its instrument, a spot pair or a swap
``{base} {quote}``   the two currencies of that
``{px} {step_px}``   its price now, and when the step was
``{above[n]} {below[n]}`` its price when the story began, n ppm above or below
``{sz} {quarter[n]}`` a size that is drawn, and so many quarters of it
``{worth} {lever}``  what that size was worth at first, and the account's leverage
``{amount}``         a whole number of 100 to 499, drawn

``uTime``, ``cTime`` and ``pTime``, where a row has them, are the last step of the
thing, its first step, and the moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from okxlab.simulator.accounts.money import ONE, text
from okxlab.simulator.accounts.terms import MARK_PARTS
from okxlab.simulator.draws import source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okxlab.simulator.accounts.account import Account
    from okxlab.simulator.accounts.terms import Terms
    from okxlab.simulator.accounts.venue import Venue

__all__ = ["Life", "Story", "Thing"]

_PPM = 1_000_000
_LEAST_WORTH = 200
"""About the least that the size of a story is worth [quote currency]."""

Words = dict[str, Any]


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a channel has a row of, such as one order."""

    channel: str
    members: Mapping[str, Any]
    """Its row at first, with words to be filled in."""
    steps: tuple[tuple[int, Mapping[str, Any]], ...]
    """When each is, after the beginning of the story [s], and what it changes."""
    ends: bool = True
    """Whether it is over with its last step."""

    def row(self, life: Life, ms: int) -> dict[str, Any]:
        """Return its row at a moment that is not before its first step."""
        first = last = life.begin_ms + self.steps[0][0] * 1000
        row: Words = _filled(self.members, life.words(ms, first))
        for after_s, changes in self.steps:
            at_ms = life.begin_ms + after_s * 1000
            if at_ms > ms:
                break
            last = at_ms
            row |= _filled(changes, life.words(ms, at_ms))
        stamps = {"cTime": first, "uTime": last, "pTime": ms}
        return row | {key: str(at) for key, at in stamps.items() if key in row}

    def has_step(self, after_ms: int) -> bool:
        """Tell whether a step is so long after the beginning of the story [ms]."""
        return any(after_s * 1000 == after_ms for after_s, _ in self.steps)

    def is_alive(self, after_ms: int) -> bool:
        """Tell whether it has begun and is not over by a time [ms of the story]."""
        begun = self.steps[0][0] * 1000 <= after_ms
        return begun and not (self.ends and self.steps[-1][0] * 1000 <= after_ms)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Things that belong together, told again and again."""

    name: str
    every_s: int
    """A new one begins so often."""
    things: tuple[Thing, ...]
    kind: Literal["SPOT", "SWAP"] = "SPOT"
    """Kind of its instrument."""
    words: Callable[[Life, int], Words] | None = None
    """Returns what words it knows besides, as of a moment [Unix ms]."""
    in_demo: bool = True
    """Whether demo accounts have it."""

    @property
    def length_s(self) -> int:
        """Return when its last step is [s]."""
        return max(thing.steps[-1][0] for thing in self.things)


class Life:
    """One telling of a story, with all that is drawn for it.

    Parameters
    ----------
    story
        What is told.
    account
        Whose.
    venue
        Where prices come from.
    number
        Which telling it is.
    begin_ms
        When it begins [Unix ms].

    Attributes
    ----------
    terms : Terms
        Of its instrument.
    spot, swap : Terms
        The pair and the swap of the same currency; one of them is ``terms``.
    tick : int
        The price of the instrument when it begins.
    lots : int
        The size that is drawn, a multiple of four.
    amount : int
        A number that is drawn.
    worth : str
        What ``lots`` are worth when it begins, as wire text.
    """

    def __init__(
        self, story: Story, account: Account, venue: Venue, number: int, begin_ms: int
    ) -> None:
        self.story = story
        self.account = account
        self.venue = venue
        self.begin_ms = begin_ms
        bits = source(venue.seed, account.uid, story.name, number).getrandbits
        pairs = venue.pairs
        spot, swap = pairs[bits(8) % min(len(pairs), 3)]
        self.spot, self.swap = venue.terms(spot), venue.terms(swap)
        self.terms = self.spot if story.kind == "SPOT" else self.swap
        self.tick = self.tick_at(self.terms, begin_ms)
        self.lots = self.lots_for(self.terms, _LEAST_WORTH * (1 + bits(2)))
        self.amount = 100 + bits(12) % 400
        self.worth = text(self.terms.value(self.lots, self.tick))
        # The words of the moment that was asked for last, since rows come together.
        self._as_of: tuple[int, Words] = (0, {})
        self._fixed: Words = {
            "uid": account.uid,
            "begin": begin_ms,
            "id": _Ids(begin_ms, bits(10)),
            "hash": f"{bits(256):064x}",
            "inst": self.terms.inst_id,
            "family": self.terms.instrument.index_id,
            "base": self.terms.base,
            "quote": self.terms.quote,
            "above": _Prices(self.terms, self.tick, 1),
            "below": _Prices(self.terms, self.tick, -1),
            "sz": self.terms.sz(self.lots),
            "quarter": [self.terms.sz(self.lots * i // 4) for i in range(5)],
            "amount": self.amount,
            "worth": self.worth,
            "lever": account.leverage,
        }

    def tick_at(self, terms: Terms, ms: int) -> int:
        """Return the price of an instrument at a moment [ticks]."""
        return self.venue.mark(terms.inst_id, ms) // MARK_PARTS

    def lots_for(self, terms: Terms, worth: int) -> int:
        """Return about so much worth of an instrument, a multiple of four lots."""
        each = terms.value(4, self.tick_at(terms, self.begin_ms))
        return 4 * max(worth * ONE // each, terms.instrument.least)

    def words(self, ms: int, step_ms: int) -> Words:
        """Return the words of the story as of a moment and for one step."""
        if self._as_of[0] != ms:
            words = {**self._fixed, "now": ms, "px": self._px(ms)}
            words |= self.story.words(self, ms) if self.story.words else {}
            self._as_of = ms, words
        return {**self._as_of[1], "step": step_ms, "step_px": self._px(step_ms)}

    def _px(self, ms: int) -> str:
        return self.terms.px(self.tick_at(self.terms, ms))


class _Ids:
    """The ids of a story: as many digits as those of OKX, and later ones greater."""

    def __init__(self, begin_ms: int, draw: int) -> None:
        self._first = begin_ms * 100_000 + draw * 90

    def __getitem__(self, slot: int) -> int:
        return self._first + slot


class _Prices:
    """Prices around one, by parts per million above or below it."""

    def __init__(self, terms: Terms, tick: int, sign: int) -> None:
        self._terms = terms
        self._tick = tick
        self._sign = sign

    def __getitem__(self, ppm: int) -> str:
        tick = self._tick * (_PPM + self._sign * ppm) // _PPM
        return self._terms.px(max(tick, 1))


def _filled(value: Any, words: Words) -> Any:
    if isinstance(value, str):
        return value.format_map(words)
    if isinstance(value, dict):
        return {key: _filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, words) for inner in value]
    return value
