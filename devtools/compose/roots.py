"""What compose-test runs on, made once from Debian packages into the user's cache.

An engine with its client, and stand-ins of the base images that docker-compose.yml and the
Dockerfile name: the same programs under the same names, not the same files. Nothing of it is
installed on this machine.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devcluster.building import cache_folder

PARTS = Path(__file__).with_name("parts")
MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TOOLS = ("debootstrap", "slirp4netns", "libslirp0")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NOT_IN_AN_IMAGE = ("proc", "dev", "sys", "var/cache/apt", "var/lib/apt/lists")


class CannotMakeRoots(Exception):
    """A package or a root cannot be had; the message says which and why."""


@dataclass(frozen=True)
class Recipe:
    """A root: a Debian suite, packages, then a script inside. `image` is what it stands in for."""

    name: str
    suite: str
    packages: tuple[str, ...]
    script: str
    image: str = ""
    changes: tuple[str, ...] = ()
    entrypoint: str = ""
    differs: str = ""


ENGINE = Recipe(
    "engine",
    "trixie",
    (
        *("docker.io", "docker-cli", "docker-compose", "docker-buildx", "tini"),
        *("ca-certificates", "iproute2", "iptables", "procps"),
    ),
    "true",
)
IMAGES = (
    Recipe(
        "python",
        "bookworm",
        ("python3.11", "python3.11-venv", "python3-pip", "ca-certificates"),
        "ln -s /usr/bin/python3.11 /usr/local/bin/python; "
        "ln -s /usr/bin/python3.11 /usr/local/bin/python3",
        image="python:3.11-slim-bookworm",
        changes=("ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",),
        differs="Debian's Python 3.11",
    ),
    Recipe(
        "postgres",
        "trixie",
        ("postgresql-17",),
        "pg_dropcluster 17 main; groupmod -g 999 postgres; usermod -u 999 -g 999 postgres; "
        "install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data; "
        "install -d -o postgres -g postgres -m 3777 /var/run/postgresql; "
        "install -d /docker-entrypoint-initdb.d; "
        "echo \"listen_addresses = '*'\" >> /usr/share/postgresql/17/postgresql.conf.sample",
        image="postgres:17-bookworm",
        changes=(
            "ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ENV PGDATA=/var/lib/postgresql/data",
            "ENV LANG=C.UTF-8",
            "VOLUME /var/lib/postgresql/data",
            "STOPSIGNAL SIGINT",
            'CMD ["postgres"]',
        ),
        entrypoint="postgres-entrypoint.sh",
        differs="Debian trixie's server, collation C.UTF-8, an entrypoint written anew",
    ),
    Recipe(
        "valkey",
        "trixie",
        ("valkey-server", "valkey-tools"),
        "groupmod -g 999 valkey; usermod -u 999 -g 999 valkey; "
        "install -d -o valkey -g valkey /data",
        image="valkey/valkey:8.1-bookworm",
        changes=("WORKDIR /data", "VOLUME /data", 'CMD ["valkey-server"]'),
        entrypoint="valkey-entrypoint.sh",
        differs="Debian trixie's server, an entrypoint written anew",
    ),
    Recipe(
        "caddy",
        "trixie",
        ("caddy", "ca-certificates"),
        "mkdir -p /config/caddy /data/caddy /etc/caddy /srv",
        image="caddy:2.10",
        changes=(
            "ENV XDG_CONFIG_HOME=/config",
            "ENV XDG_DATA_HOME=/data",
            "WORKDIR /srv",
            'CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]',
        ),
        differs="Debian trixie's 2.6, whose program asks for no capability of its own",
    ),
)


@dataclass(frozen=True)
class Roots:
    """The made parts: a root with dockerd in it, and an archive for each image."""

    folder: Path

    @property
    def engine(self) -> Path:
        return self.folder / "engine"

    @property
    def tools(self) -> Path:
        return self.folder / "tools"

    def archive(self, recipe: Recipe) -> Path:
        return self.folder / f"{recipe.name}.tar"


def provide_roots() -> Roots:
    """The roots from the cache; the first call makes them, in minutes. Raises CannotMakeRoots."""
    own = [Path(__file__), *sorted(PARTS.iterdir())]
    content = b"".join(path.read_bytes() for path in own)
    wanted = cache_folder() / "compose" / hashlib.sha256(content).hexdigest()[:16]
    if not wanted.exists():
        wanted.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".making-", dir=wanted.parent))
        beside.chmod(0o755)
        try:
            _make(Roots(beside))
            beside.rename(wanted)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return Roots(wanted)


def _make(roots: Roots) -> None:
    _say("fetching debootstrap and slirp4netns …")
    _fetch_tools(roots.tools)
    for suite in ("trixie", "bookworm"):
        _say(f"making a root of Debian {suite} (about a minute and a half) …")
        _bootstrap(roots, suite)
    for recipe in (ENGINE, *IMAGES):
        _say(f"installing {', '.join(recipe.packages)} into a copy …")
        _derive(roots, recipe)
    for suite in ("trixie", "bookworm"):
        shutil.rmtree(roots.folder / suite)


def _fetch_tools(folder: Path) -> None:
    folder.mkdir()
    _run("apt-get", "download", *TOOLS, directory=folder)
    for package in folder.glob("*.deb"):
        _run("dpkg", "-x", str(package), str(folder))


def _bootstrap(roots: Roots, suite: str) -> None:
    share = roots.tools / "usr/share/debootstrap"
    program = str(roots.tools / "usr/sbin/debootstrap")
    options = (
        "--variant=minbase",
        f"--keyring={KEYRING}",
        suite,
        str(roots.folder / suite),
        MIRROR,
    )
    _run("sh", program, *options, environment={"DEBOOTSTRAP_DIR": str(share)})


def _derive(roots: Roots, recipe: Recipe) -> None:
    root = roots.folder / recipe.name
    _run("cp", "--archive", "--reflink=auto", str(roots.folder / recipe.suite), str(root))
    inside = ("sh", str(PARTS / "in_root.sh"), str(root))
    _run(*inside, "apt-get", "-qq", "update")
    _run(*inside, "apt-get", "-qq", "-y", "--no-install-recommends", "install", *recipe.packages)
    _run(*inside, "sh", "-euc", recipe.script)
    if not recipe.image:
        return
    if recipe.entrypoint:
        entrypoint = root / "usr/local/bin/docker-entrypoint.sh"
        shutil.copy(PARTS / recipe.entrypoint, entrypoint)
        entrypoint.chmod(0o755)
    if recipe.name == "python":
        # Where a proxy reads along on the way to the package index, its authority is in here.
        shutil.copy(CERTIFICATES, root / "etc/ssl/certs/ca-certificates.crt")
    without = [f"--exclude=./{path}/*" for path in NOT_IN_AN_IMAGE]
    options = ("--numeric-owner", *without, "-C", str(root), "-cf", str(roots.archive(recipe)), ".")
    _run("tar", *options)
    shutil.rmtree(root)


def _run(
    *command: str, directory: Path | None = None, environment: dict[str, str] | None = None
) -> None:
    answer = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        last = "\n".join(answer.stdout.splitlines()[-15:])
        raise CannotMakeRoots(f"{' '.join(command[:4])} … failed:\n{last}")


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)
