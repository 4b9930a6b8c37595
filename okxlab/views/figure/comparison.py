"""Finding the little that has changed between two drawings of one chart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from okxlab.views.figure.columns import same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.views.figure.columns import Column

__all__ = ["Tail", "changed_columns", "changed_paths", "set_path"]

Tail: TypeAlias = "tuple[int, int, dict[str, Column]]"
"""Rows dropped at the head, rows kept up to, and what follows them."""

_STEP = re.compile(r"[^.\[\]]+")

_CANDIDATES = 8
"""Places tried for where the new first row stood: rows may share a time."""
_WORTH_IT = 0.5
"""Longest tail that is sent as a tail, as part of the rows."""


def changed_columns(
    old: Mapping[str, Column], new: Mapping[str, Column]
) -> tuple[Tail | None, dict[str, Column]]:
    """Return how to get from old columns to new ones.

    Parameters
    ----------
    old, new
        Columns by path; what only `old` has stays as it is.

    Returns
    -------
    tail : tuple or None
        ``(drop, start, columns)`` if most rows stay: the old rows from `drop` to
        `start` are followed by `columns`.
    rest : dict
        Columns to be replaced as a whole.
    """
    rows = _row_columns(old, new)
    tail = _tail(old, {path: new[path] for path in rows}) if rows else None
    covered = set(rows) if tail is not None else set()
    rest = {
        path: values
        for path, values in new.items()
        if path not in covered and not _equal(old.get(path), values)
    }
    if tail is None or (tail[0] == 0 and not tail[2]):
        return None, rest
    return tail, rest


def _row_columns(old: Mapping[str, Column], new: Mapping[str, Column]) -> list[str]:
    """Return the columns with one value a row, the one that identifies it first."""
    key = next((path for path in ("x", *new) if _is_flat(old, new, path)), None)
    if key is None:
        return []
    lengths = len(old[key]), len(new[key])
    alike = [
        path
        for path in new
        if path != key
        and _is_flat(old, new, path)
        and (len(old[path]), len(new[path])) == lengths
    ]
    return [key, *alike]


def _is_flat(old: Mapping[str, Column], new: Mapping[str, Column], path: str) -> bool:
    return path in old and path in new and old[path].ndim == new[path].ndim == 1


def _tail(old: Mapping[str, Column], new: dict[str, Column]) -> Tail | None:
    key = next(iter(new))
    length, wanted = len(old[key]), len(new[key])
    if length == 0 or wanted == 0:
        return None
    starts = np.flatnonzero(same(old[key], np.full_like(old[key], new[key][0])))
    for drop in starts[:_CANDIDATES]:
        overlap = min(length - int(drop), wanted)
        agree = _agreement(old, new, int(drop), overlap)
        if wanted - agree > _WORTH_IT * wanted + 1:
            continue
        columns = {path: values[agree:] for path, values in new.items()}
        if drop == 0 and length == wanted:  # most often only some have changed
            columns = {
                path: values
                for path, values in columns.items()
                if not _equal(old[path][agree:], values)
            }
        return int(drop), int(drop) + agree, columns
    return None


def _agreement(
    old: Mapping[str, Column], new: Mapping[str, Column], drop: int, overlap: int
) -> int:
    """Return how many rows agree in all columns before the first that does not."""
    least = overlap
    for path, values in new.items():
        equal = same(old[path][drop : drop + least], values[:least])
        if not equal.all():
            least = int(np.argmin(equal))
    return least


def _equal(old: Column | None, new: Column) -> bool:
    return old is not None and old.shape == new.shape and bool(same(old, new).all())


def changed_paths(old: Any, new: Any, path: str = "") -> dict[str, Any]:
    """Return what differs between two JSON values, by dotted path.

    Parameters
    ----------
    old, new
        Dicts, lists, texts and numbers.
    path
        Where they stand.

    Returns
    -------
    dict
        New values by path as in plotly's ``relayout``, such as
        ``shapes[0].y0``; None for what is there no more.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        found = {}
        for key in old.keys() | new.keys():
            inner = f"{path}.{key}" if path else key
            found.update(changed_paths(old.get(key), new.get(key), inner))
        return found
    if _are_rows(old) and _are_rows(new) and len(old) == len(new):
        found = {}
        for position, (one, other) in enumerate(zip(old, new, strict=True)):
            found.update(changed_paths(one, other, f"{path}[{position}]"))
        return found
    return {} if old == new else {path: new}


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def set_path(node: Any, path: str, value: Any) -> None:
    """Set what stands at a dotted path, making the dicts on the way.

    Parameters
    ----------
    node
        A dict; changed in place.
    path
        As ``shapes[0].y0`` or ``marker.size``.
    value
        None takes it away.
    """
    *steps, last = _STEP.findall(path)
    for step, after in zip(steps, [*steps, last][1:], strict=True):
        node = _inside(node, step, list if after.isdigit() else dict)
    if isinstance(node, list):
        position = int(last)
        node.extend(None for _ in range(position + 1 - len(node)))
        node[position] = value
    elif value is None:
        node.pop(last, None)
    else:
        node[last] = value


def _inside(node: Any, step: str, kind: type) -> Any:
    if isinstance(node, list):
        position = int(step)
        node.extend({} for _ in range(position + 1 - len(node)))
        return node[position]
    if not isinstance(node.get(step), dict | list):
        node[step] = kind()
    return node[step]
