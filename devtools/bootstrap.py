"""From a bare Python 3.11 to the locked environment, then on inside it.

Only the standard library may be imported here, and modules that need no more. The environment is
brought up to date when the lock differs from the one it was made from: a stamp inside remembers.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from devtools import tools
from devtools.places import ENVIRONMENT, LOCK, PROGRAMS, PYTHON, ROOT

WANTED = (3, 11)
STAMP = ENVIRONMENT / "lock.sha256"


class SetUpFailed(Exception):
    """The environment cannot be made; the message says what to install."""


def main(arguments: list[str]) -> int:
    """Prepare, then become `python -m devtools` inside the environment."""
    if arguments == ["clean"]:
        # Not worth an environment that it would remove again.
        return tools.clean()
    try:
        use_wanted_python(arguments)
        ensure_environment()
    except SetUpFailed as error:
        print(f"./dev: {error}", file=sys.stderr)
        return 1
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)])
    environment = os.environ | {"VIRTUAL_ENV": str(ENVIRONMENT), "PATH": path}
    os.chdir(ROOT)
    # Nothing of this process is left, so Ctrl-C and signals reach the one that does the work.
    return os.execve(PYTHON, [str(PYTHON), "-B", "-m", "devtools", *arguments], environment)


def use_wanted_python(arguments: list[str]) -> None:
    """Start over with Python 3.11 when this is another one. Raises SetUpFailed."""
    if sys.version_info[:2] == WANTED:
        return
    wanted = shutil.which("python3.11")
    if wanted is None:
        found = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetUpFailed(f"Python 3.11 is needed; this is {found} and no python3.11 is on PATH")
    os.execv(wanted, [wanted, str(ROOT / "dev"), *arguments])


def ensure_environment() -> None:
    """Make or update `.venv` if the lock says so. Raises SetUpFailed."""
    wanted = fingerprint(LOCK)
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    print("installing the locked packages into .venv (about a minute, once) …", flush=True)
    if not PYTHON.exists():
        _make_environment()
    STAMP.unlink(missing_ok=True)
    options = ["--require-hashes", "--no-deps", "--quiet", "--disable-pip-version-check"]
    pip = [str(PYTHON), "-m", "pip", "install", *options, "-r", str(LOCK)]
    if subprocess.run(pip, check=False).returncode != 0:
        raise SetUpFailed("pip could not install the locked packages; its message stands above")
    STAMP.write_text(wanted)


def _make_environment() -> None:
    make = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
    answer = subprocess.run(make, capture_output=True, text=True, check=False)
    if answer.returncode != 0 and may_install_packages():
        # Debian ships `venv` without the part that puts pip into the new environment.
        install_packages("python3.11-venv")
        answer = subprocess.run(make, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        words = (answer.stdout + answer.stderr).strip()
        raise SetUpFailed(f"no virtual environment (on Debian: python3.11-venv):\n{words}")


def may_install_packages() -> bool:
    """Whether Debian packages can be installed without asking anybody."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(*names: str) -> None:
    """Install Debian packages. Raises SetUpFailed."""
    print(f"installing {' '.join(names)} by apt-get …", flush=True)
    quietly = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        answer = subprocess.run(
            ["apt-get", "-qq", *command], env=quietly, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise SetUpFailed(f"apt-get {command[0]} failed:\n{answer.stderr.strip()}")


def fingerprint(lock: Path) -> str:
    """What an environment made from today's `lock` is known by."""
    return hashlib.sha256(sys.version.encode() + lock.read_bytes()).hexdigest()
