"""The way back of a torn book: steps and deadlines, without a wire."""

import pytest

from okxlab.book.recovery import Recovery, RecoverySettings

PLENTY, LITTLE = 1.0, 0.2
SETTINGS = RecoverySettings()


def torn(now=100.0, budget=PLENTY, **options):
    """Return a recovery that has begun, and its first steps."""
    recovery = Recovery(**({"can_fetch": True} | options))
    recovery.torn(now)
    recovery.handle_deadline(now, budget)
    return recovery, recovery.take()


def late(recovery, budget=PLENTY):
    """Let the next deadline pass, and return the steps that follow and when."""
    now = recovery.next_deadline()
    recovery.handle_deadline(now, budget)
    return recovery.take(), now


def test_resubscribing():
    """Unsubscribe, the answer, subscribe, the snapshot; at once and once."""
    recovery, first = torn()
    recovery.left(100.1)
    second = recovery.take()
    waiting = recovery.state
    recovery.synced(100.2)

    assert first == ["unsubscribe"]
    assert second == ["subscribe"]
    assert waiting == "asking"
    assert recovery.state == "idle"
    assert recovery.next_deadline() is None
    assert (recovery.way, recovery.attempts) == ("resubscribed", 1)


def test_one_attempt_at_a_time():
    """What else goes wrong while it is on its way changes nothing."""
    recovery, _ = torn()
    for now in (100.1, 100.2, 100.3):
        recovery.torn(now)
        recovery.handle_deadline(now, PLENTY)

    assert recovery.take() == []
    assert recovery.attempts == 1


def test_late_answers_mean_nothing():
    """An answer that nobody waits for is passed over."""
    recovery, _ = torn()
    recovery.left(100.1)
    recovery.take()
    recovery.left(100.2)
    recovery.fetched(100.3)

    assert recovery.take() == []
    assert recovery.state == "asking"


def test_unsubscribe_that_is_not_answered():
    """After some patience it subscribes all the same."""
    recovery, _ = torn()
    steps, now = late(recovery)

    assert steps == ["subscribe"]
    assert now == pytest.approx(100 + SETTINGS.ack_timeout)


def test_snapshot_that_stays_away_is_fetched():
    """Nothing pushed in time: REST is asked."""
    recovery, _ = torn()
    recovery.left(100.1)
    recovery.take()
    steps, now = late(recovery)

    assert steps == ["fetch"]
    assert now == pytest.approx(100.1 + SETTINGS.snapshot_timeout)
    assert (recovery.way, recovery.attempts) == ("fetched", 2)


def test_subscription_that_nobody_serves_is_asked_for_again():
    """Neither an answer nor a row: a book by REST would grow old unnoticed."""
    recovery, _ = torn()
    recovery.left(100.1)
    recovery.take()
    recovery.handle_deadline(recovery.next_deadline(), LITTLE, is_served=False)

    assert recovery.take() == ["unsubscribe"]


def test_first_snapshot_that_stays_away_is_fetched():
    """The day may come on which the exchange pushes none any more."""
    recovery = Recovery(can_fetch=True)
    recovery.subscribed(5.0)

    assert late(recovery)[0] == ["fetch"]


def test_short_budget_is_spared():
    """With less than a quarter of the requests left, REST is asked at once."""
    _, steps = torn(budget=LITTLE)

    assert steps == ["fetch"]


@pytest.mark.parametrize("budget", [PLENTY, LITTLE])
def test_without_rest_it_goes_on_resubscribing(budget):
    """A book that REST does not have is subscribed to again and again."""
    recovery, first = torn(can_fetch=False, budget=budget)
    steps = [late(recovery, budget)[0] for _ in range(4)]

    assert first == ["unsubscribe"]
    assert steps == [["subscribe"], ["unsubscribe"], ["subscribe"], ["unsubscribe"]]


def test_answers_of_no_use_are_asked_for_again():
    """A snapshot that was too old: a pause that grows, and once more."""
    recovery, _ = torn(budget=LITTLE)
    pauses = []
    for now in (101.0, 102.0, 103.0):
        recovery.fetched(now)
        steps, then = late(recovery, LITTLE)
        pauses.append(then - now)
        assert steps == ["fetch"]

    assert pauses == pytest.approx([0.1, 0.2, 0.3])


def test_rest_that_is_of_no_use_for_long():
    """After some fetches the other way is tried, if there is a budget for it."""
    recovery, _ = torn(budget=LITTLE)
    found = []
    for now in range(101, 107):
        recovery.fetched(float(now))
        found += late(recovery, PLENTY)[0]
        if recovery.state == "leaving":
            break

    assert found == ["fetch"] * 4 + ["unsubscribe"]


def test_rest_that_does_not_answer():
    """A fetch without an answer gives way to the other way, too."""
    recovery, _ = torn(budget=LITTLE)
    steps, now = late(recovery, PLENTY)

    assert steps == ["unsubscribe"]
    assert now == pytest.approx(100 + SETTINGS.fetch_timeout)


def test_torn_again_and_again():
    """Pauses double up to a limit, and are over when the book has held."""
    recovery = Recovery(can_fetch=True)
    now, pauses = 0.0, []
    for _ in range(8):
        recovery.torn(now)
        pauses.append(recovery.next_deadline() - now)
        recovery.handle_deadline(recovery.next_deadline(), PLENTY)
        recovery.synced(now + 0.1)
        now += 5.0
    recovery.torn(now + SETTINGS.calm)

    assert pauses == pytest.approx([0, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])
    assert recovery.next_deadline() == pytest.approx(now + SETTINGS.calm)


def test_lost_connection_ends_it():
    """The next connection subscribes by itself."""
    recovery, _ = torn()
    recovery.lost()

    assert recovery.state == "idle"
    assert recovery.next_deadline() is None


def test_deadline_that_is_not_due():
    """To be asked too early, or with nothing to do, changes nothing."""
    recovery, _ = torn()
    recovery.handle_deadline(100.5, PLENTY)
    idle = Recovery(can_fetch=True)
    idle.handle_deadline(1e9, PLENTY)

    assert recovery.take() == idle.take() == []
    assert recovery.state == "leaving"


def test_worst_way_back_is_within_ten_seconds():
    """Longest pause, lost answer, lost snapshot, and then REST."""
    longest = SETTINGS.pause_max + SETTINGS.ack_timeout + SETTINGS.snapshot_timeout

    assert longest < 10


def test_repr():
    """The repr says where it stands."""
    assert repr(torn()[0]) == "<Recovery leaving, attempt 1>"


def test_where_rest_is_no_help_it_asks_less_and_less():
    """Twice at once, then after twice, four times ... as long, and never not at all."""
    recovery, _ = torn(can_fetch=False)
    waits = []
    for _ in range(10):
        now = recovery.next_deadline()
        recovery.left(now)
        recovery.take()
        waits.append((recovery.next_deadline() - now) / SETTINGS.snapshot_timeout)
        steps, _ = late(recovery, LITTLE)

        assert steps == ["unsubscribe"]

    assert waits == pytest.approx([1, 1, 2, 4, 8, 16, 32, 32, 32, 32])
