"""A real JupyterLab, as `okxlab lab` opens it, and a real browser before it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""No window, no sandbox (containers have no user namespaces), no talk with home."""

TOKEN = "of-this-test-only"
SETTINGS = {
    # Nobody is asked for news, and cells out of sight stay in the page.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}

START_TIMEOUT = 60
"""How long JupyterLab may take until it answers [s]."""

ROOT = Path(__file__).parents[2]

PATIENCE = 60_000
"""How long anything on the page may take [ms]."""


def browser_missing() -> str:
    """Return why there is no browser test here; "" if there can be one."""
    if not Path(CHROMIUM).exists():
        return f"no Chromium at {CHROMIUM}"
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    if shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)) is None:
        return "no JupyterLab beside this Python"
    return ""


def demand_browser() -> None:
    """Skip a test where there is no browser; where CI demands one, fail it."""
    missing = browser_missing()
    if missing and os.environ.get("OKXLAB_BROWSER_REQUIRED"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


def import_path() -> str:
    """Return a PYTHONPATH with which kernels find the tests' own modules."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


class JupyterLab:
    """``okxlab lab`` on a directory of its own, with its own settings."""

    def __init__(self, home: Path, notebook: str = "01-quickstart.ipynb") -> None:
        config = home / "config"
        _write(
            config / "jupyter_server_config.json",
            {"IdentityProvider": {"token": TOKEN}},
        )
        for plugin, settings in SETTINGS.items():
            name = f"lab/user-settings/@jupyterlab/{plugin}.jupyterlab-settings"
            _write(config / name, settings)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._server = f"http://127.0.0.1:{port}"
        self.notebooks = home / "notebooks"
        self.url = self.url_of(notebook)
        self._log = (home / "jupyter.log").open("wb")
        self._process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "okxlab", "lab", str(self.notebooks), "--no-browser"),
                *("--port", str(port), "--env", "simulator"),
            ],
            stdout=self._log,
            stderr=self._log,
            env=os.environ
            | {
                # Cells may import what stands beside the tests.
                "PYTHONPATH": import_path(),
                "JUPYTER_CONFIG_DIR": str(config),
                "JUPYTER_DATA_DIR": str(home / "data"),
                "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            },
            start_new_session=True,
        )
        self._wait_until_it_answers(f"{self._server}/api?token={TOKEN}")

    def url_of(self, notebook: str) -> str:
        """Return where a notebook is opened, in a workspace of its own."""
        name = notebook.removesuffix(".ipynb")
        return f"{self._server}/lab/workspaces/{name}/tree/{notebook}?token={TOKEN}"

    def _wait_until_it_answers(self, url: str) -> None:
        pause = threading.Event()
        for _ in range(START_TIMEOUT * 10):
            assert self._process.poll() is None, f"JupyterLab ended: {self.log()}"
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(url, timeout=5).close()
                return
            pause.wait(0.1)
        raise AssertionError("JupyterLab does not answer")

    def end_kernels(self, page) -> None:
        """End all kernels, as its menu would."""
        kernels = f"{self._server}/api/kernels"
        token = {"Authorization": f"token {TOKEN}"}
        for kernel in page.request.get(kernels, headers=token).json():
            page.request.delete(f"{kernels}/{kernel['id']}", headers=token)

    def log(self) -> str:
        """Return what the server has said so far."""
        return Path(self._log.name).read_text("utf-8", "replace")

    def close(self) -> None:
        """End the server and with it the kernels."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
        self._log.close()


@contextlib.contextmanager
def browser_page(home: Path, *, width: int = 1280, height: int = 900):
    """Open a page in a browser with a fresh profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            home / "profile",
            executable_path=CHROMIUM,
            args=FLAGS,
            headless=True,
            viewport={"width": width, "height": height},
        )
        try:
            yield context.pages[0]
        finally:
            context.close()


def _write(path: Path, settings: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings), "utf-8")


def wait_until_idle(page) -> None:
    """Wait until the kernel is there and has nothing to do."""
    page.get_by_text("| Idle").wait_for(timeout=PATIENCE)


def run_all_cells(page) -> None:
    """Choose Run, Run All Cells, and wait until all have run."""
    wait_until_idle(page)
    page.locator(".lm-MenuBar-item", has_text="Run").first.click()
    page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()
    page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").first.wait_for(
        timeout=PATIENCE
    )
    wait_until_idle(page)


def cell_with(page, text: str):
    """Return the code cell that holds this text."""
    return page.locator(".jp-CodeCell", has_text=text).first


def run_cell(page, text: str):
    """Run the cell that holds this text and return it when it has run."""
    cell = cell_with(page, text)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([prompt, before]) => ![before, '[*]:'].includes(prompt.innerText)",
        arg=[cell.locator(".jp-InputPrompt").element_handle(), before],
        timeout=PATIENCE,
    )
    wait_until_idle(page)
    return cell
