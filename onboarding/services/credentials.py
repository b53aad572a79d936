"""Open the door to a cluster with the stored credential. Workers only: the web has no key to it."""

import json
import os
import threading
from datetime import datetime

from django.conf import settings

from onboarding.cluster.connections import Connection
from onboarding.cluster.encryption import CannotDecrypt, decrypt, encrypt
from onboarding.cluster.gateway import ClusterGateway, Gateway
from onboarding.models import Cluster

_open: dict[str, tuple[tuple[int, str, str], Gateway]] = {}
_opening = threading.Lock()
# Kept connections must not be shared with a child process.
os.register_at_fork(after_in_child=_open.clear)


class NoCredential(Exception):
    """There is no usable credential for the cluster; the text says what to do."""


def open_gateway(cluster: Cluster) -> ClusterGateway:
    """Return the gateway for the stored credential, the same one until that changes.

    Raise NoCredential if none is stored or this process cannot decrypt it.
    """
    wanted = (cluster.credential_version, cluster.api_server, cluster.ca_pem)
    with _opening:
        known = _open.get(cluster.public_id)
        if known is not None and known[0] == wanted:
            return known[1]
        token, _ = stored_token(cluster)
        gateway = Gateway(Connection(cluster.api_server, cluster.ca_pem, token))
        _open[cluster.public_id] = (wanted, gateway)
        return gateway


def stored_token(cluster: Cluster) -> tuple[str, datetime]:
    """Return the portal's token for the cluster and when it was issued. Raise NoCredential."""
    if not cluster.credential:
        raise NoCredential(f"No credential is stored for {cluster.name}: {_remedy(cluster)}")
    try:
        opened = decrypt(
            settings.BULKHEAD_CREDENTIAL_KEYS, bytes(cluster.credential), about=cluster.public_id
        )
    except CannotDecrypt as error:
        raise NoCredential(f"{cluster.name}: {error}; {_remedy(cluster)}") from error
    content = json.loads(opened)
    return content["token"], datetime.fromisoformat(content["issued_at"])


def encrypted_token(cluster: Cluster, token: str, *, issued_at: datetime) -> bytes:
    """Return the token as the row stores it. Raise CannotEncrypt if this process has no key."""
    content = json.dumps({"token": token, "issued_at": issued_at.isoformat()})
    return encrypt(settings.BULKHEAD_CREDENTIAL_KEYS, content.encode(), about=cluster.public_id)


def _remedy(cluster: Cluster) -> str:
    return f"run manage.py prepare_cluster {cluster.name} --kubeconfig FILE again"
