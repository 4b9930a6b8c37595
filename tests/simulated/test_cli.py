"""The okxlab command against a simulator, as a process and in this one."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import os
import signal
import subprocess
import sys

import pytest

from okxlab import cli
from okxlab.cli import channels, notebooks, watch
from okxlab.environment import Environment
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels import CHANNELS, channel, make_arg

pytestmark = pytest.mark.simulated

COMMAND = [sys.executable, "-m", "okxlab"]
EXPORTED = [sys.executable, "-W", "error", "-c"]


def run(*args, **env):
    """Run the command as a program."""
    return subprocess.run(
        [*COMMAND, *args],
        env={k: v for k, v in os.environ.items() if k != "OKXLAB_ENV"} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def started(*args):
    """Start the command as a program, which does not outlive the test."""
    process = subprocess.Popen(
        [*COMMAND, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def table(done):
    """Read the rows that a program wrote to stdout."""
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_the_one_liner_prints_rows_and_exits():
    """The README's line for a shell ends by itself, cleanly, within seconds."""
    code = (
        'import okxlab; s = okxlab.stream("BTC-USDT"); '
        "print(s.wait(5)); print(s.df.dtypes)"
    )

    done = subprocess.run(
        [*EXPORTED, code],
        env=os.environ | {"OKXLAB_ENV": "simulator"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "last" in done.stdout
    assert "float64" in done.stdout


def test_watch_writes_csv_into_a_pipe(simulator):
    """As many rows as asked for, with names, typed as the frame's."""
    done = run("watch", "BTC-USDT", "--env", simulator.ws, "--rows", "5")

    rows = table(done)
    assert len(rows) == 5
    assert all(float(row["last"]) > 0 for row in rows)
    assert all(row["ts"].endswith("+00:00") for row in rows)
    assert "okxlab: live" in done.stderr


def test_watch_joins_instruments(simulator):
    """Several instruments come as one table."""
    rows = table(
        run("watch", "BTC-USDT,ETH-USDT", "--env", simulator.ws, "--rows", "20")
    )

    assert {row["inst_id"] for row in rows} == {"BTC-USDT", "ETH-USDT"}


def test_watch_takes_a_type_where_there_is_no_instrument():
    """INST is what the channel is asked for by: a type, or one currency."""
    asked = {
        entry.name: make_arg(entry, **watch._arg_of(entry, inst))
        for entry, inst in (
            (channel("instruments"), "SWAP"),
            (channel("account"), "BTC"),
        )
    }

    assert asked == {
        "instruments": Arg("instruments", instType="SWAP"),
        "account": Arg("account", ccy="BTC"),
    }


def test_watch_has_the_key_of_a_simulator():
    """What an account has is shown with the key that every simulator knows."""
    done = run("watch", "USDT", "account", "--env", "simulator", "--rows", "1")

    assert len(table(done)) == 1


def test_watch_logs_in_when_it_is_told_to(simulator):
    """With --login the key is that of the variables."""
    args = ("watch", "USDT", "account", "--env", simulator.ws, "--rows", "1")
    key = {
        "OKX_API_KEY": "simulator-key",
        "OKX_SECRET_KEY": "simulator-secret",
        "OKX_PASSPHRASE": "simulator-pass",
    }
    done = run(*args, "--login", **key)
    refused = run(*args, "--login", **key | {"OKX_PASSPHRASE": "another"})

    assert len(table(done)) == 1
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "passphrase" in refused.stderr
    assert "another" not in refused.stderr


def test_watch_says_which_variables_are_not_set(monkeypatch):
    """A login without a key ends before anything is connected."""
    for name in ("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    done = run("watch", "USDT", "account", "--login", "--env", "live")

    assert (done.returncode, done.stdout) == (1, "")
    assert "OKX_API_KEY" in done.stderr
    assert "program" in done.stderr


@pytest.mark.parametrize("name", ["orders", "economic-calendar"])
def test_watch_of_an_account_names_the_options(name):
    """Without a key the next step is one of the command line, not of Python."""
    done = run("watch", "SPOT", name, "--env", "live")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--login" in done.stderr
    assert "--keyring" in done.stderr
    assert "okxlab." not in done.stderr


@pytest.mark.parametrize("name", ["books", "books-l2-tbt"])
def test_watch_of_an_order_book_names_what_can_be_watched(name):
    """Rows cannot show it: the next step is a channel that they can."""
    done = run("watch", "BTC-USDT", name)

    assert (done.returncode, done.stdout) == (2, "")
    assert "'books5'" in done.stderr
    assert "okxlab." not in done.stderr


def test_watch_follows_the_variable(simulator):
    """Without --env the variable decides."""
    done = run("watch", "BTC-USDT", "trades", "--rows", "1", OKXLAB_ENV=simulator.ws)

    assert len(table(done)) == 1


def test_watch_ends_with_its_time(simulator):
    """With a timeout only, what came until then is all right."""
    done = run("watch", "BTC-USDT", "--env", simulator.ws, "--timeout", "2")

    assert len(table(done)) >= 1


def test_watch_says_how_many_rows_are_missing(simulator):
    """Fewer rows than asked for in the time is an error, on stderr."""
    done = run(
        *("watch", "BTC-USDT", "--env", simulator.ws),
        *("--rows", "1000000", "--timeout", "1"),
    )

    assert done.returncode == 1
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_watch_gives_the_refusal(simulator):
    """An instrument that does not exist ends with OKX's words and the near miss."""
    done = run("watch", "BTC-USTD", "--env", simulator.ws)

    assert (done.returncode, done.stdout) == (1, "")
    assert "BTC-USTD" in done.stderr
    assert "BTC-USDT" in done.stderr
    assert "Traceback" not in done.stderr


def test_watch_without_an_exchange_names_the_next_step(free_port):
    """An unreachable exchange is named, with what works offline."""
    done = run(
        "watch", "BTC-USDT", "--env", f"ws://127.0.0.1:{free_port}", "--timeout", "2"
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{free_port}" in done.stderr
    assert "simulator" in done.stderr


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("watch", "BTC-USDT", "ticker"), "'tickers'"),
        (("watch", "tickers", "BTC-USDT"), "instrument"),
        (("watch", "BTC-USDT", "--env", "liv"), "'live'"),
        (("watch", "BTC-USDT", "--site", "eeea"), "'eea'"),
        (("watch", "BTC-USDT", "--rows", "0"), "--rows"),
        (("watch",), "INST"),
        (("channels", "candle1x"), "1m"),
        (("simulator", "--checksum", "md5"), "legacy"),
        (("simulator", "--speed", "0"), "--speed"),
        (("simulator", "--rate", "fast"), "neither a number nor max"),
        (("simulator", "--rate", "-5"), "rate=-5.0"),
        (("simulator", "--rate", "max", "--speed", "2"), "speed=2"),
        (("lab", "--env", "lve"), "'live'"),
        (("wach",), "wach"),
    ],
)
def test_wrong_usage_is_exit_code_2(args, hint, capsys, monkeypatch):
    """Misspelt or missing arguments end with 2 and the near miss, on stderr."""
    monkeypatch.delenv("OKXLAB_ENV", raising=False)
    was = signal.getsignal(signal.SIGTERM)
    try:
        code = cli.main(list(args))
    finally:
        signal.signal(signal.SIGTERM, was)  # the simulator's command takes it over
    said = capsys.readouterr()

    assert (code, said.out) == (2, "")
    assert hint in said.err


def test_wrong_usage_of_the_program():
    """The process ends with the code, too, and without a traceback."""
    done = run("watch", "BTC-USDT", "ticker")

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_channels_lists_the_registry(capsys):
    """Every entry of the registry has its line."""
    assert cli.main(["channels"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        channels._label(entry) for entry in CHANNELS
    ]


@pytest.mark.parametrize(
    "name", [name for e in CHANNELS for name in (e.name, e.names[0])]
)
def test_channel_is_described(name, capsys):
    """Each channel and family tells its columns."""
    assert cli.main(["channels", name]) == 0

    out = capsys.readouterr().out
    assert "COLUMN" in out
    assert "https://www.okx.com/docs-v5/" in out


def test_version(capsys):
    """--version names program and version."""
    assert cli.main(["--version"]) == 0

    assert capsys.readouterr().out.startswith("okxlab, version ")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_watch_paints_a_live_table_in_a_terminal(simulator):
    """In a terminal the table is painted over itself, as high and wide as that is."""
    import pty

    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [*COMMAND, "watch", "BTC-USDT", "--env", simulator.ws, "--rows", "10"],
            env=os.environ | {"LINES": "12", "COLUMNS": "60"},
            stdout=theirs,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        painted = b""
        with contextlib.suppress(OSError):  # how the other end's close is told
            while chunk := screen.read(4096):
                painted += chunk
        assert process.wait(timeout=30) == 0

    pictures = painted.decode().split("\x1b[H")[1:]
    lines = pictures[-1].replace("\x1b[J", "").split("\x1b[K\r\n")
    assert len(pictures) >= 2
    assert "BTC-USDT" in lines[0]
    assert 8 <= len(lines) <= 12
    assert max(map(len, lines)) < 60


@pytest.mark.skipif(sys.platform == "win32", reason="signals are other there")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_simulator_serves_until_it_is_told_to_end(name):
    """Its addresses are on stdout; an interrupt ends it with 130."""
    with started("simulator", "--port", "0", "--seed", "3") as process:
        ws, rest = (process.stdout.readline().strip() for _ in range(2))
        rows = table(run("watch", "ETH-USDT", "--env", ws, "--rows", "1"))
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=10)

        assert len(rows) == 1
        assert Environment(ws, rest).rest == rest
        assert (process.returncode, out) == (130, "")
        assert f"OKXLAB_ENV={ws}" in err
        assert "Traceback" not in err


def test_simulator_says_that_its_port_is_taken(simulator):
    """A taken port is an error in one line."""
    done = run("simulator", "--port", simulator.ws.rpartition(":")[2])

    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_has_seen_enough_is_no_accident(simulator):
    """`okxlab watch ... | head` ends without a traceback."""
    args = ("watch", "BTC-USDT", "--env", simulator.ws, "--timeout", "30")
    with started(*args) as process:
        process.stdout.readline()
        process.stdout.close()

        assert process.wait(timeout=30) == 1
        assert "Traceback" not in process.stderr.read()


def test_lab_without_jupyterlab_names_the_extra(monkeypatch, capsys, tmp_path):
    """Without JupyterLab the command says how to get it, and copies nothing."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    code = cli.main(["lab", str(tmp_path / "here")])

    assert code == 1
    assert 'pip install "okxlab[lab]"' in capsys.readouterr().err
    assert not (tmp_path / "here").exists()


def test_lab_copies_and_never_overwrites(tmp_path, capsys):
    """What is missing is copied; what is there stays as it is."""
    first = notebooks._copy_notebooks(tmp_path)
    first.write_text("mine", "utf-8")

    again = notebooks._copy_notebooks(tmp_path)

    assert again == first
    assert first.name == "01-quickstart.ipynb"
    assert first.read_text("utf-8") == "mine"
    assert f"kept {tmp_path / first.name}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "expected"), [((), "simulator"), (("--env", "demo"), "demo")]
)
def test_lab_opens_jupyterlab_on_the_copy(option, expected, tmp_path, monkeypatch):
    """JupyterLab is started in the directory, and its kernels know where to connect."""
    monkeypatch.delenv("OKXLAB_ENV", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    started = {}

    def note(command, env):
        started.update(command=command, env=env)
        return 7

    monkeypatch.setattr(notebooks, "_run_until_it_ends", note)

    code = cli.main(
        ["lab", str(tmp_path / "n b"), "--no-browser", "--port", "8899", *option]
    )

    assert code == 7
    assert started["env"]["OKXLAB_ENV"] == expected
    assert started["command"][:3] == [sys.executable, "-m", "jupyterlab"]
    assert started["command"][-1] == str(tmp_path / "n b" / "01-quickstart.ipynb")
    assert {"--no-browser", "--port=8899"} <= set(started["command"])


def test_exit_code_of_a_program_is_passed_on():
    """A program that ends by itself gives its exit code."""
    command = [sys.executable, "-c", "raise SystemExit(5)"]

    assert notebooks._run_until_it_ends(command, dict(os.environ)) == 5
