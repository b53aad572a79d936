"""`./dev compose-test`: run docker-compose.yml for real, and say what stood in for what.

Not part of `./dev test`: it needs root, cgroups of version 1, Debian packages by apt and some
gigabytes of disk. The engine and everything in it ends with this command and leaves nothing behind
but the roots in the user's cache.
"""

import fcntl
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from devcluster.building import cache_folder
from devtools.compose.engine import FREE_BYTES, leftovers, links, obstacles, run_engine
from devtools.compose.roots import IMAGES, provide_roots
from devtools.interrupts import Stopped, raise_when_asked_to_stop
from devtools.places import PYTHON, ROOT

CACHE = cache_folder() / "compose"


def run() -> int:
    """Answer 0 when everything went as documented and nothing is left."""
    CACHE.mkdir(parents=True, exist_ok=True)
    missing = obstacles()
    if shutil.disk_usage(CACHE).free < FREE_BYTES:
        missing.append(f"it needs {FREE_BYTES // 1024**3} GB of disk in {CACHE}")
    if missing:
        print(f"compose-test cannot run here: {'; '.join(missing)}")
        return 1
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        raise_when_asked_to_stop()
        try:
            return _run_in(Path(tempfile.mkdtemp(prefix="run-", dir=CACHE)))
        except Stopped:
            print("stopped")
            return 1


def _run_in(work: Path) -> int:
    began, before = time.monotonic(), links()
    try:
        with run_engine(work, provide_roots()) as engine:
            print(f"the engine answers after {time.monotonic() - began:.0f} s", flush=True)
            inside = ("nsenter", f"--target={engine.pid}", "--net")
            steps = (str(PYTHON), "-m", "devtools.compose.steps", str(work), str(engine.pid))
            code = subprocess.run([*inside, *steps], cwd=ROOT, check=False).returncode
    finally:
        left = leftovers(work, before)
        subprocess.run(["rm", "-rf", str(work)], check=False)  # gigabytes: rmtree takes minutes
    for line in left:
        print(f"FAILED  left behind: {line}")
    if not left:
        print("ok      nothing is left: no process, mount, interface, cgroup")
    _say_what_stood_in()
    print(f"{'passed' if code == 0 and not left else 'FAILED'} in {time.monotonic() - began:.0f} s")
    return 1 if code or left else 0


def _say_what_stood_in() -> None:
    print("What stood in for what:")
    for recipe in IMAGES:
        print(f"  {recipe.image}: {recipe.differs}")
    print("  request_buffers of the proxy: buffer_requests, its name before caddy 2.6.3")
    print("  rancher/k3s: the development control plane, which has no nodes and no packets")
    print("  certificates of Let's Encrypt: Caddy's own authority")
    print("  approvals signed with passkeys: BULKHEAD_SIGNED_LANES was empty")
