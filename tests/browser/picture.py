"""Take the README's pictures: `python -m tests.browser.picture`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.jupyter import (
    PATIENCE,
    JupyterLab,
    browser_page,
    run_cell,
    wait_until_idle,
)

IMAGES = Path(__file__).parents[2] / "notebooks" / "images"


def main():
    """Take all pictures that are made of a notebook."""
    IMAGES.mkdir(exist_ok=True)
    for notebook, take in (
        ("01-quickstart.ipynb", quickstart),
        ("04-live-charts.ipynb", charts),
    ):
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            jupyter = JupyterLab(home, notebook)
            try:
                with browser_page(home, width=1180, height=1010) as page:
                    page.goto(jupyter.url)
                    wait_until_idle(page)
                    page.keyboard.press("Control+b")  # the list of files is no news
                    take(page)
            finally:
                jupyter.close()


def quickstart(page):
    """Run the first cells of the quickstart, the table again and again."""
    run_cell(page, "okxlab.connect")
    run_cell(page, "btc.wait(3)")
    for _ in range(12):
        run_cell(page, 'okxlab.stream("BTC-USDT").df')
    page.mouse.move(0, 0)  # no row is lit by the pointer
    page.locator(".jp-MarkdownCell", has_text="One line").first.evaluate(
        "cell => cell.scrollIntoView()"
    )
    page.screenshot(path=IMAGES / "quickstart.png")


def charts(page):
    """Show the trades live, and the picture of them as it is then."""
    run_cell(page, "okxlab.Simulator")
    run_cell(page, "history=120")
    run_cell(page, "book.wait(20)")
    shown = run_cell(page, "trades.live()")
    shown.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=PATIENCE)
    for _ in range(2):
        run_cell(page, "rounds computed")
    page.mouse.move(0, 0)
    shown.screenshot(path=IMAGES / "live.png")


if __name__ == "__main__":
    main()
