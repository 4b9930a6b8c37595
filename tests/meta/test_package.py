"""The package as a whole: exports, imports, what lies in the tree."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import okxlab
from okxlab.protocol.channels import CHANNELS

ROOT = Path(__file__).parents[2]
MODULES = ["okxlab"] + [
    module.name for module in pkgutil.walk_packages(okxlab.__path__, "okxlab.")
]
HEAVY = (
    "IPython",
    "aiofastnet",
    "aiohttp",
    "anywidget",
    "ipywidgets",
    "nest_asyncio",
    "plotly",
    "websockets",
)
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}


def tracked_files():
    """Return the text files of the product, as git lists them."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path.suffix != ".png"]


@pytest.mark.parametrize("module_name", MODULES)
def test_exports_exist_and_are_documented(module_name):
    """Every public name is there, and every one that can have a docstring has one."""
    module = importlib.import_module(module_name)
    exported = getattr(module, "__all__", [])

    values = {name: getattr(module, name) for name in exported}

    assert module.__doc__
    assert len(set(exported)) == len(exported)
    assert [
        name
        for name, value in values.items()
        if (inspect.isclass(value) or inspect.isroutine(value))
        and not inspect.getdoc(value)
    ] == []


@pytest.mark.parametrize("name", [n for n in okxlab.__all__ if n != "__version__"])
def test_public_members_are_documented(name):
    """Every method and property of a public class has a docstring of its own."""
    value = getattr(okxlab, name)
    if not inspect.isclass(value):
        assert inspect.getdoc(value)
        return

    own = [cls for cls in value.__mro__ if cls.__module__.startswith("okxlab")]
    undocumented = {
        member
        for cls in own
        for member, found in vars(cls).items()
        if not member.startswith("_")
        and (inspect.isroutine(found) or isinstance(found, property))
        and not inspect.getdoc(getattr(value, member))
    }

    assert undocumented == set()


def test_dir_offers_the_public_names():
    """Completion in a notebook shows what is public."""
    assert set(okxlab.__all__) <= set(dir(okxlab))


def test_import_is_light():
    """Importing okxlab imports nothing that charts, serves, connects or patches."""
    code = f"import sys, okxlab; print([m for m in {HEAVY} if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


def test_version_is_said_once():
    """The package's version is the one that its build reads."""
    from okxlab._version import __version__

    assert okxlab.__version__ == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", __version__)


def test_no_file_names_a_place_on_one_machine():
    """No file holds an absolute path of the machine it was written on."""
    home = re.escape(str(Path.home()))
    place = re.compile(rf"({re.escape(str(ROOT))}|{home}/|/home/\w+/|[A-Z]:\\Users\\)")

    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked_files()
        for match in place.finditer(path.read_text("utf-8"))
    ]

    assert found == []


def test_top_level_is_the_given_layout():
    """Nothing lies at the top that does not belong there."""
    top = {path.relative_to(ROOT).parts[0] for path in tracked_files()}

    assert {name for name in top if not name.startswith(".")} <= {
        "LICENSE",
        "README.md",
        "notebooks",
        "okxlab",
        "pyproject.toml",
        "tests",
    }


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name
)
def test_notebooks_are_saved_without_outputs(path):
    """A notebook is committed as it was written, not as it once ran."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]

    assert code
    assert [cell["source"] for cell in code if cell["outputs"]] == []
    assert [cell["source"] for cell in code if cell["execution_count"]] == []


@pytest.mark.parametrize("state", ["book", "table", "stream", "lab"])
def test_simulator_stays_an_independent_witness(state):
    """Each module of client state that exists is forbidden to the simulator."""
    exists = f"okxlab.{state}" in MODULES

    assert exists == (f"okxlab.{state}" in CONTRACTS["oracle"]["forbidden_modules"])


def test_channel_names_are_unique():
    """No two entries of the registry claim one channel name."""
    names = [name for entry in CHANNELS for name in entry.names]

    assert len(set(names)) == len(names)
