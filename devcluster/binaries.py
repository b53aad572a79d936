"""Where the three programs come from: a given folder, the user's cache, or built into it.

The folder in the cache is `$XDG_CACHE_HOME/bulkhead/kube/<version>-<hash of go.sum>`.
"""

import hashlib
import os
import re
from pathlib import Path

from devcluster.building import Build, BuildFailed, Say, built, cache_folder, say_on_stderr
from devcluster.programs import ETCD, PROGRAMS

SOURCE = Path(__file__).parent
ASSETS_VARIABLE = "BULKHEAD_KUBE_ASSETS"
PACKAGES = (
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "go.etcd.io/etcd/server/v3",
)
# The main package of etcd is called so, and `go build` names the program after it.
ETCD_AS_BUILT = "server"


class BinariesMissing(Exception):
    """No control plane can be had; the message says what to do."""


def find_binaries(say: Say = say_on_stderr) -> Path:
    """The folder that holds etcd, kube-apiserver and kube-controller-manager.

    Builds them on the first call on a machine, which takes minutes; other processes wait.
    Raises BinariesMissing.
    """
    assets = os.environ.get(ASSETS_VARIABLE)
    if assets:
        return _given(Path(assets))
    build = Build(
        name=f"etcd, kube-apiserver and kube-controller-manager {kubernetes_version()}",
        wanted=cache_folder() / "kube" / build_name(),
        programs=PROGRAMS,
        source=SOURCE,
        command=build_command,
        takes="about seven minutes on two cores, once (downloads about 2 GB of Go modules)",
        finish=lambda folder: (folder / ETCD_AS_BUILT).rename(folder / ETCD),
    )
    try:
        return built(build, say)
    except BuildFailed as error:
        raise BinariesMissing(_way_out(str(error))) from error


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


def _way_out(problem: str) -> str:
    return (
        f"No control plane: {problem}\n"
        f"Either make the Go module proxy reachable, or point {ASSETS_VARIABLE} at a folder with "
        f"{', '.join(PROGRAMS)}, or BULKHEAD_KUBECONFIG at a cluster."
    )
