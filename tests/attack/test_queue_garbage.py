"""Whoever can write to the queue ends no worker by it: what makes no sense is dropped."""

import json
import uuid
from pathlib import Path

import pytest
from redis import Redis

from devcluster.processes import Child
from devtools.valkey import Valkey
from tests.support.live_portal import wait_for
from tests.support.real_processes import Processes

WORKER = (
    "-m", "celery", "--quiet", "-A", "portal", "worker", "--pool", "threads", "--concurrency", "1",
    "--without-gossip", "--without-mingle", "--loglevel", "info",
)  # fmt: skip
TASK = "onboarding.expire_requests"


def envelope(**changed: object) -> dict[str, object]:
    """A message as Celery sends it."""
    tag = uuid.uuid4().hex
    headers = {"lang": "py", "task": TASK, "id": tag, "root_id": tag, "retries": 0, "eta": None,
               "expires": None, "timelimit": [None, None], "group": None}  # fmt: skip
    properties = {
        "delivery_tag": tag, "delivery_info": {"exchange": "", "routing_key": "celery"},
        "body_encoding": "base64", "correlation_id": tag, "delivery_mode": 2, "priority": 0,
    }  # fmt: skip
    body = "W1tdLCB7fSwgeyJjYWxsYmFja3MiOiBudWxsfV0="
    kind = {"content-type": "application/json", "content-encoding": "utf-8"}
    return {"body": body, **kind, "headers": headers, "properties": properties} | changed


def with_header(**changed: object) -> bytes:
    headers = envelope()["headers"]
    assert isinstance(headers, dict)
    return json.dumps(envelope(headers=headers | changed)).encode()


GARBAGE = {
    "no JSON": b"not json",
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "a number": b"5",
    "a list": b"[]",
    "no envelope": b"{}",
    "null properties": json.dumps(envelope(properties=None)).encode(),
    "no delivery": json.dumps(envelope(properties={"delivery_tag": "x"})).encode(),
    "a tag that is a list": json.dumps(
        envelope(properties={"delivery_tag": [], "delivery_info": {}})
    ).encode(),
    "no base64": json.dumps(envelope(body="%%%")).encode(),
    "headers of another type": json.dumps(envelope(headers=[])).encode(),
    "null headers": json.dumps(envelope(headers=None)).encode(),
    "another content type": json.dumps(envelope(**{"content-type": "x/y"})).encode(),
    "a pickle": json.dumps(envelope(**{"content-type": "application/x-python-serialize"})).encode(),
    "an unknown encoding": json.dumps(envelope(**{"content-encoding": "no-such"})).encode(),
    "an unknown task": with_header(task="os.system"),
    "a task that is a list": with_header(task=[]),
    "an id that is a list": with_header(id=[]),
    "a time that is none": with_header(eta="tomorrow"),
    "an expiry that is none": with_header(expires="never"),
    "limits that are none": with_header(timelimit="x"),
    "arguments that are none": json.dumps(envelope(body="MTI=")).encode(),
}


@pytest.fixture
def worker(portal: Processes, valkey: Valkey) -> Child:
    return portal.with_redis(valkey.url).spawn("worker", *WORKER)


def test_whatever_lies_on_the_queue_ends_no_worker(
    portal: Processes, valkey: Valkey, worker: Child
) -> None:
    queue = Redis(unix_socket_path=str(valkey.socket))
    try:
        for garbage in GARBAGE.values():
            queue.lpush("celery", garbage, json.dumps(envelope()))
        queue.hset("unacked", "x", "not json")
        queue.zadd("unacked_index", {"x": 1.0})
        wait_for(lambda: done(portal.folder) >= len(GARBAGE), "every good one is done")
        wait_for(lambda: not queue.exists("unacked_index"), "nothing is left")
        assert worker.is_alive()
    finally:
        worker.stop()
        queue.close()


def done(folder: Path) -> int:
    return (folder / "worker.log").read_text().count(f"Task {TASK}[") // 2
