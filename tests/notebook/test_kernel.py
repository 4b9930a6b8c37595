"""okxlab in a real kernel, over real sockets, with the exchange elsewhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import okxlab
from tests.notebook.kernel import CellError, ExchangeProcess, Kernel

pytestmark = pytest.mark.notebook

START = 'import okxlab; s = okxlab.stream("BTC-USDT"); rows = s.wait(5)'


def test_one_line_gives_a_growing_frame(kernel):
    """The main job: typed rows in a cell, more of them in the next one."""
    kernel.run(START)

    assert int(kernel.run("first = len(s.df); first")) >= 5
    assert kernel.run("s.wait(2); len(s.df) > first") == "True"
    assert kernel.run("s.df.index.dtype, s.df['last'].dtype") == (
        "(datetime64[ms, UTC], dtype('float64'))"
    )
    assert kernel.run("s.df['last'].notna().all() and s.status") == "'live'"


def test_rows_arrive_while_a_cell_computes(kernel):
    """A cell that never waits does not starve the stream."""
    kernel.run(START)

    kernel.run(
        "import time; end = time.time() + 2\n"
        "while time.time() < end: sum(range(100))\n"
        "busy = s.df[s.df['recv'].dt.as_unit('ms') > "
        "__import__('pandas').Timestamp(end - 2, unit='s', tz='UTC')]"
    )

    assert int(kernel.run("len(busy)")) >= 5


def test_exchange_dies_and_comes_back(kernel, exchange):
    """A restarted exchange is found again by itself, and the hole is on record."""
    kernel.run(START)
    exchange.kill()
    again = ExchangeProcess(exchange.port)
    try:
        kernel.run("rows = s.wait(5, timeout=50)")

        assert kernel.run("s.status") == "'live'"
        assert kernel.run("list(s.gaps['end'].notna())") == "[True]"
        assert kernel.run("s.stats.reconnects >= 1") == "True"
        assert kernel.run("bool(s.df.index.is_monotonic_increasing)") == "True"
    finally:
        again.kill()


def test_asyncio_run_in_a_cell(kernel):
    """A script's asyncio.run works after the opt-in, and rows go on flowing."""
    kernel.run(START)
    program = (
        "import asyncio\n"
        "async def main():\n"
        "    seen = len(s.df)\n"
        "    async for row in s:\n"
        "        if len(s.df) >= seen + 3:\n"
        "            return 'done'\n"
    )
    with pytest.raises(CellError, match="cannot be called from a running event loop"):
        kernel.run(program + "asyncio.run(main())")

    kernel.run("okxlab.allow_asyncio_run()")

    assert kernel.run(program + "asyncio.run(main())") == "'done'"
    assert kernel.run("len(s.wait(3)) >= 3") == "True"


def test_reload_finds_the_same_streams(exchange, tmp_path):
    """Under %autoreload a changed module leaves the running streams alone."""
    package = tmp_path / "okxlab"
    shutil.copytree(Path(okxlab.__file__).parent, package)
    kernel = Kernel(exchange.ws, PYTHONPATH=str(tmp_path))
    try:
        kernel.run("%load_ext autoreload\n%autoreload 2")
        kernel.run(START)
        changed = [package / "__init__.py", *package.glob("lab/*.py")]
        for path in changed:
            path.write_text(path.read_text("utf-8") + "\n# changed\n", "utf-8")

        kernel.run("rows = s.wait(3)")

        assert kernel.run("okxlab.__file__") == repr(str(changed[0]))
        assert kernel.run('okxlab.stream("BTC-USDT") is s') == "True"
        assert (
            kernel.run(
                "import threading; "
                "sum(t.name == 'okxlab-loop' for t in threading.enumerate())"
            )
            == "1"
        )
    finally:
        kernel.close()


def test_kernel_restart_starts_anew(kernel):
    """After a restart of the kernel the same cells do the same."""
    kernel.run(START)

    kernel.restart()

    with pytest.raises(CellError, match="NameError"):
        kernel.run("s")
    kernel.run(START)
    assert kernel.run("s.status") == "'live'"


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts need signals there")
def test_wait_can_be_interrupted(kernel):
    """The stop button ends a wait, and the stream lives on."""
    kernel.run(START)
    kernel.start("s.wait(10**6, timeout=3600)")
    kernel.interrupt()

    assert kernel.run("len(s.wait(2)) >= 2") == "True"


def test_nothing_is_printed_from_a_thread(kernel):
    """A raising callback and a busy stream write nothing into the cells."""
    kernel.run(START)

    shown = kernel.run("h = s.on_update(lambda rows: 1 / 0); rows = s.wait(5)")

    assert shown == ""
    assert kernel.run("h.stop(); h.errors >= 1") == "True"
