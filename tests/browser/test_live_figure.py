"""Live figures in a real JupyterLab in a real browser."""

from __future__ import annotations

import json

import nbformat
import pytest

from tests.browser.jupyter import PATIENCE, wait_until_idle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

BEGIN = """\
from pathlib import Path
from tests.browser.candle_source import CandleSource, live
source = CandleSource()
figure = live(source)
"""
SHOW = "figure"
STILL = ".jp-OutputArea-output img"
BUSY = """\
while not Path('go-on').exists():
    sum(range(1000))
"""

LISTEN = """
window.painted = [];
document.addEventListener("okxlab:painted", ({ detail, target }) => {
  window.painted.push({ ...detail, target });
});
window.paintedRows = () => window.painted.filter(({ what }) => what === "rows").length;
"""


@pytest.fixture
def browser(jupyter, page):
    """Give JupyterLab, a page that notes what it paints, and the notebooks' place."""
    page.add_init_script(LISTEN)
    return jupyter, page, jupyter.notebooks


@pytest.fixture
def open_notebook(browser, request):
    """Give a function that opens a new notebook of the cells it is given."""
    jupyter, page, directory = browser
    name = f"{request.node.originalname}.ipynb"

    def open_cells(*cells):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, directory / name)
        (directory / "go-on").unlink(missing_ok=True)
        page.goto(jupyter.url_of(name))
        wait_until_idle(page)
        return page

    yield open_cells
    (directory / "go-on").touch()  # whatever is busy comes to its end


def wait_for_rows(page, more: int = 1) -> None:
    """Wait until rows have been drawn so many times more."""
    page.wait_for_function(
        "wanted => window.paintedRows() >= wanted",
        arg=page.evaluate("window.paintedRows()") + more,
        timeout=PATIENCE,
    )


def start(page, position: int):
    """Start the cell at this position and return it."""
    cell = page.locator(".jp-CodeCell").nth(position)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    return cell


def run(page, position: int):
    """Run the cell at this position and return it when it has run."""
    cell = page.locator(".jp-CodeCell").nth(position)
    before = cell.locator(".jp-InputPrompt").inner_text()
    start(page, position)
    page.wait_for_function(
        "([prompt, before]) => ![before, '[*]:'].includes(prompt.innerText)",
        arg=[cell.locator(".jp-InputPrompt").element_handle(), before],
        timeout=PATIENCE,
    )
    return cell


def figure_in(cell):
    """Return the figure that a cell shows, once it is drawn."""
    found = cell.locator(".okxlab-figure.js-plotly-plot").first
    found.wait_for(timeout=PATIENCE)
    return found


def last_close(figure) -> float:
    """Return the last price that a figure shows."""
    return figure.evaluate("div => div.data[0].close.at(-1)")


def shown_range(figure):
    """Return the range of times that a figure shows."""
    return figure.evaluate("div => div.layout.xaxis.range")


def printed(page, position: int) -> str:
    """Run the cell at this position and return what it prints."""
    output = run(page, position).locator(".jp-OutputArea-output").last
    output.wait_for(timeout=PATIENCE)
    return output.inner_text().strip()


def choose(page, menu: str, item: str) -> None:
    """Choose an item of a menu."""
    page.locator(".lm-MenuBar-item", has_text=menu).first.click()
    page.locator(".lm-Menu-item", has_text=item).first.click()


def save(page, path) -> dict:
    """Save the notebook and return what the file holds."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-current.lm-TabBar-tab:not(.jp-mod-dirty)").first.wait_for(
        timeout=PATIENCE
    )
    return json.loads(path.read_text("utf-8"))


def test_last_point_moves_while_a_cell_is_busy(open_notebook, browser):
    """A cell that computes does not stop the chart."""
    page = open_notebook(BEGIN, SHOW, BUSY)
    run(page, 0)
    figure = figure_in(run(page, 1))
    busy = start(page, 2)
    busy.locator(".jp-InputPrompt", has_text="*").wait_for(timeout=PATIENCE)
    wait_for_rows(page, 2)
    before = last_close(figure)

    wait_for_rows(page, 3)

    assert last_close(figure) != before
    assert busy.locator(".jp-InputPrompt").inner_text() == "[*]:"
    (browser[2] / "go-on").touch()


def test_first_chart_is_drawn_while_its_cell_is_busy(open_notebook, browser):
    """A chart shown in the middle of Run All is drawn before the kernel is idle."""
    page = open_notebook(BEGIN + "display(figure)\n" + BUSY)
    cell = start(page, 0)

    figure_in(cell)
    wait_for_rows(page, 3)

    assert cell.locator(".jp-InputPrompt").inner_text() == "[*]:"
    (browser[2] / "go-on").touch()


def test_zoom_survives_updates_until_a_double_click(open_notebook):
    """What the user has zoomed stays, and a double click follows the newest again."""
    page = open_notebook(BEGIN, SHOW)
    run(page, 0)
    figure = figure_in(run(page, 1))
    whole = shown_range(figure)
    plot = figure.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(plot["x"] + 0.3 * plot["width"], plot["y"] + 40)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.6 * plot["width"], plot["y"] + 180, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "([div, whole]) => div.layout.xaxis.range[0] !== whole[0]",
        arg=[figure.element_handle(), whole],
        timeout=PATIENCE,
    )
    zoomed = shown_range(figure)

    wait_for_rows(page, 4)

    assert shown_range(figure) == zoomed
    figure.locator(".nsewdrag").first.dblclick()
    page.wait_for_function(
        "([div, zoomed]) => div.layout.xaxis.range[1] > zoomed[1]",
        arg=[figure.element_handle(), zoomed],
        timeout=PATIENCE,
    )


def test_closed_output_ends_its_traffic(open_notebook):
    """A figure that nobody shows is sent nothing, and its source not asked."""
    page = open_notebook(
        BEGIN + "clock = live(CandleSource(1))",
        SHOW,
        "clock",
        "print(figure.frames[0], source.asked)",
    )
    run(page, 0)
    figure_in(run(page, 1))
    figure_in(run(page, 2))
    page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt").click()
    choose(page, "Edit", "Clear Cell Output")
    page.wait_for_function(
        "() => document.querySelectorAll('.okxlab-figure').length === 1",
        timeout=PATIENCE,
    )
    wait_for_rows(page, 5)  # of the other one: by now the kernel has been told
    before = printed(page, 3)

    wait_for_rows(page, 10)

    assert printed(page, 3) == before


def test_reloaded_page_draws_again(open_notebook, browser, request):
    """After a reload the page asks the running kernel for what it lost."""
    page = open_notebook(BEGIN, SHOW)
    run(page, 0)
    figure_in(run(page, 1))
    wait_for_rows(page, 2)
    save(page, browser[2] / f"{request.node.name}.ipynb")

    page.reload()
    wait_until_idle(page)
    figure = figure_in(page.locator(".jp-CodeCell").nth(1))
    before = last_close(figure)
    wait_for_rows(page, 3)

    assert last_close(figure) != before


def test_several_views_of_one_figure_move(open_notebook):
    """A figure shown twice moves twice."""
    page = open_notebook(BEGIN, SHOW, SHOW)
    run(page, 0)
    first = figure_in(run(page, 1))
    second = figure_in(run(page, 2))
    before = last_close(first), last_close(second)

    wait_for_rows(page, 6)

    assert last_close(first) != before[0]
    assert last_close(second) != before[1]


def test_closed_figures_stay_as_pictures_in_a_small_file(
    open_notebook, browser, request
):
    """After close() four charts are pictures, in a file of less than 300 kB."""
    page = open_notebook(
        BEGIN + "figures = [live(CandleSource(seed)) for seed in range(4)]",
        "for each in figures: display(each)",
        "for each in figures: each.close()",
    )
    run(page, 0)
    figure_in(run(page, 1))
    run(page, 2)
    page.wait_for_function(
        f"() => document.querySelectorAll('{STILL}').length === 4 &&"
        " document.querySelectorAll('.okxlab-figure').length === 0",
        timeout=PATIENCE,
    )
    path = browser[2] / f"{request.node.name}.ipynb"
    saved = save(page, path)

    outputs = saved["cells"][1]["outputs"]
    assert len(outputs) == 4
    assert all("image/svg+xml" in output["data"] for output in outputs)
    widths = page.evaluate(
        f"[...document.querySelectorAll('{STILL}')].map((each) =>"
        " each.getBoundingClientRect().width / each.parentElement.clientWidth)"
    )
    assert min(widths) > 0.9
    assert path.stat().st_size < 300_000
