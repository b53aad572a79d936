"""What a cluster may answer instead of doing what it was asked: one exception per consequence.

The gateway translates every failure here once, so nothing above it knows HTTP or the client
library. Which class means what for a namespace or a cluster is the caller's business.
"""

from onboarding.domain.objects import Key

LONGEST_MESSAGE = 2000


class ClusterError(Exception):
    """Something went wrong between the portal and a cluster.

    `message` holds the server's own words where it spoke, at most 2,000 characters, as untrusted
    text. `status` is None when no answer came. `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        key: Key | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message = _speakable(message)
        self.status = status
        self.reason = _speakable(reason)
        self.key = key
        self.retry_after = retry_after
        super().__init__(self.message)

    def __str__(self) -> str:
        named = self.key is not None and self.key.name
        return f"{self.key}: {self.message}" if named else self.message


class Unreachable(ClusterError):
    """No connection: refused, reset, name unknown, no TLS spoken there."""


class Untrusted(ClusterError):
    """The server's certificate was not accepted: another CA or name, or expired."""


class TimedOut(ClusterError):
    """Connected, but no complete answer in time. The effect of a write is unknown."""


class Unauthorized(ClusterError):
    """401: the credential is expired, revoked or wrong."""


class AccessDenied(ClusterError):
    """403 for want of a grant: what the platform admin installed does not cover this."""


class Refused(ClusterError):
    """The object was not accepted: validation, admission, quota, any other 4xx."""


class ObjectMissing(ClusterError):
    """404 on a write: the namespace, or the kind itself, does not exist."""


class AlreadyExists(ClusterError):
    """409 on create: somebody has the name."""


class WriteConflict(ClusterError):
    """409 on a later write: what was read is stale, or the uid is another object's."""


class Busy(ClusterError):
    """429: the server asks for patience; see `retry_after`."""


class ServerFault(ClusterError):
    """5xx, or an answer that cannot be an API server's: garbled, cut short, too large, redirect."""


class TooLarge(ServerFault):
    """More than is read of one answer, or of one list."""


def _speakable(words: str) -> str:
    """Return the words without control characters and lone surrogates, which databases refuse."""
    plain = words[: 4 * LONGEST_MESSAGE].encode("utf-8", "replace").decode("utf-8")
    spoken = "".join(c if c.isprintable() or c == "\n" else " " for c in plain)
    return spoken[:LONGEST_MESSAGE]
