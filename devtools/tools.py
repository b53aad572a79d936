"""The small commands: format, lock, shell, bench, clean."""

import os
import shutil
import subprocess
from pathlib import Path

from devtools.cluster import GIVEN_VARIABLE
from devtools.environment import portal_environment
from devtools.places import ENVIRONMENT, PROGRAMS, PYTHON, ROOT, VAR

BENCH = ROOT / "bench"
COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-header", "--no-annotate"),
)
GROUPS = ("--group", "dev", "--group", "embedded")
LOCKS = (
    ("pyproject.toml", "-o", "requirements.lock"),
    ("pyproject.toml", "-c", "requirements.lock", *GROUPS, "-o", "requirements-dev.lock"),
    ("bench/peers.in", "-o", "bench/peers.lock"),
)
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis")


def fmt() -> int:
    """Format, and mend what ruff can mend."""
    codes = [_run(str(PROGRAMS / "ruff"), *rest) for rest in (["format"], ["check", "--fix"])]
    return max(codes)


def lock() -> int:
    """Resolve pyproject.toml and the peers' requirements anew into the lock files."""
    if shutil.which("uv") is None:
        print("./dev lock needs uv: pip install uv")
        return 1
    return next((code for lock in LOCKS if (code := _run(*COMPILE, *lock))), 0)


def shell() -> int:
    """Django's shell on the portal in var/, with a worker's rights."""
    environment = portal_environment(VAR.create(), redis_url="", port=0)
    command = [str(PYTHON), "manage.py", "shell"]
    return subprocess.run(command, cwd=ROOT, env=environment.worker, check=False).returncode


def volume() -> int:
    """Fill the portal in var/, which must be running, with what a company has."""
    environment = portal_environment(VAR.create(), redis_url="", port=0)
    kubeconfig = os.environ.get(GIVEN_VARIABLE) or str(VAR.cluster / "admin.kubeconfig")
    command = [str(PYTHON), "manage.py", "seed_volume", "--kubeconfig", kubeconfig]
    return subprocess.run(command, cwd=ROOT, env=environment.worker, check=False).returncode


def bench(name: str, arguments: list[str]) -> int:
    """Run one benchmark of bench/; without a known name, list them."""
    known = sorted(path.stem for path in BENCH.glob("*.py") if not path.stem.startswith("_"))
    if name not in known:
        print(f"./dev bench NAME, one of: {', '.join(known) or 'none yet'}")
        return 2
    return _run(str(PYTHON), "-m", f"bench.{name}", *arguments)


def clean() -> int:
    """Remove the environment, var/ and the tools' caches; the built control plane stays."""
    for folder in (VAR.folder, ENVIRONMENT, *(ROOT / name for name in CACHES)):
        if folder.exists():
            print(f"removing {folder.relative_to(ROOT)}")
            shutil.rmtree(folder)
    for cache in _byte_code():
        shutil.rmtree(cache, ignore_errors=True)
    return 0


def _byte_code() -> list[Path]:
    return [path for path in ROOT.rglob("__pycache__") if path.is_dir()]


def _run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, env=os.environ, check=False).returncode
