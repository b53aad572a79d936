"""Where the three programs come from: a given folder, the user's cache, or built into it.

The cache lies outside any checkout (`$XDG_CACHE_HOME/bulkhead/kube/<version>-<hash of go.sum>`),
so a fresh clone and every test run share one build.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devcluster.programs import ETCD, PROGRAMS
from devcluster.toolchain import GoMissing, find_go

SOURCE = Path(__file__).parent
ASSETS_VARIABLE = "BULKHEAD_KUBE_ASSETS"
PACKAGES = (
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "go.etcd.io/etcd/server/v3",
)
# The main package of etcd is called so, and `go build` names the program after it.
ETCD_AS_BUILT = "server"
PROGRESS_SECONDS = 15.0

Say = Callable[[str], None]


class BinariesMissing(Exception):
    """No control plane can be had; the message says what to do."""


def say_on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def find_binaries(say: Say = say_on_stderr) -> Path:
    """The folder that holds etcd, kube-apiserver and kube-controller-manager.

    Builds them on the first call on a machine, which takes minutes; other processes wait.
    Raises BinariesMissing.
    """
    assets = os.environ.get(ASSETS_VARIABLE)
    if assets:
        return _given(Path(assets))
    wanted = cache_folder() / "kube" / build_name()
    if not _is_complete(wanted):
        wanted.parent.mkdir(parents=True, exist_ok=True)
        with _only_one_builder(wanted.parent / "lock", say):
            if not _is_complete(wanted):
                _build(wanted, say)
    return wanted


def cache_folder() -> Path:
    """The user's cache folder for this project."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "bulkhead"


def kubernetes_version() -> str:
    """The version go.mod requires, for example `v1.37.2`."""
    text = (SOURCE / "go.mod").read_text()
    match = re.search(r"^\s*k8s\.io/kubernetes (v[0-9.]+)$", text, re.MULTILINE)
    if match is None:
        raise BinariesMissing(f"{SOURCE / 'go.mod'} requires no version of k8s.io/kubernetes")
    return match[1]


def build_name() -> str:
    """Version and a short hash of go.sum: another set of modules is another build."""
    digest = hashlib.sha256((SOURCE / "go.sum").read_bytes()).hexdigest()
    return f"{kubernetes_version()}-{digest[:10]}"


def build_command(go: Path, folder: Path) -> list[str]:
    """The `go build` that writes the three programs into `folder`."""
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    facts = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamps = [f"-X k8s.io/component-base/version.{name}={fact}" for name, fact in facts.items()]
    linker = " ".join(["-s -w", *stamps])
    return [str(go), "build", "-trimpath", "-ldflags", linker, "-o", f"{folder}/", *PACKAGES]


def _given(folder: Path) -> Path:
    missing = [name for name in PROGRAMS if not (folder / name).is_file()]
    if missing:
        raise BinariesMissing(f"{ASSETS_VARIABLE}={folder} lacks {', '.join(missing)}")
    return folder


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in PROGRAMS)


@contextmanager
def _only_one_builder(lock: Path, say: Say) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is building the control plane; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(wanted: Path, say: Say) -> None:
    """Build beside `wanted` and rename, so that a folder in the cache is always whole."""
    try:
        go = find_go(cache_folder(), say)
    except GoMissing as error:
        raise BinariesMissing(_way_out(str(error))) from error
    say(
        f"building etcd, kube-apiserver and kube-controller-manager {kubernetes_version()}: "
        "about seven minutes on two cores, once (downloads about 2 GB of Go modules) …"
    )
    draft = Path(tempfile.mkdtemp(prefix=".building-", dir=wanted.parent))
    try:
        _run_with_progress(build_command(go, draft), log=wanted.parent / "build.log", say=say)
        (draft / ETCD_AS_BUILT).rename(draft / ETCD)
        draft.chmod(0o755)
        shutil.rmtree(wanted, ignore_errors=True)
        draft.rename(wanted)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    say(f"the control plane is built and kept in {wanted}")


def _run_with_progress(command: list[str], *, log: Path, say: Say) -> None:
    """Run the build, and say every so often that it is still at work."""
    started = time.monotonic()
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    with log.open("wb") as output:
        build = subprocess.Popen(
            command, cwd=SOURCE, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while (status := _status_within(build, PROGRESS_SECONDS)) is None:
                minutes, seconds = divmod(int(time.monotonic() - started), 60)
                say(f"  still building after {minutes} min {seconds:02} s")
        finally:
            build.kill()
            build.wait()
    if status != 0:
        words = log.read_text(errors="replace")[-2000:]
        raise BinariesMissing(_way_out(f"`go build` failed with status {status}:\n{words}"))


def _status_within(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _way_out(problem: str) -> str:
    return (
        f"No control plane: {problem}\n"
        f"Either make the Go module proxy reachable, or point {ASSETS_VARIABLE} at a folder with "
        f"{', '.join(PROGRAMS)}, or BULKHEAD_KUBECONFIG at a cluster."
    )
