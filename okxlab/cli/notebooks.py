"""``okxlab lab``: JupyterLab on a copy of the notebooks."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import okxlab
from okxlab.environment import environment_name
from okxlab.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lab", "notebook_directory"]


@click.command()
@click.argument(
    "directory",
    metavar="[DIR]",
    type=click.Path(file_okay=False, path_type=Path),
    default="okxlab-notebooks",
)
@click.option(
    "--env",
    envvar="OKXLAB_ENV",
    default="simulator",
    help="live, demo or a ws:// address; by default $OKXLAB_ENV, else simulator.",
)
@click.option("--port", type=click.IntRange(1), help="Port of JupyterLab.")
@click.option("--no-browser", is_flag=True, help="Only print JupyterLab's address.")
def lab(directory: Path, env: str, port: int | None, no_browser: bool) -> int:
    """Open JupyterLab on a copy of the notebooks in DIR.

    DIR is okxlab-notebooks by default.  Files which are there already are kept.
    The exit code is JupyterLab's.
    """
    settings = os.environ | {
        "OKXLAB_ENV": environment_name(env),
        # A kernel of the user's own named python3 would not know okxlab.
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtraError(
            'JupyterLab is not installed; run: pip install "okxlab[lab]"'
        )
    first = _copy_notebooks(directory)
    options = [f"--ServerApp.root_dir={directory.resolve()}", *_lab_options(port)]
    if no_browser:
        options.append("--no-browser")
    return _run_until_it_ends(
        [sys.executable, "-m", "jupyterlab", *options, str(first)], settings
    )


def _lab_options(port: int | None) -> Iterator[str]:
    if port is not None:
        yield f"--port={port}"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container everyone is root, and JupyterLab would not start.
        yield "--allow-root"


def notebook_directory() -> Path:
    """Return where the notebooks are: in the wheel, or beside the package."""
    package = Path(okxlab.__file__).parent
    inside = package / "notebooks"
    return inside if inside.is_dir() else package.parent / "notebooks"


def _copy_notebooks(directory: Path) -> Path:
    """Copy those that are not there yet, and return the first of them all."""
    originals = sorted(notebook_directory().glob("*.ipynb"))
    if not originals:
        raise click.ClickException("this installation of okxlab has no notebooks")
    directory.mkdir(parents=True, exist_ok=True)
    for original in originals:
        try:
            with (directory / original.name).open("xb") as copy:
                copy.write(original.read_bytes())
        except FileExistsError:
            click.echo(f"okxlab: kept {directory / original.name}", err=True)
    return (directory / originals[0].name).resolve()


def _run_until_it_ends(command: list[str], env: dict[str, str]) -> int:
    """Run a program that handles Ctrl-C by itself, and return its exit code."""
    with subprocess.Popen(command, env=env) as program:  # noqa: S603  our own arguments
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return program.wait()
