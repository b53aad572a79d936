"""The environment of the tools we compare ourselves with: apart from ours, made on first use.

Their pins and ours contradict each other, so they have a lock and a virtual environment of their
own. It lies in the user's cache under the lock's hash, and is always whole: made beside its place
and renamed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devcluster.building import cache_folder
from devtools.bootstrap import SetUpFailed, fingerprint
from devtools.places import ROOT

LOCK = ROOT / "bench" / "peers.lock"
ANALYZER = ROOT / "bench" / "rig" / "peer_analyzer.py"
OPTIONS = ("--require-hashes", "--no-deps", "--quiet", "--disable-pip-version-check")


def peers_python() -> Path:
    """The interpreter of the peers' environment. Raises SetUpFailed."""
    wanted = cache_folder() / "peers" / fingerprint(LOCK)[:16]
    if not wanted.exists():
        _make(wanted)
    return wanted / "bin" / "python"


def _make(wanted: Path) -> None:
    print("installing the peers' locked packages (about half a minute, once) …", flush=True)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".making-", dir=wanted.parent))
    try:
        # Our pip installs into it, so Debian's missing `ensurepip` does not matter here.
        _run(sys.executable, "-m", "venv", "--without-pip", str(beside))
        python = str(beside / "bin" / "python")
        _run(sys.executable, "-m", "pip", "--python", python, "install", *OPTIONS, "-r", str(LOCK))
        _put(beside, wanted)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _put(beside: Path, wanted: Path) -> None:
    try:
        beside.rename(wanted)
    except OSError:
        # Somebody else was faster; theirs is made from the same lock.
        if not wanted.exists():
            raise


def _run(*command: str) -> None:
    answer = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        words = (answer.stdout + answer.stderr).strip()
        raise SetUpFailed(f"the peers' environment cannot be made:\n{words}")
