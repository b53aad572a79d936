"""Whoever can write to the queue ends no worker by it: what makes no sense is dropped."""

from pathlib import Path

import pytest
from celery import current_app
from kombu.pidbox import Mailbox
from redis import Redis

from devcluster.processes import Child
from devtools.valkey import Valkey
from tests.support.live_portal import wait_for
from tests.support.queue_messages import EXPIRE, envelope, with_header
from tests.support.real_processes import Processes

WORKER = (
    "-m", "celery", "--quiet", "-A", "portal", "worker", "--concurrency", "1",
    "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "info",
)  # fmt: skip


GARBAGE = {
    "no JSON": b"not json",
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "a number": b"5",
    "a list": b"[]",
    "no envelope": b"{}",
    "null properties": envelope(properties=None),
    "no delivery": envelope(properties={"delivery_tag": "x"}),
    "a tag that is a list": envelope(properties={"delivery_tag": [], "delivery_info": {}}),
    "no base64": envelope(body="%%%"),
    "headers of another type": envelope(headers=[]),
    "null headers": envelope(headers=None),
    "another content type": envelope(**{"content-type": "x/y"}),
    "a pickle": envelope(**{"content-type": "application/x-python-serialize"}),
    "an unknown encoding": envelope(**{"content-encoding": "no-such"}),
    "an unknown task": with_header(task="os.system"),
    "a task that is a list": with_header(task=[]),
    "an id that is a list": with_header(id=[]),
    "a time that is none": with_header(eta="tomorrow"),
    "an expiry that is none": with_header(expires="never"),
    "limits that are none": with_header(timelimit="x"),
    "arguments that are none": envelope(body="MTI="),
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
            queue.lpush("people", garbage, envelope())
        queue.hset("unacked", "x", "not json")
        queue.zadd("unacked_index", {"x": 1.0})
        wait_for(lambda: done(portal.folder) >= len(GARBAGE), "every good one is done")
        wait_for(lambda: not queue.exists("unacked_index"), "nothing is left")
        assert worker.is_alive()
    finally:
        worker.stop()
        queue.close()


def done(folder: Path) -> int:
    return (folder / "worker.log").read_text().count(f"Task {EXPIRE}[") // 2


def test_no_control_message_ends_a_worker(portal: Processes, valkey: Valkey, worker: Child) -> None:
    queue = Redis(unix_socket_path=str(valkey.socket))
    try:
        queue.lpush("people", envelope())
        before = done(portal.folder)
        wait_for(lambda: done(portal.folder) > before, "the worker works")
        with current_app.connection_for_write(valkey.url) as connection:
            Mailbox("celery", type="fanout")(connection).abcast("shutdown")
        queue.lpush("people", envelope())
        wait_for(lambda: done(portal.folder) > before + 1, "it goes on")
        assert worker.is_alive()
    finally:
        worker.stop()
        queue.close()
