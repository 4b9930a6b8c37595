"""Objects that there is one of in a process, whatever is reloaded.

``importlib.reload`` and ``%autoreload`` run a module again and so orphan what
its globals hold; taking okxlab out of ``sys.modules`` does the same to all of
it.  What must stay the only one of its kind is therefore kept beside the package.
"""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["forget", "keep", "kept", "start_over_after_fork"]

T = TypeVar("T")

_PLACE = "_okxlab_kept"


def keep(
    name: str, make: Callable[[], T], is_good: Callable[[T], bool] = lambda _: True
) -> T:
    """Return the object kept under a name, making it if there is none.

    Parameters
    ----------
    name
        What it is kept under.
    make
        Makes it; threads that ask at the same time get one and the same.
    is_good
        Whether an object found may stay; one that may not is replaced.

    Returns
    -------
    object
        The one object of that name in this process.
    """
    place = _place()
    with place["lock"]:
        objects: dict[str, T] = place["objects"]
        if name not in objects or not is_good(objects[name]):
            objects[name] = make()
        return objects[name]


def kept(name: str) -> Any | None:
    """Return the object kept under a name, or None."""
    return _place()["objects"].get(name)


def forget(name: str) -> None:
    """Keep an object no longer."""
    _place()["objects"].pop(name, None)


def _place() -> dict[str, Any]:
    made = ModuleType(_PLACE, "What okxlab keeps while it is reloaded.")
    made.__dict__.update(objects={}, lock=threading.RLock())
    return sys.modules.setdefault(_PLACE, made).__dict__


def start_over_after_fork() -> None:
    """Give a forked child its own lock: another thread may have held this one."""
    _place()["lock"] = threading.RLock()
