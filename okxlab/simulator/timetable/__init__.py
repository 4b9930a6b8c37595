"""What does not follow from the market: scripted, seeded, in virtual time.

Maintenance, releases of figures, block trades, auctions, warnings and event
contracts come from scripts, each a function of seed and virtual time alone: they
have no state that watching could change, and a past that nobody saw.
"""

from okxlab.simulator.timetable.timetable import Timetable, make_timetable

__all__ = ["Timetable", "make_timetable"]
