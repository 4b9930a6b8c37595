"""Take the README's pictures: `python -m tests.browser.picture [charts] [panel]`."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.browser.jupyter import (
    PATIENCE,
    SETTINGS,
    JupyterLab,
    browser_page,
    run_cell,
    wait_until_idle,
)

HEIGHTS = {"04-live-charts.ipynb": 1_180, "05-panel.ipynb": 1_120}
"""Of a window in which all that is photographed is seen at once [px]."""
IMAGES = Path(__file__).parents[2] / "notebooks" / "images"


def main(wanted):
    """Take all pictures, or those of the functions that are named."""
    IMAGES.mkdir(exist_ok=True)
    for notebook, theme, take in (
        ("01-quickstart.ipynb", "Light", quickstart),
        ("04-live-charts.ipynb", "Dark", charts),
        ("05-panel.ipynb", "Light", panel),
    ):
        if wanted and take.__name__ not in wanted:
            continue
        SETTINGS["apputils-extension/themes"] = {"theme": f"JupyterLab {theme}"}
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            jupyter = JupyterLab(home, notebook)
            try:
                with browser_page(
                    home, width=1180, height=HEIGHTS.get(notebook, 1010)
                ) as page:
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
    """Show the book of a while live, as depth and as heat map."""
    run_cell(page, "okxlab.Simulator")
    run_cell(page, "history=120")
    run_cell(page, "book.wait(20)")
    depth = run_cell(page, 'book.live("depth"')
    heat = run_cell(page, 'book.live("heatmap"')
    for _ in range(4):
        run_cell(page, "rounds computed")
    for one in (depth, heat):
        one.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=PATIENCE)
    depth.evaluate("cell => cell.scrollIntoView()")
    _photograph(page, "live.png", depth, heat)


def panel(page):
    """Show candles with a past in the panel, and a connection that was dropped."""
    run_cell(page, "okxlab.connect")
    shown = run_cell(page, "okxlab.panel()")
    run_cell(page, 'okxlab.book("BTC-USDT")')
    kind, channel = (shown.locator("select").nth(n) for n in (0, 1))
    kind.select_option("SPOT")
    channel.select_option(label="candle …")
    shown.get_by_placeholder("type to search").fill("BTC-USDT")
    shown.get_by_placeholder("none").fill("120")
    page.keyboard.press("Tab")
    shown.get_by_role("button", name="Subscribe").click()
    shown.get_by_text("average of 50").first.wait_for(timeout=PATIENCE)
    shown.get_by_role("tab", name="Simulator faults").click()
    shown.get_by_role("button", name="Skip a book update").click()
    row = shown.locator("tr", has_text="candle1m BTC-USDT")
    row.get_by_text(re.compile(r"^1[2-9]\d$")).wait_for(timeout=PATIENCE)
    wait_until_idle(page)
    shown.evaluate("cell => cell.scrollIntoView()")
    _photograph(page, "panel.png", shown.locator(".jp-OutputArea-output").first)


def _photograph(page, name, *parts):
    """Take a picture of what stands below one another."""
    page.mouse.move(0, 0)  # nothing is lit by the pointer
    boxes = [part.bounding_box() for part in parts]
    left, top = (min(box[side] for box in boxes) for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes)
    bottom = max(box["y"] + box["height"] for box in boxes)
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    page.screenshot(path=IMAGES / name, clip=clip)


if __name__ == "__main__":
    main(sys.argv[1:])
