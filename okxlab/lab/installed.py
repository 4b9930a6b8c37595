"""What is installed here, and whether okxlab gets along with it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from okxlab.lab.report import Finding

__all__ = ["Find", "installed"]

Find = Callable[[str], str]
"""Returns the version of a package, or raises `PackageNotFoundError`."""

_NEEDED: Final = ("okxlab", "pandas", "numpy", "msgspec", "websockets", "aiohttp")
_FOR_NOTEBOOKS: Final = ("plotly", "ipywidgets", "anywidget", "ipykernel", "jupyterlab")


def installed(tls: str, find: Find = version) -> list[Finding]:
    """Return what is installed, and what of it needs care.

    Parameters
    ----------
    tls
        What the runtime says of its TLS: ``aiofastnet``, or ``stock`` and why.
    find
        Tells versions.
    """
    system = f"python {platform.python_version()} on {platform.system()}"
    found = {name: _version(name, find) for name in (*_NEEDED, *_FOR_NOTEBOOKS)}
    here = [f"{name} {number}" for name, number in found.items() if number]
    away = [name for name, number in found.items() if not number]
    text = ", ".join([system, *here])
    if away:
        text += f"; not installed: {', '.join(away)}"
    return [
        Finding(subject="installed", verdict="ok", text=text),
        *_pandas(found["pandas"]),
        *_kernel(found["ipykernel"]),
        _tls(tls),
    ]


def _version(name: str, find: Find) -> str:
    try:
        return find(name)
    except PackageNotFoundError:
        return ""


def _pandas(number: str) -> list[Finding]:
    if not number or int(number.split(".", maxsplit=1)[0]) >= 3:
        return []
    return [
        Finding(
            subject="pandas",
            verdict="problem",
            text=f"pandas {number} does not copy on write: a change to a frame would "
            "change the stream",
            advice='pip install "pandas>=3"',
        )
    ]


def _kernel(number: str) -> list[Finding]:
    # ipykernel#1451, mended in 7.1.
    if number.split(".")[:2] != ["7", "0"]:
        return []
    return [
        Finding(
            subject="ipykernel",
            verdict="warning",
            text=f"ipykernel {number} loses what background threads send to the page: "
            "live charts stand still",
            advice='pip install --upgrade "ipykernel>=7.1"',
        )
    ]


def _tls(state: str) -> Finding:
    if state == "aiofastnet":
        text = "aiofastnet: live feeds keep pace beside a busy cell"
        return Finding(subject="TLS", verdict="ok", text=text)
    return Finding(
        subject="TLS",
        verdict="warning",
        text=f"{state}; live feeds fall behind while a cell computes",
        advice="pip install aiofastnet, with a Python whose OpenSSL is a library of "
        "its own, as the usual ones of Linux and conda have",
    )
