"""What an executed notebook shows to readers that run no kernel."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from tests.notebook.kernel import CELL_TIMEOUT

pytestmark = pytest.mark.notebook

BEGIN = """\
import okxlab
lab = okxlab.connect("simulator")
trades = lab.stream("BTC-USDT", "trades")
book = lab.book("BTC-USDT")
trades.wait(20)
book.wait(5)
"""
SHOWN = ("trades.chart()", "trades.live()", "book.live()", "lab.panel()")
IMAGE = "data:image/svg+xml;base64,"
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Execute a notebook with every kind of chart as nbconvert does, and give it."""
    cells = [nbformat.v4.new_code_cell(each) for each in (BEGIN, *SHOWN, "lab.status")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    place = {"metadata": {"path": tmp_path_factory.mktemp("stills")}}
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources=place
    ).execute()
    return notebook


@pytest.mark.parametrize("shown", SHOWN)
def test_there_is_a_still_beside_each_widget(executed, shown):
    """A picture for charts, HTML for the panel, at the end of all cells."""
    (cell,) = [cell for cell in executed.cells if cell.source == shown]
    (output,) = cell.outputs
    still = output.data.get("text/html") or output.data["image/svg+xml"]

    assert IMAGE in still or "<path" in still
    assert len(still) < 60_000


def test_no_shown_widget_is_among_the_saved_states(executed):
    """Where a state is saved, readers take the widget and need a network for it."""
    saved = executed.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    models = [
        output.data[VIEW]["model_id"]
        for cell in executed.cells
        for output in cell.outputs
        if VIEW in output.get("data", {})
    ]

    assert len(models) == 3
    assert not set(models) & set(saved)
    assert len(nbformat.writes(executed)) < 300_000


def test_html_of_a_notebook_shows_every_chart(executed):
    """nbconvert's page has a picture of each, and no place that is left empty."""
    page, _ = HTMLExporter().from_notebook_node(executed)
    body = page[page.index("<body") :]

    assert body.count(IMAGE) == len(SHOWN)
    assert "jupyter-widgets-view" not in page


def test_page_that_asks_for_a_state_knows_the_answer(kernel):
    """Voilà and others ask each widget, and wait for an answer to just that."""
    model = kernel.run(
        "import okxlab\n"
        "figure = okxlab.stream('BTC-USDT', 'trades').live()\n"
        "print(figure.model_id)"
    )
    client = kernel._client
    content = {"comm_id": model, "data": {"method": "request_state"}}
    asked = client.session.msg("comm_msg", content)
    client.shell_channel.send(asked)
    answers = []
    while not answers:
        message = client.get_iopub_msg(timeout=CELL_TIMEOUT)
        if message["content"].get("data", {}).get("method") == "update":
            answers.append(message)

    assert answers[0]["parent_header"]["msg_id"] == asked["header"]["msg_id"]
    assert "_esm" in answers[0]["content"]["data"]["state"]
