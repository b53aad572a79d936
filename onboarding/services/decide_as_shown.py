"""Decide what was shown: what a request opens is worked out once more, compared, and kept.

The digest says what was asked for; what that opens depends on the cluster as well, which moves. Who
decides one request on its page decides by this; who decides many at once was shown no picture.
"""

from datetime import datetime

from onboarding.domain.approval import Signed
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import NotFound
from onboarding.models import Request, Vote
from onboarding.queries.request_picture import picture_of_request
from onboarding.queries.requests import visible_to
from onboarding.services.decide import Pictured, decide
from onboarding.services.history import By


def decide_as_shown(
    request_id: int,
    *,
    lane: Lane,
    vote: Vote,
    by: By,
    digest: str,
    reason: str,
    now: datetime,
    token: str,
    signature: Signed | None = None,
) -> Request:
    """Decide as `decide` does, for the picture that was shown, and keep it with the decision.

    `token` is `Shown.token` of what was shown, "" where nothing was. Raises ShownOtherwise when it
    shows something else now, and whatever `decide` raises.

    The picture is worked out before `decide` locks the row: what a look writes in between is in
    neither the comparison nor what is kept, whose `seen_at` says as of when it is. What the request
    asks for cannot move in between: `decide` compares the digest under its lock.
    """
    request = visible_to(by.permissions).filter(pk=request_id).first()
    if request is None:
        raise NotFound
    return decide(
        request_id,
        lane=lane,
        vote=vote,
        by=by,
        digest=digest,
        reason=reason,
        now=now,
        signature=signature,
        picture=_pictured(request, digest, token),
    )


def _pictured(request: Request, digest: str, token: str) -> Pictured | None:
    """Return what the page shows now; None where `decide` will refuse: another state or digest."""
    if request.state != RequestState.PENDING.value or request.digest != digest:
        return None
    return Pictured(picture_of_request(request), token)
