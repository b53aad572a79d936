"""dockerd in namespaces of its own: no address, route or firewall rule of this machine changes.

Everything that runs in it ends with it. What it needs of the machine is asked first (`obstacles`),
what it left is looked for afterwards (`leftovers`).
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from devcluster.processes import Child, Command, spawn
from devtools.compose.roots import IMAGES, PARTS, Roots

CGROUPS = Path("/sys/fs/cgroup")
TUN = Path("/dev/net/tun")
PROGRAMS = ("apt-get", "dpkg", "unshare", "nsenter", "pivot_root", "ip", "git", "bash")
FREE_BYTES = 6 * 1024**3
START_POLLS, STOP_POLLS, POLL_SECONDS = 600, 300, 0.1
STOP_SECONDS = 60.0


class EngineFailed(Exception):
    """The engine does not run; the message holds its last words."""


@dataclass(frozen=True)
class Engine:
    """A running engine. `work` is seen by it under the same path; `pid` is dockerd's."""

    work: Path
    pid: int

    @property
    def client(self) -> dict[str, str]:
        """The environment in which `docker` speaks to this engine and to no other."""
        return client_environment(self.work)

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` where the engine's processes are seen."""
        return ["nsenter", f"--target={self.pid}", "--pid", "--mount", *command]


def client_environment(work: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    programs = os.pathsep.join([str(work / "programs"), os.environ["PATH"]])
    return kept | {
        "PATH": programs,
        "DOCKER_HOST": f"unix://{work}/docker.sock",
        "DOCKER_CONFIG": str(work / "client"),
    }


def obstacles() -> list[str]:
    """Why no engine can be had here; nothing when it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    told = {
        "it needs root": os.geteuid() != 0,
        f"it needs {', '.join(missing)}": bool(missing),
        f"it needs {TUN}": not TUN.exists(),
        "it needs cgroup hierarchies of version 1": not hierarchies(),
        "it needs packages from apt": not Path("/var/lib/apt/lists").is_dir(),
    }
    return [words for words, is_so in told.items() if is_so]


def hierarchies() -> list[Path]:
    """The folders of the kernel's cgroup (v1) hierarchies."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return sorted(Path(where) for _, where, kind, *_ in mounts if kind == "cgroup")


@contextmanager
def run_engine(work: Path, roots: Roots) -> Iterator[Engine]:
    """Start it, with all images of `roots` in it; it is gone when this is left."""
    _prepare_client(work, roots)
    groups = [folder / work.name for folder in hierarchies()]
    children: list[Child] = []
    try:
        for group in groups:
            _make_group(group)
        yield _started(work, roots, groups, children)
    finally:
        for child in reversed(children):
            _stop(child)
        for group in groups:
            _remove_group(group)
        shutil.rmtree(roots.engine / str(work).lstrip("/"), ignore_errors=True)


def links() -> set[str]:
    """The names of this machine's network interfaces."""
    answer = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
    return {line.split(": ")[1] for line in answer.stdout.splitlines()}


def leftovers(work: Path, links_before: set[str]) -> list[str]:
    """What an engine that ran in `work` left on this machine."""
    name = work.name
    groups = [str(folder / name) for folder in hierarchies() if (folder / name).exists()]
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if name in line]
    processes = [str(path) for path in Path("/proc").glob("[0-9]*") if _is_of(path, name)]
    return [*groups, *mounts, *processes, *sorted(links() - links_before)]


def _is_of(process: Path, name: str) -> bool:
    try:
        return f"/{name}" in (process / "cgroup").read_text()
    except OSError:
        return False


def _prepare_client(work: Path, roots: Roots) -> None:
    """The engine's own client and its plugins, beside whatever this machine has."""
    for folder in ("programs", "client/cli-plugins", "docker"):
        (work / folder).mkdir(parents=True)
    shutil.copy(roots.engine / "usr/bin/docker", work / "programs/docker")
    for plugin in ("docker-compose", "docker-buildx"):
        source = roots.engine / "usr/libexec/docker/cli-plugins" / plugin
        shutil.copy(source, work / "client/cli-plugins" / plugin)


def _started(work: Path, roots: Roots, groups: Sequence[Path], children: list[Child]) -> Engine:
    script = (str(PARTS / "engine.sh"), str(roots.engine), str(work))
    command = Command("engine", ("sh", *script, *map(str, groups)), work / "engine.log")
    engine = spawn(command)
    children.append(engine)
    pid = _dockerd(engine)
    tap = ("--configure", "--mtu=1400", "--disable-host-loopback", str(pid), "tap0")
    slirp = Command(
        "slirp4netns",
        (str(roots.tools / "usr/bin/slirp4netns"), *tap),
        work / "slirp.log",
        environment=os.environ | {"LD_LIBRARY_PATH": _libraries(roots)},
    )
    children.insert(0, spawn(slirp))
    made = Engine(work, pid)
    _wait_until_answering(made, engine)
    for recipe in IMAGES:
        options = [part for change in recipe.changes for part in ("--change", change)]
        if recipe.entrypoint:
            options += ["--change", 'ENTRYPOINT ["docker-entrypoint.sh"]']
        if recipe.name == "python" and "PIP_CERT" in os.environ:
            options += ["--change", "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt"]
        archive = str(roots.archive(recipe))
        _docker(made, "import", *options, archive, recipe.image)
    return made


def _libraries(roots: Roots) -> str:
    [library] = (roots.tools / "usr/lib").rglob("libslirp.so.0")
    return str(library.parent)


def _dockerd(engine: Child) -> int:
    """The process id of dockerd: what the one that made the namespaces has forked."""
    children = Path(f"/proc/{engine.pid}/task/{engine.pid}/children")
    pause = Event()
    for _ in range(START_POLLS):
        if engine.is_alive() and (found := children.read_text().split()):
            name = Path(f"/proc/{found[0]}/comm").read_text().strip()
            if name == "dockerd":
                return int(found[0])
        if not engine.is_alive():
            break
        pause.wait(POLL_SECONDS)
    raise EngineFailed(f"dockerd did not start:\n{engine.last_words()}")


def _wait_until_answering(engine: Engine, child: Child) -> None:
    pause = Event()
    for _ in range(START_POLLS):
        asked = ["docker", "version"]
        answer = subprocess.run(asked, env=engine.client, capture_output=True, check=False)
        if answer.returncode == 0:
            return
        if not child.is_alive():
            break
        pause.wait(POLL_SECONDS)
    raise EngineFailed(f"the engine does not answer:\n{child.last_words()}")


def _docker(engine: Engine, *arguments: str) -> None:
    command = ["docker", *arguments]
    answer = subprocess.run(command, env=engine.client, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise EngineFailed(f"docker {' '.join(arguments)}: {answer.stderr.strip()}")


def _make_group(group: Path) -> None:
    group.mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (group / name).exists():
            (group / name).write_text((group.parent / name).read_text())


def _remove_group(group: Path) -> None:
    """Children first. A group empties a moment after its last process has ended."""
    pause = Event()
    for _ in range(STOP_POLLS):
        try:
            for folder, _, _ in os.walk(group, topdown=False):
                Path(folder).rmdir()
        except OSError:
            pause.wait(POLL_SECONDS)
        else:
            return


def _stop(child: Child) -> None:
    """Ask dockerd itself: the one that made the namespaces does not hand signals on."""
    if child.name == "engine" and child.is_alive():
        answer = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        for pid in answer:
            os.kill(int(pid), 15)
        child.has_ended_within(STOP_SECONDS)
    child.stop()
