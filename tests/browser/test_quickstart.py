"""The quickstart notebook in a real JupyterLab in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.jupyter import cell_with, run_all_cells

pytestmark = pytest.mark.browser

PATIENCE = 60_000
"""How long anything on the page may take [ms]."""


CELL = 'okxlab.stream("BTC-USDT").df'


def rows_shown(page) -> int:
    """Return how many rows the table under the cell has."""
    table = cell_with(page, CELL).locator(".jp-OutputArea table.dataframe")
    table.wait_for(timeout=PATIENCE)
    return table.locator("tbody tr").count()


def test_table_has_rows_and_grows(page):
    """Run All shows a table of prices, and running its cell again a longer one."""
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=PATIENCE)
    run_all_cells(page)
    first = rows_shown(page)

    cell_with(page, CELL).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")

    assert first >= 3
    rows = cell_with(page, CELL).locator("tbody tr")
    rows.nth(first).wait_for(timeout=PATIENCE)  # one row more than there were
