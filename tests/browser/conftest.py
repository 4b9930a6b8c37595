"""One JupyterLab and one browser for all tests in this directory."""

from __future__ import annotations

import json

import pytest

from tests.browser.jupyter import JupyterLab, browser_page, demand_browser

WIDGETS = "lab/user-settings/@jupyter-widgets/jupyterlab-manager"


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """Start JupyterLab; it saves the states of widgets with its notebooks.

    Where CI demands a browser, a missing one fails.
    """
    demand_browser()
    home = tmp_path_factory.mktemp("jupyter")
    settings = home / "config" / WIDGETS / "plugin.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"saveState": True}), "utf-8")
    running = JupyterLab(home)
    yield running
    running.close()


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """Start a browser and give its first page, whose context opens more.

    It leaves a loop running in this thread, in which no other test may find itself.
    """
    demand_browser()
    with browser_page(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(jupyter, window):
    """Give an empty page; the kernels it has started end with the test."""
    opened = window.context.new_page()
    yield opened
    opened.close()
    jupyter.end_kernels(window)
