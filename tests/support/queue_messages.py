"""Messages as Celery puts them on the queue, written by whoever can write there."""

import base64
import json
import uuid

EXPIRE = "onboarding.expire_requests"
NOTHING_MORE = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def envelope(*, task: str = EXPIRE, args: tuple[object, ...] = (), **changed: object) -> bytes:
    """A message that asks for `task`; `changed` are other fields than Celery would write."""
    return json.dumps(fields(task=task, args=args) | changed).encode()


def with_header(**changed: object) -> bytes:
    headers = fields()["headers"]
    assert isinstance(headers, dict)
    return envelope(headers=headers | changed)


def fields(*, task: str = EXPIRE, args: tuple[object, ...] = ()) -> dict[str, object]:
    tag = uuid.uuid4().hex
    headers = {"lang": "py", "task": task, "id": tag, "root_id": tag, "retries": 0, "eta": None,
               "expires": None, "timelimit": [None, None], "group": None}  # fmt: skip
    properties = {
        "delivery_tag": tag, "delivery_info": {"exchange": "", "routing_key": "chores"},
        "body_encoding": "base64", "correlation_id": tag, "delivery_mode": 2, "priority": 0,
    }  # fmt: skip
    body = base64.b64encode(json.dumps([args, {}, NOTHING_MORE]).encode()).decode()
    kind = {"content-type": "application/json", "content-encoding": "utf-8"}
    return {"body": body, **kind, "headers": headers, "properties": properties}
