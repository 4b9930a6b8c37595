"""JupyterLab and a browser for the tests in this directory."""

from __future__ import annotations

import pytest

from tests.browser.jupyter import JupyterLab, browser_page, demand_browser


@pytest.fixture
def page(tmp_path):
    """Open the quickstart notebook in a real JupyterLab in a real browser.

    Where CI demands a browser, a missing one fails.
    """
    demand_browser()
    jupyter = JupyterLab(tmp_path)
    try:
        with browser_page(tmp_path) as opened:
            opened.goto(jupyter.url)
            yield opened
    finally:
        jupyter.close()
