"""The cluster of `./dev` and of the tests is its owner's alone, though others share the machine."""

import socket
import ssl
from pathlib import Path

import pytest

from devcluster import ControlPlane
from devcluster.certificates import load_authority, write_pair
from devtools.cluster import kubectl

pytestmark = pytest.mark.cluster
HEALTH = b"GET /health HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\n\r\n"


def etcd_answers(plane: ControlPlane, pair: Path | None) -> bool:
    """Whether etcd answers a client with this certificate and key."""
    trust = ssl.create_default_context(cafile=plane.layout.etcd_pki / "ca.crt")
    if pair is not None:
        trust.load_cert_chain(pair.with_suffix(".crt"), pair.with_suffix(".key"))
    address = ("127.0.0.1", plane.record.ports.etcd_client)
    try:
        with (
            socket.create_connection(address, timeout=10) as raw,
            trust.wrap_socket(raw, server_hostname="127.0.0.1") as line,
        ):
            line.sendall(HEALTH)
            return line.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def test_etcd_answers_the_api_server_alone(control_plane: ControlPlane, tmp_path: Path) -> None:
    admin = tmp_path / "admin"
    write_pair(admin, load_authority(control_plane.layout.pki).sign_client("x", ["system:masters"]))
    assert etcd_answers(control_plane, control_plane.layout.etcd_pki / "client")
    assert not etcd_answers(control_plane, None)
    assert not etcd_answers(control_plane, admin)


def test_the_audit_log_opens_no_cluster(control_plane: ControlPlane) -> None:
    token = kubectl(control_plane.kubeconfig, "create", "token", "default").stdout.strip()
    secret = ("create", "secret", "generic", "kept", "--from-literal=word=unspeakable")
    kubectl(control_plane.kubeconfig, *secret, "--namespace", "default")
    log = control_plane.audit_log.read_text()
    kubectl(control_plane.kubeconfig, "delete", "secret", "kept", "--namespace", "default")
    assert '"subresource":"token"' in log
    assert token.count(".") == 2
    assert token not in log
    assert "unspeakable" not in log
    assert "dW5zcGVha2FibGU" not in log
