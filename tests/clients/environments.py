"""Where a client runs: our own environment, or a throw-away one of its own.

Registries are those that pip and npm are set up for; none is named here.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.roster import Peer

INSTALLING = 1800
"""Longest time for one step of an installation [s]."""
STAMP = "installed"


class MissingError(Exception):
    """A client cannot be had here; says why."""


@dataclasses.dataclass(frozen=True)
class Place:
    """An environment that a client is installed in."""

    command: str
    """Interpreter of the scripts."""
    version: str
    """Version of the client."""
    directory: Path | None = None
    """Where it is; None is our own."""


def find(peer: Peer, cache: Path, *, is_fresh: bool) -> Place:
    """Return the environment of a client, and make it if need be."""
    if peer.is_ours:
        return _ours(peer)
    place = cache / peer.key
    if is_fresh and place.exists():
        shutil.rmtree(place)
    make = _make_python if peer.kind == "python" else _make_node
    return Place(make(peer, place), peer.version, place)


def _ours(peer: Peer) -> Place:
    try:
        version = importlib.metadata.version(peer.name)
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingError("not installed") from error
    return Place(sys.executable, version)


def _make_python(peer: Peer, place: Path) -> str:
    names = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    command = str(place.joinpath(*names))
    if not (place / STAMP).exists():
        shutil.rmtree(place, ignore_errors=True)
        _step([_interpreter(peer.python), "-m", "venv", str(place)])
        pip = [command, "-m", "pip", "--disable-pip-version-check"]
        _step([*pip, "install", "--quiet", f"{peer.name}=={peer.version}"])
        (place / STAMP).touch()
    return command


def _make_node(peer: Peer, place: Path) -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingError("there is no Node.js with npm here")
    if not (place / STAMP).exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        (place / "package.json").write_text('{"private": true}\n')
        install = [npm, "install", "--no-fund", "--no-audit", "--ignore-scripts"]
        _step([*install, f"{peer.name}@{peer.version}"], place)
        (place / STAMP).touch()
    return node


def _interpreter(least: tuple[int, int]) -> str:
    """Return a Python that is new enough; the one that runs this, if it is."""
    if sys.version_info >= least:
        return sys.executable
    wanted = ".".join(str(part) for part in least)
    ask = f"import sys; assert sys.version_info >= {least}; print(sys.executable)"
    for candidate in _candidates(least):
        asked = subprocess.run(
            [*candidate, "-c", ask],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # A name may stand for a version that is not there, as those of pyenv do.
        if asked.returncode == 0:
            return asked.stdout.strip()
    raise MissingError(f"there is no Python {wanted} or newer here")


def _candidates(least: tuple[int, int]) -> Iterator[list[str]]:
    py = shutil.which("py")
    for minor in range(least[1], least[1] + 4):
        command = shutil.which(f"python3.{minor}")
        if command is not None:
            yield [command]
        if py is not None:
            yield [py, f"-3.{minor}"]
    yield from ([str(command)] for command in sorted(_of_pyenv(least)))


def _of_pyenv(least: tuple[int, int]) -> Iterator[Path]:
    """Yield those that pyenv has, of which only a chosen one is on the path."""
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return
    asked = subprocess.run(
        [pyenv, "root"], capture_output=True, text=True, timeout=60, check=False
    )
    for minor in range(least[1], least[1] + 4):
        yield from Path(asked.stdout.strip()).glob(f"versions/3.{minor}.*/bin/python3")


def _step(command: list[str], directory: Path | None = None) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=INSTALLING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if ended.returncode:
        words = (ended.stderr or ended.stdout).strip().splitlines()
        raise MissingError(" / ".join(words[-3:]) or "the installation failed")
