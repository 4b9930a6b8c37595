"""``okxlab channels``: what there is to subscribe to."""

from __future__ import annotations

import click

from okxlab.protocol.channels import CHANNELS, Channel, channel
from okxlab.views.text import aligned

__all__ = ["channels"]


@click.command()
@click.argument("name", required=False)
def channels(name: str | None) -> None:
    """List the channels, or say what one of them holds."""
    if name is None:
        listed = [
            (_label(entry), entry.path, entry.kind, entry.title) for entry in CHANNELS
        ]
        rows = [("CHANNEL", "PATH", "KIND", "BRINGS"), *listed]
        click.echo("\n".join(aligned(rows)))
        return
    entry = next((entry for entry in CHANNELS if entry.name == name), None)
    click.echo(_described(entry or channel(name)))


def _label(entry: Channel) -> str:
    return f"{entry.name}<bar>" if entry.bars and not entry.bar else entry.name


def _described(entry: Channel) -> str:
    facts = [
        ("path", entry.path),
        ("kind", entry.kind),
        ("arg", _arg_in_words(entry)),
        *([("login", entry.tier or "any tier")] if entry.login else []),
        *([("bars", " ".join(entry.bars))] if entry.bars else []),
        *([("instead", entry.instead)] if entry.instead else []),
        ("OKX page", entry.url),
    ]
    docs = entry.column_docs()
    columns = [
        (column.name, column.kind, docs.get(column.name, ""))
        for column in entry.columns(many=True)
    ]
    return "\n".join(
        [
            f"{_label(entry)}: {entry.title}",
            "",
            *aligned(facts),
            "",
            *aligned([("COLUMN", "TYPE", "HOLDS"), *columns]),
        ]
    )


def _arg_in_words(entry: Channel) -> str:
    parts = [*entry.required, " or ".join(entry.either)]
    parts += [f"({key})" for key in entry.optional]
    return ", ".join(part for part in parts if part) or "none"
