"""README.md says what is so, and what it shows runs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import okxlab
from tests.meta import readme

TEXT = readme.README.read_text("utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
CONSOLE = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    if line.startswith("$ ")
]


def run(command, cwd, **env):
    """Run a program in a fresh directory; against the simulator unless it says so."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=readme.os.environ | {"OKXLAB_ENV": "simulator", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_generated_parts_are_up_to_date():
    """Channels, help texts and public names are those of the code.

    ``python -m tests.meta.readme`` writes them anew.
    """
    assert readme.with_parts(TEXT) == TEXT


@pytest.mark.simulated
def test_snippets_run(tmp_path):
    """All Python of the page runs in one program, top to bottom, and says nothing."""
    program = tmp_path / "readme.py"
    program.write_text("\n\n".join(PYTHON), "utf-8")

    done = run([sys.executable, "-W", "error", str(program)], tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.simulated
@pytest.mark.parametrize("line", CONSOLE)
def test_commands_run(line, tmp_path):
    """Every command line of the page does something and ends well."""
    command, _, target = line.partition(" > ")
    words = command.split()
    assert words[0] == "okxlab"

    done = run([sys.executable, "-m", *words], tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not target or target.endswith(".csv")


def test_quick_start_is_two_commands():
    """A newcomer has two commands: one for the job, one for the tests."""
    start = TEXT.split("## Quick start")[1].split("\n## ")[0]

    commands = re.findall(r"^```bash\n(.*?)^```", start, re.DOTALL | re.MULTILINE)

    assert [len(command.splitlines()) for command in commands] == [1, 1]
    assert commands[0].rstrip().endswith("okxlab lab")
    assert commands[1].rstrip().endswith("pytest")


def test_every_public_name_is_mentioned():
    """What is public stands on the page."""
    missing = [
        name
        for name in okxlab.__all__
        if not name.startswith("__") and f"okxlab.{name}" not in TEXT
    ]

    assert not missing


def test_linked_files_exist():
    """Pictures and files that the page points at are there, and small."""
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", TEXT)
    files = [readme.README.parent / target for target in targets]

    assert files
    assert [file for file in files if not file.is_file()] == []
    assert [file for file in files if file.stat().st_size > 300_000] == []
