"""Runs one client against a simulator, and collects what it reports."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from okxlab.simulator import Simulator
from tests.clients.report import CHECKS

if TYPE_CHECKING:
    from tests.clients.environments import Place
    from tests.clients.roster import Peer

HERE = Path(__file__).resolve().parent
TIMEOUT = 300
"""Longest time for one script [s]; each of its own waits is shorter by far."""
LAST_WORDS = 4000
"""Characters of the errors of a script that failed that are shown."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a client made of its checks.

    Parameters
    ----------
    peer, version, checksum
        Which client, against which kind of checksum.
    results
        By check: "ok", "failed" or "unknown", and the client's words.
    errors
        Of its scripts that failed.
    """

    peer: Peer
    version: str
    checksum: str
    results: dict[str, tuple[str, str]]
    errors: str

    def count(self, result: str) -> int:
        """Return how many checks came out so."""
        return sum(one == result for one, _ in self.results.values())

    @property
    def summary(self) -> str:
        """Return how it went, in words."""
        who = f"{self.peer.name} {self.version} ({self.checksum})"
        told = [
            f"  {name} {result}: {words}"
            for name, (result, words) in self.results.items()
            if result != "ok"
        ]
        verdict = "FAILED" if self.count("failed") else "ok"
        return "\n".join([f"{verdict} {who}", *told, *self.errors.splitlines()])


def run(peer: Peer, place: Place, checksum: str) -> Outcome:
    """Run the scripts of a client against a simulator of its own."""
    results: dict[str, tuple[str, str]] = {}
    errors = []
    with (
        Simulator(seed=5, checksum=checksum, tls=peer.uses_tls) as simulator,
        tempfile.TemporaryDirectory(prefix="okxlab-") as directory,
    ):
        environ = _environ(simulator, place, Path(directory))
        if peer.looks_on:
            simulator.script_trader("BTC-USDT", every=0.5)
        for script in peer.scripts:
            told, wrong = _run_script(script, place, simulator, checksum, environ)
            results |= {
                name: result
                for name, result in told.items()
                if results.get(name, ("ok", ""))[0] == "ok"
            }
            errors.append(wrong)
    for name in CHECKS:
        results.setdefault(name, ("failed", "it never came to that"))
    ordered = {name: results[name] for name in CHECKS}
    return Outcome(peer, place.version, checksum, ordered, "".join(errors))


def _run_script(
    script: str,
    place: Place,
    simulator: Simulator,
    checksum: str,
    environ: dict[str, str],
) -> tuple[dict[str, tuple[str, str]], str]:
    """Return what a script reports, and what it complains of."""
    command = [place.command, HERE / script, simulator.ws, simulator.rest, checksum]
    try:
        ended = subprocess.run(
            command,
            cwd=place.directory or HERE,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}, f"{script} did not end within {TIMEOUT} s"
    told = {}
    for line in ended.stdout.splitlines():
        if line.startswith('{"check"'):
            one = json.loads(line)
            told[one["check"]] = (one["result"], one["words"])
    failed = ended.returncode and f"exit code {ended.returncode}\n{ended.stderr}"
    return told, (failed or "")[-LAST_WORDS:]


def _environ(simulator: Simulator, place: Place, directory: Path) -> dict[str, str]:
    environ = {
        **os.environ,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUTF8": "1",
    }
    if place.directory is not None:
        # Nothing of ours but the script is for them.
        environ.pop("PYTHONPATH", None)
    if simulator.certificate is not None:
        trusted = directory / "certificate.pem"
        trusted.write_text(simulator.certificate)
        environ |= {"SSL_CERT_FILE": str(trusted), "REQUESTS_CA_BUNDLE": str(trusted)}
    return environ
