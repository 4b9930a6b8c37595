"""The program: its commands, and how each of them ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from okxlab._version import __version__
from okxlab.cli.channels import channels
from okxlab.cli.doctor import doctor
from okxlab.cli.notebooks import lab
from okxlab.cli.simulator import simulator
from okxlab.cli.watch import watch
from okxlab.errors import ChannelError, EnvironmentNameError, OkxlabError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]

_ERROR, _USAGE, _INTERRUPTED = 1, 2, 130


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


for _command in (watch, channels, doctor, simulator, lab):
    cli.add_command(_command)
