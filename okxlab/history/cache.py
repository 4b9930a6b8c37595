"""Pages of history on disk: fetched once, kept for good.

Only pages that will never change are written.  A page is one small file; it is
written under another name and then moved to its own, so that whoever reads it,
in this process or another, finds all of it or nothing.  A file that is not as it
was written (cut off, altered, of another version, of another page) is discarded,
counted, and its page asked for again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from okxlab.history.source import Page

__all__ = ["PageCache", "default_directory"]

_log = logging.getLogger("okxlab.history")

_FORMAT: Final = 1
"""Raised with every change of what is written, rows included."""
_MAGIC: Final = b"okxlab page %d\n" % _FORMAT
_SUM_BYTES: Final = 4


class _Kept(msgspec.Struct, array_like=True):
    """What a file holds."""

    key: str
    low: int
    high: int
    fetched_us: int
    rows: msgspec.Raw


def default_directory() -> Path:
    """Return where pages are kept unless told otherwise: the platform's place."""
    from platformdirs import user_cache_path

    return user_cache_path("okxlab", appauthor=False) / "history"


class PageCache:
    """The kept pages of one channel of one instrument on one exchange.

    Parameters
    ----------
    directory
        Where all pages are kept; made on the first write.
    key
        What tells these pages from all others: the exchange, the channel and
        the instrument.
    row
        Struct of a row.

    Attributes
    ----------
    hits, discarded, failures : int
        Pages found; files that were no good; files that could not be written.
    """

    def __init__(self, directory: Path, key: tuple[str, ...], row: type[Any]) -> None:
        self._key = "\n".join(key)
        self._directory = directory.joinpath(f"v{_FORMAT}", *map(_file_name, key))
        self._rows = msgspec.msgpack.Decoder(list[row])  # type: ignore[valid-type]  # a type at run time
        self.hits = 0
        self.discarded = 0
        self.failures = 0

    def read(self, page: Page) -> tuple[list[Any], int] | None:
        """Return the rows of a page and when they were fetched.

        Parameters
        ----------
        page
            The page.

        Returns
        -------
        tuple or None
            The rows, oldest first, and the local time of their answer [us since
            1970 UTC]; None if the page is not kept.
        """
        path = self._path(page)
        try:
            content = path.read_bytes()
        except OSError:  # most often there is none
            return None
        try:
            found = self._decode(content, page)
        except (ValueError, zlib.error, msgspec.DecodeError) as error:
            self.discarded += 1
            _log.warning("%s is no good and is fetched anew: %s", path, error)
            with contextlib.suppress(OSError):  # then the next write replaces it
                path.unlink()
            return None
        self.hits += 1
        return found

    def write(self, page: Page, rows: list[Any], fetched_us: int) -> None:
        """Keep a page; what cannot be written is counted and not kept.

        Parameters
        ----------
        page
            The page.
        rows
            Its rows, oldest first.
        fetched_us
            Local time of their answer [us since 1970 UTC].
        """
        content = self._encode(page, rows, fetched_us)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            _write_whole(self._path(page), content)
        except OSError as error:
            self.failures += 1
            if self.failures == 1:
                _log.warning("history is not kept on disk: %s", error)

    def _path(self, page: Page) -> Path:
        return self._directory / f"{page.low}-{page.high}.page"

    def _encode(self, page: Page, rows: list[Any], fetched_us: int) -> bytes:
        raw = msgspec.Raw(msgspec.msgpack.encode(rows))
        kept = _Kept(self._key, page.low, page.high, fetched_us, raw)
        body = zlib.compress(msgspec.msgpack.encode(kept))
        return _MAGIC + zlib.crc32(body).to_bytes(_SUM_BYTES) + body

    def _decode(self, content: bytes, page: Page) -> tuple[list[Any], int]:
        start = len(_MAGIC) + _SUM_BYTES
        body = content[start:]
        if not content.startswith(_MAGIC):
            raise ValueError("it is of another version, or no page at all")
        if zlib.crc32(body).to_bytes(_SUM_BYTES) != content[len(_MAGIC) : start]:
            raise ValueError("it is not what was written")
        kept = msgspec.msgpack.decode(zlib.decompress(body), type=_Kept)
        if (kept.key, kept.low, kept.high) != (self._key, page.low, page.high):
            raise ValueError("it is another page")
        return self._rows.decode(kept.rows), kept.fetched_us


def _write_whole(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".page-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _file_name(text: str) -> str:
    """Return a name that every file system takes and tells from all others.

    Some do not tell ``candle1m`` from ``candle1M``; the sum does.
    """
    safe = re.sub(r"[^a-z0-9.-]", "_", text.lower())[:80]
    return f"{safe}~{zlib.crc32(text.encode()):08x}"
