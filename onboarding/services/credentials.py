"""Open the door to a cluster with the stored credential. Workers only: the web has no key to it.

A credential opens only for the address, certificate authority, name and row it was stored for.
Whoever can write rows, and so send workers to a server of their own, gets no credential sent there.
"""

import hashlib
import json
import os
import threading
from datetime import datetime

from django.conf import settings

from onboarding.cluster.connections import Connection
from onboarding.cluster.encryption import BoundElsewhere, CannotDecrypt, decrypt, encrypt
from onboarding.cluster.gateway import ClusterGateway, Gateway
from onboarding.models import Cluster

BINDING_VERSION = 2
MISFIT = (
    "The stored credential of {} was stored for another address, certificate authority, name or "
    "row than stands beside it now. It was sent nowhere."
)

# What a gateway was opened with: the binding and the credential, as they were stored.
_open: dict[str, tuple[tuple[bytes, bytes], Gateway]] = {}
_opening = threading.Lock()
# Kept connections must not be shared with a child process.
os.register_at_fork(after_in_child=_open.clear)


class NoCredential(Exception):
    """There is no usable credential for the cluster; the text says what to do."""


class CredentialMisfit(NoCredential):
    """There is one, and it was stored for something else than the row says now."""


def open_gateway(cluster: Cluster) -> ClusterGateway:
    """Return the gateway for the stored credential, the same one until anything of it changes.

    Raise NoCredential if none is stored, this process cannot decrypt it, or it does not fit.
    """
    wanted = (binding_of(cluster), bytes(cluster.credential or b""))
    with _opening:
        known = _open.get(cluster.public_id)
        if known is not None and known[0] == wanted:
            return known[1]
        token, _ = stored_token(cluster)
        gateway = Gateway(Connection(cluster.api_server, cluster.ca_pem, token))
        _open[cluster.public_id] = (wanted, gateway)
        return gateway


def stored_token(cluster: Cluster) -> tuple[str, datetime]:
    """Return the portal's token for the cluster and when it was issued.

    Raise NoCredential, or CredentialMisfit if it may not be sent where the row says.
    """
    if not cluster.credential:
        raise NoCredential(f"No credential is stored for {cluster.name}: {_remedy(cluster)}")
    keys, stored = settings.BULKHEAD_CREDENTIAL_KEYS, bytes(cluster.credential)
    try:
        opened = decrypt(keys, stored, about=binding_of(cluster))
    except BoundElsewhere as error:
        raise CredentialMisfit(MISFIT.format(cluster.name)) from error
    except CannotDecrypt as error:
        raise NoCredential(f"{cluster.name}: {error}; {_remedy(cluster)}") from error
    content = json.loads(opened)
    return content["token"], datetime.fromisoformat(content["issued_at"])


def encrypted_token(cluster: Cluster, token: str, *, issued_at: datetime) -> bytes:
    """Return the token as the row stores it, bound to the row as it is. Raise CannotEncrypt."""
    content = json.dumps({"token": token, "issued_at": issued_at.isoformat()})
    keys = settings.BULKHEAD_CREDENTIAL_KEYS
    return encrypt(keys, content.encode(), about=binding_of(cluster))


def binding_of(cluster: Cluster) -> bytes:
    """Return what a credential is bound to: canonical JSON, the same for the same row only."""
    bound = {
        "version": BINDING_VERSION,
        "id": cluster.public_id,
        "name": cluster.name,
        "api_server": cluster.api_server,
        "ca": hashlib.sha256(cluster.ca_pem.encode()).hexdigest(),
    }
    return json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()


def _remedy(cluster: Cluster) -> str:
    return f"run manage.py prepare_cluster {cluster.name} --kubeconfig FILE again"
