"""The parts of README.md that are written by a program: run to write them anew."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import okxlab
from okxlab import cli
from okxlab.protocol.channels import CHANNELS

README = Path(__file__).parents[2] / "README.md"


def channel_table():
    """Return the table of channels, a row for each entry of the registry."""
    lines = ["| channel | brings | path | kind |", "|---|---|---|---|"]
    for entry in CHANNELS:
        name = f"`{entry.name}<bar>`" if entry.bars else f"`{entry.name}`"
        brings = (
            f"{entry.title}; see `{entry.instead}`" if entry.instead else entry.title
        )
        lines.append(f"| {name} | {brings} | {entry.path} | {entry.kind} |")
    bars = [
        f"- `{entry.name}<bar>`: " + ", ".join(f"`{bar}`" for bar in entry.bars)
        for entry in CHANNELS
        if entry.bars
    ]
    return "\n".join([*lines, "", *bars])


def help_texts():
    """Return what ``--help`` says of the program and of each command."""
    return "```text\n" + "\n".join(map(_help, ((), *_commands()))).rstrip() + "\n```"


def _commands():
    return [(name,) for name in cli.cli.commands]


def _help(command):
    # click measures the terminal; the page has 80 columns.
    os.environ["COLUMNS"] = "80"
    context = cli.cli.make_context("okxlab", [], resilient_parsing=True)
    if not command:
        return f"$ okxlab --help\n{cli.cli.get_help(context)}\n"
    found = cli.cli.commands[command[0]]
    inner = found.make_context(command[0], [], parent=context, resilient_parsing=True)
    return f"$ okxlab {command[0]} --help\n{found.get_help(inner)}\n"


def public_names():
    """Return the public names, each with the first line of its docstring."""
    lines = ["| name | is |", "|---|---|"]
    for name in okxlab.__all__:
        if not name.startswith("__"):
            first = inspect.getdoc(getattr(okxlab, name)).splitlines()[0]
            lines.append(f"| `okxlab.{name}` | {first} |")
    return "\n".join(lines)


PARTS = {"channels": channel_table, "help": help_texts, "names": public_names}


def with_parts(text):
    """Return the page with each generated part as it should be."""
    for name, make in PARTS.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{start}{make()}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(with_parts(README.read_text("utf-8")), "utf-8")
    sys.exit(0)
