"""The panel in a real JupyterLab in a real browser."""

from __future__ import annotations

import threading

import nbformat
import pytest

from tests.browser.jupyter import PATIENCE, run_all_cells, wait_until_idle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

CELLS = ("import okxlab\nlab = okxlab.connect()", "okxlab.panel()")
SECRETS = {"key": "typed-key", "secret": "typed-secret", "passphrase": "typed-words"}
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture
def opened(jupyter, page):
    """Open a notebook with a panel; its widgets' states are saved with it."""
    file = jupyter.notebooks / "panel.ipynb"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, file)
    page.goto(jupyter.url_of(file.name))
    wait_until_idle(page)
    run_all_cells(page)
    return page, file


def _saved(page, file):
    """Save the notebook and return what is in the file then, widgets' states too.

    A page that is slow saves without them at first.
    """
    for _ in range(3):
        text = _save(page, file)
        if STATE in text:
            return text
    raise AssertionError("the states of widgets were not saved")


def _save(page, file):
    """Save the notebook and return what is in the file then."""
    before = file.stat().st_mtime_ns
    page.locator(".jp-Notebook").click(position={"x": 4, "y": 4})
    page.keyboard.press("Control+s")
    pause = threading.Event()
    for _ in range(300):
        if file.stat().st_mtime_ns != before:
            return file.read_text("utf-8")
        pause.wait(0.1)
    raise AssertionError("the notebook was not saved")


def test_the_panel_subscribes(opened):
    """Instrument, channel, a click: the chart appears and its rows are counted."""
    page, _ = opened
    page.get_by_placeholder("type to search").fill("BTC-USDT")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Subscribe").click()

    page.get_by_text("tickers BTC-USDT").first.wait_for(timeout=PATIENCE)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=PATIENCE)
    assert page.locator("td", has_text="live").first.is_visible()


def test_a_login_leaves_no_secret_in_the_file(opened):
    """Saved while it is typed and not sent, and after it was sent and refused."""
    page, file = opened
    page.get_by_role("tab", name="Login").click()
    for label, text in SECRETS.items():
        field = page.get_by_label(label, exact=True)
        field.wait_for(timeout=PATIENCE)
        field.fill(text)

    typed = _saved(page, file)
    kept = page.get_by_label("secret", exact=True).input_value()
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("not logged in").wait_for(timeout=PATIENCE)
    sent = _saved(page, file)

    assert kept == SECRETS["secret"]
    assert not [text for text in SECRETS.values() if text in typed + sent]
    assert page.get_by_label("secret", exact=True).input_value() == ""
