"""The development control plane: what can be judged without starting one."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from devcluster import ControlPlane, ControlPlaneError, binaries, toolchain
from devcluster.certificates import load_authority
from devcluster.layout import Layout, Ports, Record
from devcluster.processes import (
    Command,
    choose_port,
    is_free,
    is_running,
    put_aside_if_large,
    spawn,
)

PORTS = Ports(api_server=20_001, etcd_client=20_002, etcd_peer=20_003)
PARENT = """
import sys
from pathlib import Path
from devcluster.processes import Command, spawn
child = spawn(Command("child", ("sleep", "60"), Path(sys.argv[1])))
print(child.pid, flush=True)
sys.stdin.read()
"""


def ended(pid: int) -> bool:
    pause = Event()
    return any(not is_running(pid) or pause.wait(0.05) for _ in range(200))


def plane_in(folder: Path) -> ControlPlane:
    layout = Layout(folder)
    layout.create()
    return ControlPlane(layout, Record(PORTS, os.getpid(), {}))


def test_a_child_ends_with_its_parent_even_by_sigkill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    assert ended(pid)


def test_a_frozen_child_stops_when_asked(tmp_path: Path) -> None:
    child = spawn(Command("child", ("sh", "-c", "kill -STOP $$; sleep 60"), tmp_path / "log"))
    child.stop(grace=5)
    assert not is_running(child.pid)


def test_a_failed_program_leaves_its_last_words(tmp_path: Path) -> None:
    child = spawn(Command("child", ("sh", "-c", "echo no; echo port free; exit 3"), tmp_path / "l"))
    assert child.has_ended_within(10)
    assert child.last_words(1) == "port free"


def test_a_port_in_use_is_not_chosen_again() -> None:
    port = choose_port()
    assert choose_port(port) == port
    with socket.create_server(("127.0.0.1", port)):
        assert choose_port(port) != port
    assert is_free(port)


def test_a_large_log_is_put_aside_and_a_small_one_is_not(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(b"12345")
    put_aside_if_large(log, limit=5)
    assert log.exists()
    put_aside_if_large(log, limit=4)
    assert [path.name for path in tmp_path.iterdir()] == ["audit.log.1"]


def test_the_authority_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = load_authority(tmp_path), load_authority(tmp_path)
    assert first.pem == second.pem
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_a_client_certificate_names_user_and_groups(tmp_path: Path) -> None:
    pair = load_authority(tmp_path).sign_client("alice", ["payments", "bulkhead:break-glass"])
    subject = x509.load_pem_x509_certificate(pair.certificate).subject
    names = [name.value for name in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert names == ["payments", "bulkhead:break-glass"]
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "alice"


def test_kubeconfigs_of_one_user_in_two_groups_do_not_collide(tmp_path: Path) -> None:
    plane = plane_in(tmp_path)
    one, two = (plane.client_certificate("alice", [group]) for group in ("a", "b"))
    assert one != two
    cluster = json.loads(one.read_text())["clusters"][0]["cluster"]
    assert cluster["server"] == "https://127.0.0.1:20001"


def test_nothing_to_attach_to_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlPlaneError, match="no control plane is running in"):
        ControlPlane.attach(tmp_path)


def test_a_control_plane_whose_owner_is_gone_is_not_attached_to(tmp_path: Path) -> None:
    layout = plane_in(tmp_path).layout
    child = spawn(Command("child", ("true",), tmp_path / "log"))
    assert child.has_ended_within(10)
    Record(PORTS, os.getpid(), {"etcd": child.pid}).write(layout)
    with pytest.raises(ControlPlaneError):
        ControlPlane.attach(tmp_path)


def test_another_set_of_modules_is_another_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = binaries.build_name()
    assert name.startswith(binaries.kubernetes_version())
    for file in ("go.mod", "go.sum"):
        (tmp_path / file).write_bytes((binaries.SOURCE / file).read_bytes())
    with (tmp_path / "go.sum").open("a") as sums:
        sums.write("one more\n")
    monkeypatch.setattr(binaries, "SOURCE", tmp_path)
    assert binaries.build_name() != name


def test_an_incomplete_folder_of_programs_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etcd").touch()
    monkeypatch.setenv(binaries.ASSETS_VARIABLE, str(tmp_path))
    with pytest.raises(binaries.BinariesMissing, match="lacks kube-apiserver, kube-controller-ma"):
        binaries.find_binaries()


def test_the_locked_compiler_is_new_enough_for_the_modules() -> None:
    locked = tuple(map(int, toolchain.locked_version().split(".")))
    assert locked >= toolchain.wanted_version() >= (1, 26)
