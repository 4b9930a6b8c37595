"""Pages on disk: whole or absent, whatever happens to the files."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okxlab.history.cache import PageCache, default_directory
from okxlab.history.source import Page
from okxlab.protocol.rows import Candle, SingleTrade

KEY = ("https://openapi.okx.com", "candle1m", "BTC-USDT")
PAGE = Page(0, 120_000)
ROWS = [
    Candle(0, 1.0, 2.5, 0.5, 1.5, 10.0, 15.0, 15.0, True),
    Candle(60_000, 1.5, 1.5, 1.5, 1.5, "", "", "", True),
]
BUSY = """
import sys
from pathlib import Path
from okxlab.history.cache import PageCache
from okxlab.history.source import Page
from okxlab.protocol.rows import SingleTrade

cache = PageCache(Path(sys.argv[1]), ("x", "trades", "A"), SingleTrade)
rows = [SingleTrade(ts=i, inst_id="A", trade_id=i, px=i / 7) for i in range(100)]
page = Page(0, 100)
for turn in range(300):
    cache.write(page, rows, 5)
    assert cache.read(page) == (rows, 5)
assert cache.discarded == cache.failures == 0
"""


def files_of(directory):
    """Return every file below a directory."""
    return [path for path in directory.rglob("*") if path.is_file()]


def test_a_page_comes_back_as_it_was_written(tmp_path):
    """Numbers to the last bit, missing values as such, and when it was fetched."""
    PageCache(tmp_path, KEY, Candle).write(PAGE, ROWS, 1_234_567)
    cache = PageCache(tmp_path, KEY, Candle)

    assert cache.read(PAGE) == (ROWS, 1_234_567)
    assert cache.read(Page(120_000, 240_000)) is None
    assert (cache.hits, cache.discarded, cache.failures) == (1, 0, 0)


@pytest.mark.parametrize(
    "other",
    [
        ("https://openapi.okx.com", "candle1M", "BTC-USDT"),
        ("https://openapi.okx.com demo", "candle1m", "BTC-USDT"),
        ("https://openapi.okx.com", "candle1m", "BTC_USDT"),
        ("https://openapi.okx.com", "candle1m", "../../BTC-USDT"),
    ],
)
def test_each_channel_and_exchange_has_pages_of_its_own(tmp_path, other):
    """Also on file systems that do not tell 1m from 1M; nothing leaves the place."""
    PageCache(tmp_path, KEY, Candle).write(PAGE, ROWS, 1)
    cache = PageCache(tmp_path / "below", other, Candle)
    cache.write(PAGE, ROWS[:1], 2)

    assert PageCache(tmp_path, other, Candle).read(PAGE) is None
    assert len({str(path).lower() for path in files_of(tmp_path)}) == 2
    assert len(files_of(tmp_path / "below")) == 1


@given(damage=st.data())
def test_a_damaged_file_is_discarded(tmp_path_factory, damage):
    """Whatever is cut off, added or changed: the page is not there, and counted."""
    directory = tmp_path_factory.mktemp("pages")
    cache = PageCache(directory, KEY, Candle)
    cache.write(PAGE, ROWS, 1)
    (path,) = files_of(directory)
    content = bytearray(path.read_bytes())
    at = damage.draw(st.integers(0, len(content) - 1))
    match damage.draw(st.sampled_from(["cut", "flip", "add", "replace"])):
        case "cut":
            del content[at:]
        case "flip":
            content[at] ^= damage.draw(st.integers(1, 255))
        case "add":
            content += b"\0"
        case _:
            content = bytearray(damage.draw(st.binary(max_size=200)))
    path.write_bytes(content)

    assert cache.read(PAGE) is None
    assert cache.discarded == 1
    assert files_of(directory) == []


def test_a_file_in_the_wrong_place_is_discarded(tmp_path):
    """A page that was renamed is not taken for another."""
    cache = PageCache(tmp_path, KEY, Candle)
    cache.write(PAGE, ROWS, 1)
    (path,) = files_of(tmp_path)
    path.rename(path.with_name("120000-240000.page"))

    assert cache.read(Page(120_000, 240_000)) is None
    assert cache.discarded == 1


def test_rows_of_another_form_are_discarded(tmp_path):
    """A file whose rows do not fit the struct is no good."""
    PageCache(tmp_path, KEY, SingleTrade).write(PAGE, [SingleTrade(px=1.0)], 1)
    cache = PageCache(tmp_path, KEY, Candle)

    assert cache.read(PAGE) is None
    assert cache.discarded == 1


def test_what_cannot_be_written_is_counted(tmp_path):
    """A place that is none costs the cache and not the answer."""
    (tmp_path / "taken").write_text("a file")
    cache = PageCache(tmp_path / "taken", KEY, Candle)

    cache.write(PAGE, ROWS, 1)

    assert cache.failures == 1
    assert cache.read(PAGE) is None


def test_two_processes_share_a_directory(tmp_path):
    """Each finds whole pages, however often the other writes them."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    busy = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(tmp_path)],
            env=environment,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]

    assert [(*one.communicate(timeout=120), one.returncode) for one in busy] == [
        (None, b"", 0),
        (None, b"", 0),
    ]
    assert len(files_of(tmp_path)) == 1


def test_the_default_place_is_the_platforms():
    """Pages lie where the platform keeps what can be had again."""
    assert "okxlab" in default_directory().parts
