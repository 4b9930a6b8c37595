"""Amounts: read and written without a rest."""

from __future__ import annotations

import pytest

from okxlab.simulator.accounts.money import ONE, amount, cut, quotient, text


@pytest.mark.parametrize(
    ("written", "again"),
    [
        ("0.1", "0.1"),
        ("100000", "100000"),
        ("1.50", "1.5"),
        ("-0.00000000000000000001", "-0.00000000000000000001"),
        ("1e-05", "0.00001"),
        (0.1, "0.1"),
        (3, "3"),
        ("999999999999999999", "999999999999999999"),
    ],
)
def test_amounts_come_back(written, again):
    """What is read is written as the same number, without trailing zeros."""
    assert text(amount(written)) == again


@pytest.mark.parametrize(
    "written",
    ["", " 1", "1,5", "1_000", "NaN", "inf", "1e18", "1e-21", "1e999", "٣", None, True],
)
def test_what_is_no_amount(written):
    """What OKX would not take as a number is refused."""
    with pytest.raises(ValueError, match="is no number"):
        amount(written)


def test_division_is_towards_zero():
    """Long and short positions are rounded alike."""
    assert (quotient(7, 2), quotient(-7, 2), quotient(7, -2)) == (3, -3, -3)


def test_estimates_are_cut():
    """A value in USD has twelve places."""
    assert cut(ONE // 3) == "0.333333333333"
