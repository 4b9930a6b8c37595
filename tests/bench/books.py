"""Order books: what reading costs."""

from __future__ import annotations

from itertools import islice

from tests.bench.corpus import BOOK, updates
from tests.bench.figures import Figure, ratio
from tests.bench.path import WayIn


def measure(*, short: bool = False) -> list[Figure]:
    """Return what looking at a book costs; its updates are part of the pipeline."""
    way = WayIn([BOOK])
    for text in islice(updates(), 20):
        way.take(text)
    way.close()
    book = way.tapes[BOOK].book
    found = []
    for name, read, at_most in (
        ("best_bid", lambda: book.best_bid, 1.0),
        ("depth(25)", lambda: book.depth(25), 100.0),
        ("snapshot() of 400 levels", book.snapshot, None),
    ):
        _, seconds = ratio(read, lambda: None, short=short)
        found.append(Figure(f"book.{name}", seconds * 1e6, "us", "", at_most))
    return found
