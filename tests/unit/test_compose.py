"""What docker-compose.yml and its environment files promise, as far as texts can say it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from devcluster.processes import Child, Command, choose_port, spawn
from devtools.valkey import find_valkey
from portal.web_worker import LARGEST_BODY
from tests.support.live_portal import wait_for

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PASSWORD = "only-for-this-test"


def given(name: str) -> set[str]:
    return {Path(path).name for path in SERVICES[name].get("env_file", ())}


def on(network: str) -> set[str]:
    return {name for name, one in SERVICES.items() if network in one["networks"]}


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
    assert on("front") == {"web", "proxy"}


def test_n19_from_database_and_queue_nothing_goes_out() -> None:
    assert {name for name, one in COMPOSE["networks"].items() if one} == {"database", "queue"}
    assert all(COMPOSE["networks"][name]["internal"] for name in ("database", "queue"))


OWN = ["postgres", "redis", "migrate", "web", "worker", "beat", "sweeper", "proxy"]
PORTAL = ["migrate", "web", "worker", "beat", "sweeper"]


@pytest.mark.parametrize("name", OWN)
def test_every_process_is_confined_and_bounded(name: str) -> None:
    one = SERVICES[name]
    assert (one["read_only"], one["cap_drop"], one["init"]) == (True, ["ALL"], True)
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one.get("user", "0").partition(":")[0] != "0" or one["cap_add"] == ["NET_BIND_SERVICE"]
    assert {"mem_limit", "pids_limit"} <= set(one)
    assert {"max-size", "max-file"} <= set(one["logging"]["options"])


def test_the_image_is_built_once_and_named_by_its_release() -> None:
    assert [name for name, one in SERVICES.items() if "build" in one] == ["migrate"]
    assert {SERVICES[name]["image"] for name in PORTAL} == {"bulkhead:${BULKHEAD_VERSION:-latest}"}
    assert {SERVICES[name]["pull_policy"] for name in PORTAL} == {"never"}


def test_the_image_knows_its_release() -> None:
    given = SERVICES["migrate"]["build"]["args"]
    assert given == {"BULKHEAD_VERSION": "${BULKHEAD_VERSION:-}"}
    last_stage = (ROOT / "deploy/Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "\nARG BULKHEAD_VERSION=" in last_stage
    assert "\nENV BULKHEAD_VERSION=$BULKHEAD_VERSION\n" in last_stage


def test_what_migrates_asks_at_its_end_what_the_database_lacks() -> None:
    steps = [step.split() for step in SERVICES["migrate"]["command"][-1].split("&&")]
    assert [step[2] for step in steps] == [
        "migrate", "createcachetable", "grant_application_role", "check",
    ]  # fmt: skip
    assert steps[-1][3:] == ["--database", "default"]


def test_worker_beat_and_sweeper_run_as_the_procfile_has_it() -> None:
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines())
    commands = {name: command.replace(" --quiet", "") for name, _, command in lines}
    of_procfile = {name: commands[name] for name in ("worker", "beat", "sweeper")}
    assert {name: SERVICES[name]["command"] for name in of_procfile} == of_procfile


def test_the_proxy_hands_on_whole_requests_and_more_than_the_portal_takes() -> None:
    proxy = (ROOT / "deploy/proxy/Caddyfile").read_text()
    [buffered] = re.findall(r"reverse_proxy web:8000 \{\s+request_buffers (\d+)MB\s", proxy)
    assert int(buffered) * 1_000_000 > LARGEST_BODY


def test_nobody_waits_for_the_queue() -> None:
    waits = {
        name: one["depends_on"].get("redis") for name, one in SERVICES.items() if name in PORTAL
    }
    bound = {"condition": "service_started", "required": False}
    assert waits == {name: bound if name in {"worker", "beat"} else None for name in PORTAL}


def test_each_check_of_health_is_about_the_process_itself() -> None:
    checks = {name: SERVICES[name]["healthcheck"]["test"] for name in PORTAL if name != "migrate"}
    assert checks.pop("web")[-2:] == ["127.0.0.1:8000", "/healthz"]
    touched = SERVICES["sweeper"]["environment"]["BULKHEAD_ALIVE_FILE"]
    assert all(check[3:5] == ["--alive", touched] for check in checks.values())


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
