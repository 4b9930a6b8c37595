"""Live figures against plotly's FigureWidget, in a real browser, in one run.

``python -m tests.bench browser``; it takes some minutes and needs Chromium.  Both
sides show the same candles of 500 bars in the same JupyterLab.  Streaming is 50
updates a second for a minute, beside an idle kernel and beside a cell that
computes; every update carries the time at which it was made, and what the page
shows after each paint tells how late it is.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil

from tests.bench.figures import Figure
from tests.browser.jupyter import (
    JupyterLab,
    browser_missing,
    browser_page,
    import_path,
    wait_until_idle,
)

RATE = 50
SECONDS = 60
CHARTS = 8
FIRST_PAINT_TIMEOUT = 180_000
"""Eight FigureWidgets take their time [ms]."""
TALL = 3600
"""Of the window, so that all charts are in sight [px]."""

WATCH = """
window.seen = [];
setInterval(() => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) {
    if (plot.watched || !plot.on) continue;
    plot.watched = true;
    plot.on("plotly_afterplot", () => {
      const { meta } = plot.data[0];
      if (!meta || meta === plot.meta) return;
      plot.meta = meta;
      window.seen.push([Date.now(), Date.now() - meta]);
    });
  }
}, 100);
"""
DRAWN = """
() => [...document.querySelectorAll('.js-plotly-plot g.boxlayer .trace')]
  .filter((trace) => trace.querySelector('path')).length
"""

BEGIN = """\
import threading, time
from pathlib import Path
import plotly.graph_objects as go
from tests.browser.candle_source import CandleSource, live
"""
SHOW = {
    "okxlab": f"for n in range({CHARTS}): display(live(CandleSource(n)))",
    "FigureWidget": f"for n in range({CHARTS}): "
    "display(go.FigureWidget(CandleSource(n).figure()))",
}
STREAM = {
    "okxlab": f"display(live(CandleSource(rate={RATE}, is_stamped=True)))",
    "FigureWidget": f"""\
source = CandleSource()
widget = go.FigureWidget(source.figure())
display(widget)
def update():
    pause, begun = threading.Event(), time.monotonic()
    while True:
        source.step()
        with widget.batch_update():
            widget.data[0].update({{k: v.copy() for k, v in source.columns.items()}})
            widget.data[0].meta = time.time() * 1000
            widget.layout.shapes[0].y0 = widget.layout.shapes[0].y1 = source.last
        pause.wait(max(0, begun + source.updates / {RATE} - time.monotonic()))
threading.Thread(target=update, daemon=True).start()
""",
}
BUSY = "while not Path('go-on').exists(): sum(range(1000))"
FOUR = {
    "okxlab": "for n in range(4): display(live(CandleSource(n)))",
    "FigureWidget": "for n in range(4): display(go.FigureWidget(CandleSource(n).figure()))",
}


class Streamed(NamedTuple):
    """What streaming looked like from the page."""

    painted: int
    lags: list[float]
    """Of every paint, in order [s]."""
    received: float
    """Over the notebook's websocket [bytes/s]."""
    cpu: float
    """Of the kernel [s], a busy cell included."""
    heap: float
    """Of the last third by that of the second."""
    seconds: float
    """How long it was watched [s]."""

    @property
    def bytes_of_an_update(self) -> float:
        """Bytes over the websocket for every update that was painted."""
        return self.received * self.seconds / self.painted


class Notebook:
    """One notebook in one page, and the bytes that come for it."""

    def __init__(self, jupyter: JupyterLab, page, directory: Path, name: str, *cells):
        self.page = page
        self.received = 0
        page.on("websocket", self._watch)
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, directory / name)
        page.goto(jupyter.url_of(name))
        wait_until_idle(page)

    def start(self, position: int):
        """Start a cell and return it."""
        cell = self.page.locator(".jp-CodeCell").nth(position)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return cell

    def _watch(self, socket) -> None:
        if "/api/kernels/" in socket.url:
            socket.on("framereceived", self._count)

    def _count(self, frame) -> None:
        self.received += len(frame)


def first_paint(jupyter, page, directory: Path, kind: str) -> tuple[int, float]:
    """Return bytes and seconds until eight charts are drawn."""
    name = f"first-{kind}.ipynb"
    notebook = Notebook(jupyter, page, directory, name, BEGIN, SHOW[kind])
    notebook.start(0)
    wait_until_idle(page)
    before, begun = notebook.received, time.monotonic()
    notebook.start(1)
    page.wait_for_function(f"({DRAWN})() >= {CHARTS}", timeout=FIRST_PAINT_TIMEOUT)
    found = notebook.received - before, time.monotonic() - begun
    jupyter.end_kernels(page)
    return found


def heap_used(session) -> float:
    """Return the page's heap after a forced collection [bytes]."""
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"]


def streamed(
    jupyter, page, directory: Path, kind: str, *, busy: bool, seconds: int
) -> Streamed:
    """Stream for some time and return what came of it."""
    name = f"stream-{kind}-{'busy' if busy else 'idle'}.ipynb"
    (directory / "go-on").unlink(missing_ok=True)
    stream = f"{STREAM[kind]}\n{BUSY}" if busy else STREAM[kind]
    notebook = Notebook(jupyter, page, directory, name, BEGIN, stream)
    notebook.start(0)
    notebook.start(1)
    page.wait_for_function("window.seen.length > 3", timeout=FIRST_PAINT_TIMEOUT)
    session = page.context.new_cdp_session(page)
    kernel = the_kernel()
    page.evaluate("window.seen.length = 0")
    before, cpu, heaps = notebook.received, cpu_of(kernel), []
    begun = time.monotonic()
    for _ in range(6):
        page.wait_for_timeout(seconds * 1000 / 6)
        heaps.append(heap_used(session))
    # A page that is behind takes its time to answer: so long goes on the other side.
    taken = time.monotonic() - begun
    received, cpu = (notebook.received - before) / taken, cpu_of(kernel) - cpu
    lags = [lag / 1000 for _, lag in page.evaluate("window.seen")]
    (directory / "go-on").touch()
    jupyter.end_kernels(page)  # their processor is needed for the next one
    heap = sum(heaps[4:]) / sum(heaps[2:4])
    return Streamed(len(lags), lags, received, cpu, heap, taken)


def the_kernel() -> psutil.Process:
    """Return the one kernel below this process."""
    (found,) = (
        process
        for process in psutil.Process().children(recursive=True)
        if "ipykernel_launcher" in " ".join(process.cmdline())
    )
    return found


def cpu_of(process: psutil.Process) -> float:
    """Return the processor time that a process has used [s]."""
    times = process.cpu_times()
    return times.user + times.system


def executed_size(kind: str) -> int:
    """Return the size of an executed notebook with four charts [bytes]."""
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (BEGIN, FOUR[kind])]
    )
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(
        env=os.environ | {"PYTHONPATH": import_path(), "JUPYTER_PREFER_ENV_PATH": "1"}
    )
    return len(nbformat.writes(notebook))


def growth(lags: list[float]) -> float:
    """Return the median lag of the last third by that of the first."""
    third = max(1, len(lags) // 3)
    return statistics.median(lags[-third:]) / statistics.median(lags[:third])


def stream_figures(ours: Streamed, theirs: Streamed, beside: str) -> list[Figure]:
    """Return what one minute of streaming has shown."""
    late = statistics.median(theirs.lags), max(theirs.lags), growth(theirs.lags)
    return [
        Figure(
            f"lag from data to paint, {RATE}/s, {beside}",
            max(ours.lags),
            "s",
            "worst paint",
            1.0,
            f"median {statistics.median(ours.lags):.2f} s of {ours.painted} paints; "
            f"FigureWidget: median {late[0]:.1f}, worst {late[1]:.1f} s",
        ),
        Figure(
            f"growth of the lag, {beside}",
            growth(ours.lags),
            "x",
            "last third by first third",
            1.5,
            f"FigureWidget {late[2]:.1f} x",
        ),
        Figure(
            f"bytes for a second of updates, {beside}",
            ours.received / (theirs.bytes_of_an_update * RATE),
            "x",
            "FigureWidget, all of its updates",
            1 / 10,
            f"{ours.received / 1e3:.0f} of {theirs.bytes_of_an_update * RATE / 1e3:.0f} "
            f"kB/s; so far behind, only {theirs.received / 1e3:.0f} kB/s of it came",
        ),
        Figure(
            f"browser heap after collection, {beside}",
            ours.heap,
            "x",
            "last third by second third",
            1.1,
            f"FigureWidget {theirs.heap:.2f} x",
        ),
    ]


def measure(*, short: bool = False) -> list[Figure]:
    """Return all figures; none where there is no browser."""
    missing = browser_missing()
    if missing:
        print(f"browser: {missing}")
        return []
    seconds = 6 if short else SECONDS
    bytes_, times, minutes = {}, {}, {}
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        jupyter = JupyterLab(home)
        try:
            with browser_page(home, height=TALL) as page:
                page.add_init_script(WATCH)
                for kind in SHOW:
                    place = jupyter, page, home / "notebooks", kind
                    bytes_[kind], times[kind] = first_paint(*place)
                page.set_viewport_size({"width": 1280, "height": 1100})
                for busy in (False, True):
                    for kind in SHOW:
                        place = jupyter, page, home / "notebooks", kind
                        minutes[kind, busy] = streamed(
                            *place, busy=busy, seconds=seconds
                        )
        finally:
            jupyter.close()
    ours, theirs = SHOW
    sizes = {kind: executed_size(kind) for kind in SHOW}
    cpu = {
        kind: minutes[kind, False].cpu / minutes[kind, False].painted for kind in SHOW
    }
    return [
        Figure(
            f"bytes to the first paint of {CHARTS} charts",
            bytes_[ours] / bytes_[theirs],
            "x",
            "FigureWidget",
            1 / 6,
            f"{bytes_[ours] / 1e6:.1f} of {bytes_[theirs] / 1e6:.1f} MB",
        ),
        Figure(
            f"time to the first paint of {CHARTS} charts",
            times[ours] / times[theirs],
            "x",
            "FigureWidget",
            1 / 2,
            f"{times[ours]:.1f} of {times[theirs]:.1f} s",
        ),
        Figure(
            "executed notebook with four live charts",
            sizes[ours] / 1000,
            "kB",
            "size of the file",
            300.0,
            f"FigureWidget {sizes[theirs] / 1000:,.0f} kB",
        ),
        *stream_figures(minutes[ours, False], minutes[theirs, False], "idle kernel"),
        *stream_figures(minutes[ours, True], minutes[theirs, True], "busy cell"),
        Figure(
            "kernel CPU per painted frame",
            cpu[ours] / cpu[theirs],
            "x",
            "FigureWidget",
            1 / 3,
            f"{cpu[ours] * 1000:.1f} of {cpu[theirs] * 1000:.1f} ms; "
            f"{minutes[ours, False].painted} and "
            f"{minutes[theirs, False].painted} frames",
        ),
    ]
