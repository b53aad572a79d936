"""What docker-compose.yml and its environment files promise, as far as texts can say it."""

import base64
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from devcluster.processes import Child, Command, choose_port, spawn
from devtools.valkey import find_valkey
from tests.support.live_portal import wait_for

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PASSWORD = "only-for-this-test"


def given(name: str) -> set[str]:
    return {Path(path).name for path in SERVICES[name].get("env_file", ())}


def on(network: str) -> set[str]:
    return {name for name, one in SERVICES.items() if network in one["networks"]}


def make_env(folder: Path, *arguments: str) -> dict[str, dict[str, str]]:
    """Run a copy of the script; return what its files say."""
    shutil.copy(ROOT / "deploy/make_env.py", folder)
    subprocess.run(
        [sys.executable, str(folder / "make_env.py"), *arguments], check=True, capture_output=True
    )
    return {
        path.name: dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        for path in (folder / "env").iterdir()
    }


def test_m15_only_the_step_that_migrates_is_given_the_owner_of_the_database() -> None:
    assert {name for name in SERVICES if "migrate.env" in given(name)} == {"migrate"}
    assert {name for name in SERVICES if "postgres.env" in given(name)} == {"postgres"}
    assert SERVICES["migrate"]["restart"] == "no"


def test_the_web_process_is_given_no_key_to_a_cluster() -> None:
    has_keys = {name for name in SERVICES if "worker.env" in given(name)}
    assert has_keys == {"worker", "beat", "sweeper"}


def test_n19_each_process_is_on_the_networks_it_needs() -> None:
    assert on("database") == {"postgres", "migrate", "web", "worker", "sweeper"}
    assert on("queue") == {"redis", "web", "worker", "beat"}
    assert on("clusters") == {"cluster", "worker", "sweeper"}
    assert on("front") == {"web", "sweeper"}


def test_n19_from_database_and_queue_nothing_goes_out() -> None:
    assert {name for name, one in COMPOSE["networks"].items() if one} == {"database", "queue"}
    assert all(COMPOSE["networks"][name]["internal"] for name in ("database", "queue"))


def test_m15_the_portal_connects_as_the_role_that_is_granted(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    portal, migrate = files["portal.env"], files["migrate.env"]
    owner = f"//bulkhead:{files['postgres.env']['POSTGRES_PASSWORD']}@"
    application = f"//bulkhead_app:{migrate['BULKHEAD_APPLICATION_PASSWORD']}@"
    assert owner in migrate["BULKHEAD_DATABASE_URL"]
    assert application in portal["BULKHEAD_DATABASE_URL"]
    assert "grant_application_role bulkhead_app" in SERVICES["migrate"]["command"][-1]


def test_every_file_is_its_owners_alone_and_named_in_the_compose_file(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    assert set().union(*map(given, SERVICES)) == set(files)
    for path in (tmp_path / "env").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


OLD = "postgres://bulkhead:secret@postgres:5432/bulkhead"


@pytest.fixture
def old_files(tmp_path: Path) -> Path:
    """The folder of a release that knew one role and no key of second factors."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env/portal.env").write_text(f"# ours\nBULKHEAD_DATABASE_URL={OLD}\nBULKHEAD_X=1")
    return tmp_path


def test_m15_files_of_one_role_become_files_of_two(old_files: Path) -> None:
    files = make_env(old_files, "--upgrade")
    password = files["migrate.env"]["BULKHEAD_APPLICATION_PASSWORD"]
    assert files["migrate.env"]["BULKHEAD_DATABASE_URL"] == OLD
    assert f"//bulkhead_app:{password}@" in files["portal.env"]["BULKHEAD_DATABASE_URL"]
    assert (old_files / "env/portal.env").read_text().startswith("# ours\nBULKHEAD_X=1\n")
    assert stat.S_IMODE((old_files / "env/portal.env").stat().st_mode) == 0o600


def test_an_upgrade_adds_the_key_of_second_factors_and_keeps_it(old_files: Path) -> None:
    files = make_env(old_files, "--upgrade")
    assert len(base64.b64decode(files["portal.env"]["BULKHEAD_SECOND_FACTOR_KEYS"])) == 32
    assert make_env(old_files, "--upgrade") == files


def test_an_upgrade_that_was_cut_off_goes_on_with_the_same_password(old_files: Path) -> None:
    cut_off = (old_files / "env/portal.env").read_text()
    migrate = make_env(old_files, "--upgrade")["migrate.env"]
    (old_files / "env/portal.env").write_text(cut_off)
    (old_files / "env/portal.env.new").write_text("BULKHEAD_DATABASE_URL=post")
    files = make_env(old_files, "--upgrade")
    assert files["migrate.env"] == migrate
    assert migrate["BULKHEAD_APPLICATION_PASSWORD"] in files["portal.env"]["BULKHEAD_DATABASE_URL"]


def test_a_new_environment_has_what_an_upgrade_adds(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    assert make_env(tmp_path, "--upgrade") == files


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[tuple[Child, int]]:
    """The queue as the compose file starts it, but for its folders and its port."""
    (tmp_path / "valkey-server").symlink_to(find_valkey())
    port = choose_port()
    [shell, option, script] = SERVICES["redis"]["command"]
    own = script.replace("$$", "$").replace("/tmp", str(tmp_path)).replace("/data", str(tmp_path))
    command = Command(
        "queue",
        (shell, option, f"{own.strip()} --port {port}"),
        tmp_path / "queue.log",
        environment={"PATH": f"{tmp_path}:{os.environ['PATH']}", "REDISCLI_AUTH": PASSWORD},
    )
    child = spawn(command)
    yield child, port
    child.stop()


def answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, password=PASSWORD) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_n19_the_queue_asks_for_a_password_that_no_command_line_shows(
    queue: tuple[Child, int],
) -> None:
    assert "requirepass" not in SERVICES["redis"]["command"][-1].rpartition("exec")[2]
    child, port = queue
    wait_for(lambda: answers(port), "the queue answers")
    with redis.Redis(port=port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    assert PASSWORD.encode() not in Path(f"/proc/{child.process.pid}/cmdline").read_bytes()
