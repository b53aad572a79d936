"""Kubeconfig files with everything inline: server, authority, client certificate.

Written as JSON, which every reader of YAML reads.
"""

import base64
import json
from pathlib import Path

from devcluster.certificates import Pair, write_private


def write_kubeconfig(path: Path, *, server: str, authority: bytes, user: str, pair: Pair) -> Path:
    """Write a kubeconfig (mode 0600) with one cluster, one user, one current context."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "devcluster",
                "cluster": {"server": server, "certificate-authority-data": _base64(authority)},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(pair.certificate),
                    "client-key-data": _base64(pair.key),
                },
            }
        ],
        "contexts": [{"name": "devcluster", "context": {"cluster": "devcluster", "user": user}}],
        "current-context": "devcluster",
    }
    write_private(path, json.dumps(content, indent=2).encode())
    return path


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
