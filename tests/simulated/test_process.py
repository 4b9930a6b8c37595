"""A process of its own: clean exits, forks, reloads."""

import os
import subprocess
import sys
import textwrap

import pytest

PATIENCE = 120.0
"""Longest a program may take [s]; slow machines are no bug."""


def run(program, **variables):
    """Run a program in a fresh interpreter and return what it did."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "OKXLAB_ENV": "simulator", **variables},
        check=False,
    )


def test_a_script_ends_by_itself():
    """Nothing closed, nothing awaited: rows are printed and stderr is empty."""
    done = run(
        """
        import okxlab
        stream = okxlab.stream("BTC-USDT")
        print(len(stream.wait(3)))
        print(stream.df["last"].dtype)
        """
    )

    assert done.stderr == ""
    assert done.returncode == 0
    assert int(done.stdout.split()[0]) >= 3
    assert done.stdout.split()[1] == "float64"


def test_an_exception_is_the_only_traceback():
    """A script that fails shows its own error and none of okxlab's threads'."""
    done = run(
        """
        import okxlab
        okxlab.stream("BTC-USDT").wait(1)
        raise SystemExit("mine")
        """
    )

    assert (done.returncode, done.stderr) == (1, "mine\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX systems fork")
def test_a_forked_child_starts_over():
    """In the child the old stream is closed and a new lab works; the parent goes on."""
    done = run(
        """
        import os
        import warnings
        import okxlab

        stream = okxlab.stream("BTC-USDT")
        stream.wait(1)
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads
        child = os.fork()
        if child == 0:
            code = 3
            try:
                assert stream.status == "closed", stream.status
                assert len(stream.df)
                try:
                    stream.wait(1)
                except okxlab.StreamClosedError:
                    pass
                again = okxlab.stream("BTC-USDT")
                assert again is not stream
                assert len(again.wait(1))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), len(stream.wait(1)) > 0)
        """
    )

    assert done.stdout.split() == ["0", "True"], done.stderr


def test_reloading_does_not_orphan_anything():
    """After a reload the same lab, thread and stream are found again."""
    done = run(
        """
        import importlib
        import threading
        import okxlab, okxlab.lab.current, okxlab.runtime.lifetime

        stream = okxlab.stream("BTC-USDT")
        stream.wait(1)
        before = threading.active_count()
        for module in (okxlab.runtime.lifetime, okxlab.lab.current, okxlab):
            importlib.reload(module)
        assert okxlab.lab.current.stream("BTC-USDT") is stream
        assert threading.active_count() == before
        print(len(stream.wait(1)) > 0)
        """
    )

    assert (done.stdout, done.stderr) == ("True\n", "")
