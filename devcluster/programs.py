"""The command lines of etcd, kube-apiserver and kube-controller-manager."""

from pathlib import Path

from devcluster.layout import Layout, Ports
from devcluster.processes import Command

ETCD, API_SERVER, CONTROLLER_MANAGER = "etcd", "kube-apiserver", "kube-controller-manager"
PROGRAMS = (ETCD, API_SERVER, CONTROLLER_MANAGER)

AUDIT_POLICY = Path(__file__).with_name("audit-policy.yaml")
ISSUER = "https://kubernetes.default.svc.cluster.local"
SERVICE_RANGE = "10.96.0.0/16"
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "namespace-controller",
    "garbage-collector-controller",
    "resourcequota-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
)


def etcd(binaries: Path, layout: Layout, ports: Ports) -> Command:
    client = f"https://127.0.0.1:{ports.etcd_client}"
    peer = f"https://127.0.0.1:{ports.etcd_peer}"
    server = layout.etcd_pki / "server"
    flags = (
        f"--data-dir={layout.etcd_data}",
        "--name=devcluster",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=devcluster={peer}",
        # Whoever reads or writes here owns the cluster: only who holds this folder's certificate.
        "--client-cert-auth",
        f"--trusted-ca-file={layout.etcd_pki / 'ca.crt'}",
        f"--cert-file={server}.crt",
        f"--key-file={server}.key",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={layout.etcd_pki / 'ca.crt'}",
        f"--peer-cert-file={server}.crt",
        f"--peer-key-file={server}.key",
        "--enable-grpc-gateway=false",
        "--auto-compaction-retention=1h",
        "--log-level=warn",
    )
    return _command(ETCD, binaries, layout, flags)


def api_server(binaries: Path, layout: Layout, ports: Ports) -> Command:
    flags = (
        f"--etcd-servers=https://127.0.0.1:{ports.etcd_client}",
        f"--etcd-cafile={layout.etcd_pki / 'ca.crt'}",
        f"--etcd-certfile={layout.etcd_pki / 'client.crt'}",
        f"--etcd-keyfile={layout.etcd_pki / 'client.key'}",
        f"--secure-port={ports.api_server}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--cert-dir={layout.pki}",
        f"--tls-cert-file={layout.pki / 'apiserver.crt'}",
        f"--tls-private-key-file={layout.pki / 'apiserver.key'}",
        f"--client-ca-file={layout.ca_file}",
        f"--service-account-key-file={layout.pki / 'sa.pub'}",
        f"--service-account-signing-key-file={layout.pki / 'sa.key'}",
        f"--service-account-issuer={ISSUER}",
        "--authorization-mode=RBAC",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--endpoint-reconciler-type=none",
        # There are no nodes and so no kubelets to mount the tokens this plugin insists on.
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={AUDIT_POLICY}",
        f"--audit-log-path={layout.audit_log}",
        # Without it an open watch holds the server up for as long as its request may last.
        "--shutdown-watch-termination-grace-period=1s",
        # Never rotated while it runs: a witness must not lose its beginning.
        "--audit-log-maxsize=0",
    )
    return _command(API_SERVER, binaries, layout, flags)


def controller_manager(binaries: Path, layout: Layout) -> Command:
    flags = (
        f"--kubeconfig={layout.pki / 'controller-manager.kubeconfig'}",
        f"--controllers={','.join(CONTROLLERS)}",
        # The admission policies' exemptions name these controllers' own service accounts.
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={layout.pki / 'sa.key'}",
        f"--root-ca-file={layout.ca_file}",
        "--leader-elect=false",
        "--secure-port=0",
    )
    return _command(CONTROLLER_MANAGER, binaries, layout, flags)


def _command(name: str, binaries: Path, layout: Layout, flags: tuple[str, ...]) -> Command:
    return Command(name, (str(binaries / name), *flags), layout.log(name))
