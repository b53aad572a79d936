"""Read one HTTP answer as untrusted input, and say what a refusal means.

Size, time, depth and encoding are bounded here, so a hostile or broken server costs a worker no
more than one bounded wait. Second half of every gateway call; connections.py is the first.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime

import urllib3

from onboarding.cluster.errors import (
    AccessDenied,
    AlreadyExists,
    Busy,
    ClusterError,
    ObjectMissing,
    Refused,
    ServerFault,
    TimedOut,
    TooLarge,
    Unauthorized,
    WriteConflict,
)
from onboarding.cluster.kinds import KINDS
from onboarding.cluster.server_time import date_of
from onboarding.domain.objects import Json, Key, Manifest, branch, text

LARGEST_ANSWER = 64 * 1024 * 1024
DEEPEST_ANSWER = 64
SLOWEST_ANSWER_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Response:
    """One complete answer. `body` is {} where the server sent none; always a JSON object.

    `size` is how many bytes it took. `date` is the server's clock when it began to answer.
    """

    status: int
    body: Manifest
    retry_after: float | None = None
    size: int = 0
    date: datetime | None = None

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300


def read_answer(response: urllib3.BaseHTTPResponse, *, largest: int | None = None) -> Response:
    """Read and check the answer, of at most `largest` bytes.

    Raise TooLarge, ServerFault or TimedOut if it breaks a bound or is no JSON.

    The connection goes back to its pool when all was read, and is closed otherwise.
    """
    if response.headers.get("Content-Encoding", "identity") != "identity":
        response.close()
        raise ServerFault("the answer is compressed, which nobody asked for")
    try:
        raw = _all_bytes(response, largest or LARGEST_ANSWER)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise TimedOut("the answer stopped half-way") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ServerFault("the answer was cut short") from error
    body = _tree(raw, status=response.status)
    retry_after = _retry_after(response.headers.get("Retry-After", ""))
    date = date_of(response.headers.get("Date", ""))
    return Response(response.status, body, retry_after, size=len(raw), date=date)


def tells_missing(answer: Response, key: Key) -> bool:
    """Return whether this is the API server's own word that the object `key` does not exist.

    Anything in front of it answers 404 too: only a Status that names kind and name as they were
    asked for says something about an object (meta/v1, StatusDetails).
    """
    details, resource = branch(answer.body, "details"), KINDS[key.kind]
    named = text(details, "kind"), text(details, "group"), text(details, "name")
    is_said = answer.status == 404 and _is_status(answer)
    is_said = is_said and text(answer.body, "reason") == "NotFound"
    return is_said and named == (resource.plural, resource.group, key.name)


def refusal(answer: Response, *, key: Key | None, creating: bool) -> ClusterError:
    """Return the error an unsuccessful answer stands for. A 403 is AccessDenied until looked into.

    `creating` tells a taken name from a stale write; both are 409. What is not literally the API
    server's is a fault of the line, never a fact about an object.
    """
    if answer.status in _ABOUT_OBJECTS and not _is_status(answer):
        return _not_from_the_server(answer, key)
    if answer.status == 404 and not _names_missing(answer, key, creating=creating):
        return _not_from_the_server(answer, key)
    if answer.status == 409:
        kind: type[ClusterError] = AlreadyExists if creating else WriteConflict
    else:
        kind = _REFUSALS.get(answer.status) or (
            Refused if 400 <= answer.status < 500 else ServerFault
        )
    message = text(answer.body, "message") or f"the API server answered {answer.status}"
    return kind(
        message,
        status=answer.status,
        reason=text(answer.body, "reason"),
        key=key,
        retry_after=answer.retry_after or _advised_delay(answer.body),
    )


def _is_status(answer: Response) -> bool:
    return answer.body.get("kind") == "Status"


def _names_missing(answer: Response, key: Key | None, *, creating: bool) -> bool:
    """Return whether a 404 names the object, the namespace it lies in, or the role it binds."""
    if key is None:
        return False
    may_be_missing = [] if creating else [key]
    if key.namespace:
        may_be_missing.append(Key("Namespace", "", key.namespace))
    if key.kind == "RoleBinding":
        may_be_missing.append(Key("ClusterRole", "", text(answer.body, "details", "name")))
    return any(tells_missing(answer, one) for one in may_be_missing)


def _not_from_the_server(answer: Response, key: Key | None) -> ServerFault:
    said = f"something answered {answer.status}, and not as a Kubernetes API server does"
    return ServerFault(said, status=answer.status, key=key, retry_after=answer.retry_after)


# Statuses that would say something about one object: these must be the API server's own words.
_ABOUT_OBJECTS = frozenset({400, 404, 405, 406, 409, 410, 413, 415, 422})

_REFUSALS: dict[int, type[ClusterError]] = {
    401: Unauthorized,
    403: AccessDenied,
    404: ObjectMissing,
    408: TimedOut,
    429: Busy,
}


def _all_bytes(response: urllib3.BaseHTTPResponse, largest: int) -> bytes:
    pieces: list[bytes] = []
    size, deadline = 0, time.monotonic() + SLOWEST_ANSWER_SECONDS
    # read1 returns after one receive, so a server that drips bytes meets the deadline.
    while piece := response.read1(_PIECE, decode_content=False):
        pieces.append(piece)
        size += len(piece)
        if size > largest:
            response.close()
            raise TooLarge(f"the answer is larger than {largest // 1024**2} MiB")
        if time.monotonic() > deadline:
            response.close()
            raise TimedOut(f"no complete answer within {SLOWEST_ANSWER_SECONDS:.0f} s")
    return b"".join(pieces)


def _tree(raw: bytes, *, status: int) -> Manifest:
    if 300 <= status < 400:
        raise ServerFault("the API server answered with a redirect; none is followed")
    try:
        # NUL is legal JSON text that PostgreSQL cannot store.
        tree: Json = json.loads(raw.replace(rb"\u0000", rb"\ufffd"), parse_constant=_not_json)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        if status < 400 or status == 403:
            raise ServerFault("the answer is not from a Kubernetes API server", status=status)
        return {}
    if _deeper_than(tree, DEEPEST_ANSWER):
        raise ServerFault(f"the answer is nested deeper than {DEEPEST_ANSWER} levels")
    return tree


def _not_json(constant: str) -> Json:
    raise ValueError(constant)


def _deeper_than(tree: Json, levels: int) -> bool:
    level: list[dict[str, Json] | list[Json]] = [tree] if isinstance(tree, dict | list) else []
    for _ in range(levels):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _retry_after(header: str) -> float | None:
    """Return the seconds, capped. The date form is not used by API servers and is ignored."""
    return min(float(header), LONGEST_RETRY_AFTER_SECONDS) if header.isdecimal() else None


def _advised_delay(status: Manifest) -> float | None:
    seconds = branch(status, "details").get("retryAfterSeconds")
    return min(float(seconds), LONGEST_RETRY_AFTER_SECONDS) if isinstance(seconds, int) else None
