"""The command line: what the library does, for a terminal.

Data goes to stdout, everything said about them to stderr.  Exit codes: 0 done,
1 error, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from okxlab._version import __version__
from okxlab.environment import SITES, Environment, environment_name, resolve
from okxlab.errors import (
    ChannelError,
    EnvironmentNameError,
    MissingExtraError,
    OkxlabError,
)
from okxlab.protocol.auth import Credentials
from okxlab.protocol.channels import CHANNELS, Channel, channel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from okxlab.stream import Stream

__all__ = ["main"]

_ERROR, _USAGE, _INTERRUPTED = 1, 2, 130

_SIMULATED: Final = ("simulator-key", "simulator-secret", "simulator-pass")
"""Key, secret and passphrase of the account that every simulator has."""

_ENDED: Final = ("closed", "failed", "refused")
"""States of a stream to which no more rows come."""

_TICK: Final = 0.2
"""How often a command looks whether it is to end [s]; Windows delivers Ctrl-C
only between two waits."""

_FRAMES_WAITING: Final = 100
"""Frames kept for a terminal that is slower than the market, before the
dispatcher is made to wait and puts them together."""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    args
        What stands after ``okxlab``; by default the arguments of the process.

    Returns
    -------
    int
        0 done, 1 error, 2 wrong usage, 130 interrupted.
    """
    try:
        code = cli.main(args, prog_name="okxlab", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (ChannelError, EnvironmentNameError) as error:
        return _say_error(error, _USAGE)
    except OkxlabError as error:
        return _say_error(error, _ERROR)
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe (`| head`) has seen enough.  Python flushes
        # stdout once more at exit, which must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _ERROR
    return code if isinstance(code, int) else 0


def _say_error(error: Exception, code: int) -> int:
    click.echo(f"Error: {error}", err=True)
    return code


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 130 interrupted.",
)
@click.version_option(__version__, prog_name="okxlab")
def cli() -> None:
    """Live OKX market data in the terminal and in notebooks."""


@cli.command()
@click.argument("inst")
@click.argument("channel_name", metavar="[CHANNEL]", default="tickers")
@click.option(
    "--env",
    help="live, demo, simulator or a ws:// address; by default $OKXLAB_ENV, else live.",
)
@click.option("--site", default="global", help="global (default), eea or us.")
@click.option("--rows", type=click.IntRange(1), help="End after so many new rows.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    help="End after so many seconds; an error if rows are missing then.",
)
def watch(
    inst: str,
    channel_name: str,
    env: str | None,
    site: str,
    rows: int | None,
    timeout: float | None,
) -> None:
    """Watch a live table of INST, for example BTC-USDT.

    Several instruments are joined by commas.  For a channel of a whole type of
    instruments INST is the type: okxlab watch SWAP instruments.  Into a file or
    a pipe, new rows are written as CSV.
    """
    import okxlab

    entry = channel(channel_name)
    click.echo(f"okxlab: {inst} {entry.name} from {environment_name(env)}", err=True)
    with okxlab.connect(env, site=site) as lab:
        stream = lab.stream(channel=entry.name, **_arg_of(entry, inst))
        painter = _Terminal() if sys.stdout.isatty() else _Lines()
        _pump(stream, painter, rows, timeout)


def _arg_of(entry: Channel, inst: str) -> dict[str, Any]:
    names = [name.strip() for name in inst.split(",")]
    one_or_many = names if len(names) > 1 else names[0]
    if entry.id_key in entry.required:
        return {"inst_id": one_or_many}
    if "instFamily" in entry.required:
        return {"inst_family": one_or_many}
    return {"inst_type": one_or_many}


def _pump(
    stream: Stream, painter: _Terminal | _Lines, rows: int | None, timeout: float | None
) -> None:
    """Hand new rows to the painter until one of the ends is reached."""
    frames: queue.Queue[pd.DataFrame] = queue.Queue(_FRAMES_WAITING)
    subscription = stream.on_update(frames.put, every=painter.every)
    came = 0
    try:
        for _ in _ticks(timeout):
            painter.say(stream)
            with contextlib.suppress(queue.Empty):
                frame = frames.get(timeout=_TICK).iloc[: rows and rows - came]
                came += len(frame)
                painter.show(stream, frame)
            if came == rows:
                return
            if stream.status in _ENDED:
                break
    finally:
        subscription.stop()
        with contextlib.suppress(queue.Empty):  # lets go of a hand-over that waits
            while True:
                frames.get_nowait()
    if came < (rows or 1):
        # Its error says why: refused, unreachable, or a quiet market.
        stream.wait((rows or 1) - came, timeout=_TICK)


def _ticks(timeout: float | None) -> Iterator[None]:
    """Yield again and again until the time is over; for ever without one."""
    over = threading.Event()
    timer = threading.Timer(timeout or 0, over.set)
    timer.daemon = True
    if timeout is not None:
        timer.start()
    try:
        while not over.is_set():
            yield
    finally:
        timer.cancel()


class _Lines:
    """Writes new rows as CSV, with the names of the columns first."""

    every = 0.0

    def __init__(self) -> None:
        self._header = True
        self._status = ""

    def say(self, stream: Stream) -> None:
        """Tell stderr when the stream's status has changed."""
        if stream.status != self._status:
            self._status = stream.status
            click.echo(f"okxlab: {self._status}", err=True)

    def show(self, _stream: Stream, frame: pd.DataFrame) -> None:
        """Write the rows of a frame."""
        text = frame.to_csv(header=self._header, lineterminator="\n")
        click.echo(text, nl=False)
        self._header = False


class _Terminal:
    """Paints the newest rows over the former ones."""

    every = 0.25
    """Shortest pause between two paintings [s]: what an eye can follow."""

    def say(self, stream: Stream) -> None:
        """Paint the status, which may change without a row."""
        self.show(stream)

    def show(self, stream: Stream, _frame: pd.DataFrame | None = None) -> None:
        """Paint the newest rows of the window, as many as there is room for."""
        width, height = shutil.get_terminal_size()
        frame = stream.frame(last=max(1, height - 5))
        # pandas wraps what is too wide into blocks; the first has the columns that
        # fit whole: a number cut off by the margin would be a wrong number.
        table, *_rest = frame.to_string(line_width=width - 1).split("\n\n")
        rows = [line.rstrip(" \\") for line in table.splitlines()]
        # Home, then every line cleared to its end: no flicker, unlike a clear.
        painted = "".join(
            f"{line[: width - 1]}\x1b[K\n" for line in (repr(stream), "", *rows)
        )
        click.echo(f"\x1b[H{painted}\x1b[J", nl=False)


@cli.command()
@click.argument("name", required=False)
def channels(name: str | None) -> None:
    """List the channels, or say what one of them holds."""
    if name is None:
        listed = [
            (_label(entry), entry.path, entry.kind, entry.title) for entry in CHANNELS
        ]
        click.echo(_aligned([("CHANNEL", "PATH", "KIND", "BRINGS"), *listed]))
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
            _aligned(facts),
            "",
            _aligned([("COLUMN", "TYPE", "HOLDS"), *columns]),
        ]
    )


def _arg_in_words(entry: Channel) -> str:
    parts = [*entry.required, " or ".join(entry.either)]
    parts += [f"({key})" for key in entry.optional]
    return ", ".join(part for part in parts if part) or "none"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


@cli.command()
@click.option(
    "--env",
    help="live, demo, simulator or a ws:// address; by default $OKXLAB_ENV, else live.",
)
@click.option("--site", default="global", help="global (default), eea or us.")
@click.option(
    "--login",
    is_flag=True,
    help="Log in with $OKX_API_KEY, $OKX_SECRET_KEY and $OKX_PASSPHRASE.",
)
@click.option(
    "--keyring", metavar="NAME", help="Log in with the key of that name in the keyring."
)
@click.option(
    "--everywhere",
    is_flag=True,
    help="Try a key that is refused on the other environments and sites too.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    help="Longest wait for any one answer, in seconds. [default: 5]",
)
def doctor(
    env: str | None,
    site: str,
    login: bool,
    keyring: str | None,
    everywhere: bool,
    timeout: float,
) -> int:
    """Say what works, what does not, and what to do about it.

    Looks at what is installed, at each path of the exchange, at the clock and, if
    asked to, at the login: which environment and site the key belongs to.  Reads
    only, and shows no key.  The exit code is 1 if there is a problem.
    """
    from okxlab.lab.doctor import examine
    from okxlab.runtime import current_runtime

    credentials = _credentials(login=login, keyring=keyring)
    with _place(env, site) as environment:
        if credentials is None and environment.name == "simulator":
            credentials = Credentials(*_SIMULATED)
        others = [
            Environment.named(name, one)
            for name in ("live", "demo")
            for one in SITES
            if everywhere and (name, one) != (environment.name, environment.site)
        ]
        report = examine(
            environment,
            current_runtime(),
            credentials,
            elsewhere=others,
            timeout=timeout,
        )
    click.echo(report)
    return 0 if report.is_well else _ERROR


def _credentials(*, login: bool, keyring: str | None) -> Credentials | None:
    if keyring is not None:
        return Credentials.from_keyring(keyring)
    return Credentials.from_env() if login else None


@contextlib.contextmanager
def _place(env: str | None, site: str) -> Iterator[Environment]:
    """Give the environment that is meant; a simulator runs as long as this does."""
    name = environment_name(env)
    if name != "simulator":
        yield resolve(name, site)
        return
    from okxlab.simulator import Simulator

    with Simulator() as running:
        yield running.environment


def _rate(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> float | Literal["max"] | None:
    """Read a rate; the simulator says which numbers make no sense."""
    if text is None:
        return None
    if text == "max":
        return "max"
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a number nor max") from None


@cli.command()
@click.option("--port", default=9000, help="0 takes any free one. [default: 9000]")
@click.option("--seed", default=1, help="Another seed, another market. [default: 1]")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    help="Market seconds in one second. [default: 1]",
)
@click.option(
    "--instruments",
    type=click.IntRange(1),
    default=20,
    help="How many there are. [default: 20]",
)
@click.option("--tls", is_flag=True, help="wss:// with a certificate made on the spot.")
@click.option(
    "--checksum",
    type=click.Choice(["zero", "legacy"]),
    default="zero",
    help="Of order books: as OKX today, or as before June 2026.",
)
@click.option(
    "--key",
    default=_SIMULATED[0],
    help="Key of its one account. [default: simulator-key]",
)
@click.option(
    "--secret",
    default=_SIMULATED[1],
    help="Secret of that key. [default: simulator-secret]",
)
@click.option(
    "--passphrase",
    default=_SIMULATED[2],
    help="Passphrase of that key. [default: simulator-pass]",
)
@click.option(
    "--trader",
    metavar="INST_ID",
    help="What that account trades by itself, such as BTC-USDT.",
)
@click.option(
    "--rate",
    metavar="N|max",
    callback=_rate,
    help="A load in place of a market: so many messages a second, or as many as "
    "are taken.",
)
def simulator(
    port: int,
    seed: int,
    speed: float,
    instruments: int,
    tls: bool,
    checksum: Literal["zero", "legacy"],
    key: str,
    secret: str,
    passphrase: str,
    trader: str | None,
    rate: float | Literal["max"] | None,
) -> None:
    """Serve a simulated OKX on this machine until interrupted.

    Its WebSocket and REST addresses are written to stdout, a line each.
    """
    from okxlab.simulator import Account, Simulator

    # A supervisor's polite signal ends the command as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        market = Simulator(
            seed=seed,
            speed=speed,
            instruments=instruments,
            port=port,
            tls=tls,
            checksum=checksum,
            accounts=[Account(key, secret, passphrase)],
            trader=trader,
            rate=rate,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with _listening(market):
        click.echo(f"{market.ws}\n{market.rest}")
        click.echo(
            f"okxlab: {instruments} instruments, seed {seed}; end with Ctrl-C.\n"
            f"Notebooks and programs find it with OKXLAB_ENV={market.ws}",
            err=True,
        )
        stay = threading.Event()
        while not stay.wait(_TICK):
            pass


@contextlib.contextmanager
def _listening(market: Any) -> Iterator[None]:
    try:
        market.start()
    except OSError as error:
        raise click.ClickException(f"the simulator cannot listen: {error}") from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    try:
        yield
    finally:
        market.stop()


@cli.command()
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


def _notebooks() -> Path:
    """Return where the notebooks are: in the wheel, or beside the package."""
    package = Path(__file__).parent
    inside = package / "notebooks"
    return inside if inside.is_dir() else package.parent / "notebooks"


def _copy_notebooks(directory: Path) -> Path:
    """Copy those that are not there yet, and return the first of them all."""
    originals = sorted(_notebooks().glob("*.ipynb"))
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
