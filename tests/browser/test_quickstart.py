"""The quickstart notebook in a real JupyterLab in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.jupyter import PATIENCE, cell_with, run_all_cells, run_cell

pytestmark = pytest.mark.browser


CELL = 'okxlab.stream("BTC-USDT").df'


def rows_shown(page) -> int:
    """Return how many rows the table under the cell says it has."""
    output = cell_with(page, CELL).locator(".jp-OutputArea-output")
    output.locator("table.dataframe").wait_for(timeout=PATIENCE)
    said = output.locator("p", has_text="rows")
    if said.count():
        return int(said.inner_text().split()[0])
    return output.locator("tbody tr").count()


def test_table_has_rows_and_grows(page, jupyter):
    """Run All shows a table of prices, and running its cell again a longer one."""
    page.goto(jupyter.url)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=PATIENCE)
    run_all_cells(page)
    first = rows_shown(page)

    run_cell(page, CELL)

    assert first >= 3
    assert rows_shown(page) > first
