"""A running control plane: started and owned here, or read from the folder of one that runs.

Start order is etcd, API server, controller manager; stop order is the reverse, and each is waited
for: an API server whose etcd is gone lingers, keeps its port, and answers the next one's probes.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from devcluster.binaries import find_binaries
from devcluster.building import Say, say_on_stderr
from devcluster.certificates import (
    Authority,
    ensure_service_account_key,
    load_authority,
    write_pair,
)
from devcluster.kubeconfig import write_kubeconfig
from devcluster.layout import Layout, Ports, Record
from devcluster.processes import (
    Child,
    Command,
    choose_port,
    put_aside_if_large,
    spawn,
)
from devcluster.programs import (
    API_SERVER,
    CONTROLLER_MANAGER,
    ETCD,
    api_server,
    controller_manager,
    etcd,
)
from devcluster.readiness import NotReady, wait_until_serving, wait_until_settled

AUDIT_LOG_LIMIT = 256 * 1024 * 1024
START_SECONDS = 60.0
STOP_SECONDS = 20.0


class ControlPlaneError(Exception):
    """The control plane could not be started, found or asked; the message says why."""


@dataclass
class ControlPlane:
    """What anybody with the state folder may use, whoever owns the processes."""

    layout: Layout
    record: Record

    @classmethod
    def attach(cls, state_dir: Path) -> "ControlPlane":
        """Use a control plane that another process owns. Raises ControlPlaneError."""
        layout = Layout(state_dir.resolve())
        record = Record.read(layout)
        if record is None or not record.is_running():
            raise ControlPlaneError(f"no control plane is running in {state_dir}")
        return cls(layout, record)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's: a client certificate of group `system:masters`."""
        return self.layout.admin_kubeconfig

    @property
    def server(self) -> str:
        return self.record.server

    @property
    def audit_log(self) -> Path:
        """One JSON object a line (`audit.k8s.io/v1` Event), in the order of answering."""
        return self.layout.audit_log

    @property
    def ca_file(self) -> Path:
        return self.layout.ca_file

    def client_certificate(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig that signs in as `user`, a member of `groups`, by a client certificate."""
        who = hashlib.sha256("\n".join([user, *groups]).encode()).hexdigest()[:8]
        name = re.sub(r"[^A-Za-z0-9]+", "-", user)
        path = self.layout.kubeconfigs / f"{name}-{who}.kubeconfig"
        authority = load_authority(self.layout.pki)
        return self._write_kubeconfig(path, authority, user, groups)

    def _write_kubeconfig(
        self, path: Path, authority: Authority, user: str, groups: Sequence[str] = ()
    ) -> Path:
        return write_kubeconfig(
            path,
            server=self.server,
            authority=authority.pem,
            user=user,
            pair=authority.sign_client(user, groups),
        )


@dataclass
class OwnedControlPlane(ControlPlane):
    """A control plane whose processes are children of this one. Stop it, or leave the `with`."""

    binaries: Path
    lock: IO[bytes]
    children: dict[str, Child] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything in order and give the folder free. What was stored stays."""
        for name in (CONTROLLER_MANAGER, API_SERVER, ETCD):
            child = self.children.pop(name, None)
            if child is not None:
                child.stop(grace=STOP_SECONDS)
        self._write_record()
        self.lock.close()

    def kill_apiserver(self) -> None:
        """SIGKILL the API server and leave it dead."""
        self.children[API_SERVER].kill()

    def stop_apiserver(self) -> None:
        self.children[API_SERVER].stop(grace=STOP_SECONDS)

    def start_apiserver(self) -> None:
        """Start the API server on the port it had, and wait until it serves."""
        self._run(api_server(self.binaries, self.layout, self.record.ports))
        self._wait_for_apiserver()

    def kill_etcd(self) -> None:
        """SIGKILL etcd under the API server, which goes on and answers that it cannot."""
        self.children[ETCD].kill()

    def start_etcd(self) -> None:
        """Start etcd on what it had stored, and wait until the API server serves again."""
        self._run(etcd(self.binaries, self.layout, self.record.ports))
        self._wait_for_apiserver()

    def start(self) -> None:
        """Start the three programs and wait until roles are aggregated and namespaces exist."""
        authority = self._prepare_files()
        self._run(etcd(self.binaries, self.layout, self.record.ports))
        self._run(api_server(self.binaries, self.layout, self.record.ports))
        self._wait_for_apiserver()
        self._run(controller_manager(self.binaries, self.layout))
        with self._explained():
            wait_until_settled(
                self.server, authority, self.children.values(), seconds=START_SECONDS
            )

    def _prepare_files(self) -> Authority:
        authority = load_authority(self.layout.pki)
        ensure_service_account_key(self.layout.pki / "sa.key", self.layout.pki / "sa.pub")
        write_pair(self.layout.pki / "apiserver", authority.sign_server())
        etcd_authority = load_authority(self.layout.etcd_pki)
        write_pair(self.layout.etcd_pki / "server", etcd_authority.sign_server())
        write_pair(self.layout.etcd_pki / "client", etcd_authority.sign_client("kube-apiserver"))
        self._write_kubeconfig(
            self.layout.pki / "controller-manager.kubeconfig",
            authority,
            "system:kube-controller-manager",
        )
        self._write_kubeconfig(self.kubeconfig, authority, "admin", ["system:masters"])
        put_aside_if_large(self.audit_log, AUDIT_LOG_LIMIT)
        return authority

    def _run(self, command: Command) -> None:
        self.children[command.name] = spawn(command)
        self._write_record()

    def _write_record(self) -> None:
        pids = {name: child.pid for name, child in self.children.items()}
        self.record = Record(self.record.ports, os.getpid(), pids)
        self.record.write(self.layout)

    def _wait_for_apiserver(self) -> None:
        children = [self.children[ETCD], self.children[API_SERVER]]
        with self._explained():
            wait_until_serving(self.server, self.ca_file, children, seconds=START_SECONDS)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except NotReady as error:
            raise ControlPlaneError(str(error)) from error


def start(state_dir: Path, *, say: Say = say_on_stderr) -> OwnedControlPlane:
    """Start a control plane on what `state_dir` holds, or on nothing in a new folder.

    Ports of the last start are kept while they are free, so that stored credentials stay valid.
    Raises ControlPlaneError, or BinariesMissing when the programs cannot be had.
    """
    binaries = find_binaries(say)
    layout = Layout(state_dir.resolve())
    layout.create()
    lock = _take(layout)
    record = Record(_choose_ports(layout), os.getpid(), {})
    plane = OwnedControlPlane(layout, record, binaries, lock)
    try:
        plane.start()
    except BaseException:
        plane.stop()
        raise
    return plane


def _take(layout: Layout) -> IO[bytes]:
    """Hold the folder for as long as the returned file is open."""
    lock = layout.lock.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ControlPlaneError(f"another process runs one in {layout.folder}") from None
    return lock


def _choose_ports(layout: Layout) -> Ports:
    last = Record.read(layout)
    if last is None:
        return Ports(choose_port(), choose_port(), choose_port())
    ports = last.ports
    return Ports(
        choose_port(ports.api_server),
        choose_port(ports.etcd_client),
        choose_port(ports.etcd_peer),
    )
