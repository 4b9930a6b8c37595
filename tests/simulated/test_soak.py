"""A short soak, in every run of CI; ``python -m tests.soak 30`` is the long one."""

import pytest

from tests.soak.soak import Soak

pytestmark = [pytest.mark.simulated, pytest.mark.timeout(300)]


def test_a_short_soak():
    """Nothing is lost without a word, doubled, wrong, or left behind."""
    report = Soak(30.0, seed=1, length=8.0).run()

    assert report.wrong == []
    assert report.streams > 40
    assert sum(report.strikes.values()) > 50
    assert report.trades > 1_000
    assert report.bars > 0
    assert report.books > 0
    assert report.states > 0
    assert report.accounts > 1
