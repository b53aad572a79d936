"""The peers' environment is what its lock names, and nothing else."""

import re
import subprocess

from devtools.peers import LOCK, peers_python

REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9-]*)==(\S+)", re.MULTILINE)


def test_the_peers_environment_has_what_the_lock_names_and_nothing_of_ours() -> None:
    ask = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    said = subprocess.run(
        [str(peers_python()), "-I", "-c", ask], capture_output=True, text=True, check=True
    )
    installed = {tuple(line.lower().split()) for line in said.stdout.splitlines()}
    assert installed <= set(REQUIREMENT.findall(LOCK.read_text()))
    assert ("network-config-analyzer", "2.1.0") in installed
