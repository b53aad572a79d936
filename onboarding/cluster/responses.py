"""Read one HTTP answer as untrusted input, and say what a refusal means.

Size, time, depth and encoding are bounded here, so a hostile or broken server costs a worker no
more than one bounded wait. Second part of every gateway call: connections.py is the first, and
expected.py the last.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

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
LONGEST_RETRY_AFTER_SECONDS = 30.0  # API servers ask for 32 at most; more is another's
_PIECE = 64 * 1024
JSON_TYPE = "application/json"


class Purpose(Enum):
    """What a request was for: it decides what a refusal can mean."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"


@dataclass(frozen=True)
class Response:
    """One complete answer. `body` is {} where the server sent none; always a JSON object.

    `size` is how many bytes it took, `media_type` what they are said to be, `date` the server's
    clock when it began to answer.
    """

    status: int
    body: Manifest
    retry_after: float | None = None
    size: int = 0
    date: datetime | None = None
    media_type: str = JSON_TYPE


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
    media_type = _media_type(response.headers.get("Content-Type", ""))
    body = _tree(raw if media_type == JSON_TYPE else b"", status=response.status)
    retry_after = _retry_after(response.headers.get("Retry-After", ""))
    date = date_of(response.headers.get("Date", ""))
    size, status = len(raw), response.status
    return Response(status, body, retry_after, size=size, date=date, media_type=media_type)


def tells_missing(answer: Response, key: Key) -> bool:
    """Return whether this is the API server's own word that the object `key` does not exist.

    Anything in front of it answers 404 too: only a Status that names kind and name as they were
    asked for says something about an object (meta/v1, StatusDetails).
    """
    details, resource = branch(answer.body, "details"), KINDS[key.kind]
    named = text(details, "kind"), text(details, "group"), text(details, "name")
    is_said = answer.status == 404 and _is_status(answer)
    is_said = is_said and text(answer.body, "reason") == "NotFound" and bool(key.name)
    return is_said and named == (resource.plural, resource.group, key.name)


def lost_snapshot(answer: Response) -> bool:
    """Return whether the server says that it has forgotten the moment a list shows."""
    return answer.status == 410 and _is_status(answer)


def refusal(answer: Response, *, key: Key | None, purpose: Purpose) -> ClusterError:
    """Return the error an unsuccessful answer stands for. A 403 is AccessDenied until looked into.

    The purpose tells a taken name from a stale write; both are 409. What is not literally the API
    server's is a fault of the line, never a fact about an object.
    """
    if not _is_the_servers(answer, key):
        return _not_from_the_server(answer, key)
    if answer.status == 404 and not _names_missing(answer, key, purpose):
        return _not_from_the_server(answer, key)
    kind = _REFUSALS.get(answer.status, ServerFault)
    if purpose is Purpose.READ and issubclass(kind, Refused | WriteConflict):
        kind = ServerFault  # nothing was sent that could be refused
    if purpose is Purpose.CREATE and key and _names_taken(answer, key):
        kind = AlreadyExists
    message = text(answer.body, "message") or f"the API server answered {answer.status}"
    return kind(
        message,
        status=answer.status,
        reason=text(answer.body, "reason"),
        key=key,
        retry_after=answer.retry_after or _advised_delay(answer.body),
    )


def _is_the_servers(answer: Response, key: Key | None) -> bool:
    """Return whether an API server answers so: with a Status, and about nothing else.

    Only where it has no time for anything it says so in plain text.
    """
    if answer.status == 429 and answer.media_type == "text/plain":
        return True
    return _is_status(answer) and (key is None or _is_about(answer, key))


def _is_status(answer: Response) -> bool:
    said = tuple(answer.body.get(name) for name in ("kind", "apiVersion", "status", "code"))
    return said == ("Status", "v1", "Failure", answer.status)


def _is_about(answer: Response, key: Key) -> bool:
    """Return whether a Status names the object, what it lies in, or nothing.

    What a 404 names is looked into elsewhere: it may be the role that an object binds.
    """
    named = text(answer.body, "details", "name")
    return answer.status == 404 or not key.name or named in {"", key.name, key.namespace}


def _names_taken(answer: Response, key: Key) -> bool:
    details = branch(answer.body, "details")
    is_said = answer.status == 409 and text(answer.body, "reason") == "AlreadyExists"
    return is_said and text(details, "name") == key.name


def _names_missing(answer: Response, key: Key | None, purpose: Purpose) -> bool:
    """Return whether a 404 names the object, the namespace it lies in, or the role it binds."""
    if key is None or purpose is Purpose.READ:
        return False
    may_be_missing = [] if purpose is Purpose.CREATE else [key]
    if key.namespace:
        may_be_missing.append(Key("Namespace", "", key.namespace))
    if key.kind == "RoleBinding":
        may_be_missing.append(Key("ClusterRole", "", text(answer.body, "details", "name")))
    return any(tells_missing(answer, one) for one in may_be_missing)


def _not_from_the_server(answer: Response, key: Key | None) -> ServerFault:
    said = f"something answered {answer.status}, and not as a Kubernetes API server does"
    return ServerFault(said, status=answer.status, key=key, retry_after=answer.retry_after)


_REFUSALS: dict[int, type[ClusterError]] = {
    400: Refused,
    401: Unauthorized,
    403: AccessDenied,
    404: ObjectMissing,
    405: Refused,
    406: Refused,
    408: TimedOut,
    409: WriteConflict,
    413: Refused,
    415: Refused,
    422: Refused,
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


def _media_type(header: str) -> str:
    """Return what the answer is said to be, "" for text that is not in UTF-8."""
    media_type, _, parameters = header.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    return media_type.strip() if charset in {"", "utf-8"} else ""


def _tree(raw: bytes, *, status: int) -> Manifest:
    """Return the JSON object of an answer, {} where something unsuccessful has none."""
    if 300 <= status < 400:
        raise ServerFault("the API server answered with a redirect; none is followed")
    try:
        # NUL is legal JSON text that PostgreSQL cannot store.
        plain = raw.decode("utf-8").replace(r"\u0000", r"\ufffd")
        tree: Json = json.loads(plain, parse_constant=_not_json)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        if status < 400:
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
