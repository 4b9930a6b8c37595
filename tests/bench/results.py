"""Results as a file, and one result against an earlier one."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.figures import Figure

__all__ = ["compare", "machine", "read", "write"]

_WORSE = 1.2
"""A ratio that has grown beyond this is flagged."""
_LIBRARIES = ("pandas", "numpy", "msgspec", "orjson", "websockets")


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return {
        "python": f"Python {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "libraries": libraries,
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def write(path: Path, figures: Iterable[Figure]) -> None:
    """Write a result that `read` can read."""
    found = {
        "machine": machine(),
        "figures": [{**figure._asdict(), "holds": figure.holds} for figure in figures],
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Return the figures of a result by name."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return {figure["name"]: figure for figure in found["figures"]}


def compare(before: dict[str, dict[str, Any]], figures: Iterable[Figure]) -> list[str]:
    """Return a line for each ratio that is worse than before by a fifth.

    Only ratios are compared: everything else depends on the machine's mood.
    """
    lines = []
    for figure in figures:
        earlier = before.get(figure.name)
        if earlier is None or figure.unit != "x" or earlier["unit"] != "x":
            continue
        if figure.value > _WORSE * earlier["value"]:
            lines.append(
                f"WORSE  {figure.name}: {figure.value:.2f} x, "
                f"was {earlier['value']:.2f} x"
            )
    return lines
