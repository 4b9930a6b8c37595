"""Order books on a bad day, in virtual time: a short run of ``python -m tests.drill``."""

from tests.drill.books import Drill


def test_books_on_a_bad_day():
    """Every synced book is the exchange's; none stays away for long."""
    report = Drill(150, seed=7, every=0.5, check_every=0.5).run()

    assert report.wrong == []
    assert report.equal > 1_000
    assert report.equal_by["sprd-books-l2-tbt"] > 100
    assert report.holes <= report.public_drops
    assert report.tears > 100
    assert report.resyncs == report.tears
    assert report.longest < 10
    assert report.ways["resubscribed"] > 0
    assert report.trades > 500


def test_resyncs_by_rest_when_the_budget_is_short():
    """A day so bad that requests run low goes on by REST, and costs none."""
    drill = Drill(90, seed=8, every=0.5, check_every=0.5, requests_per_hour=60)
    report = drill.run()
    connections = report.public_drops + 1

    assert report.wrong == []
    assert report.ways["fetched"] > 10
    # Below a quarter of the budget only a snapshot that stays away costs more.
    assert report.public_requests / connections < 60 * 0.9


def test_same_seed_same_day():
    """A drill that fails can be run again."""
    first, second = (str(Drill(20, seed=9, every=0.5).run()) for _ in range(2))

    assert first == second
