"""Take the README's picture: `python -m tests.browser.picture`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.jupyter import JupyterLab, browser_page, run_cell, wait_until_idle

PICTURE = Path(__file__).parents[2] / "notebooks" / "images" / "quickstart.png"


def main():
    """Run the first cells of the quickstart, the table again and again, and take the picture."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        jupyter = JupyterLab(home)
        try:
            with browser_page(home, width=1180, height=1010) as page:
                page.goto(jupyter.url)
                wait_until_idle(page)
                page.keyboard.press("Control+b")  # the list of files has nothing to say
                run_cell(page, "okxlab.connect")
                run_cell(page, "btc.wait(3)")
                for _ in range(12):
                    run_cell(page, 'okxlab.stream("BTC-USDT").df')
                page.mouse.move(0, 0)  # no row is lit by the pointer
                page.locator(".jp-MarkdownCell", has_text="One line").first.evaluate(
                    "cell => cell.scrollIntoView()"
                )
                PICTURE.parent.mkdir(exist_ok=True)
                page.screenshot(path=PICTURE)
        finally:
            jupyter.close()


if __name__ == "__main__":
    main()
