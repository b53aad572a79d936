"""The worker's question before its first write: did people sign this, where the lane demands it?

Second to services/approved.py, which asks whether decisions and content fit together as rows. Rows
can be written by whoever takes over the web process; signatures cannot.
"""

from onboarding.domain.approval import MAY_TAKE, Unreadable, read_signed, read_time
from onboarding.domain.lanes import Lane
from onboarding.domain.ownership import DIGEST, marks_of
from onboarding.models import Decision, DecisionSignature, Request, Revision, Vote
from onboarding.queries.approval_keys import lanes_to_sign
from onboarding.queries.subjects import subject_of
from onboarding.services.approved import NotApproved
from onboarding.services.assertions import NotVerified, check_assertion
from onboarding.services.key_ring import NotEnrolled, check_key
from onboarding.services.phases.work import Work
from onboarding.services.signed_words import as_it_was_signed, why_not_said, word_on

WAY_ON = (
    "Nothing was changed on the cluster. Send a new request, and have it approved with passkeys."
)


class NotSigned(NotApproved):
    """An approval that has to be signed is not, or its signature does not hold."""


def check_signed(revision: Revision | None, work: Work) -> None:
    """Raise NotSigned unless every lane that demands it was approved with a signature that holds.

    What the cluster carries already was checked when it was first applied: the Namespace's marks
    say so, which nobody but the portal and break-glass can write. It goes on being repaired.
    """
    if revision and not _is_applied(work):  # without one nothing gets this far: see check_approved
        check_signatures(revision.request)


def check_signatures(request: Request) -> None:
    """Raise NotSigned for the first lane of the request that lacks a signature it needs.

    The lanes are believed as the digest covers them, in the same reading: rows may change between
    two looks at them.
    """
    subject = subject_of(request)
    if subject.digest != request.digest and lanes_to_sign(Lane):
        raise NotSigned(f"The digest of {request.label} does not cover its approvals. {WAY_ON}")
    for lane in sorted(lanes_to_sign(needed.lane for needed in subject.lanes)):
        if why := _why_not(request, lane):
            raise NotSigned(f"The {lane} approval of {request.label} {why}. {WAY_ON}")


def _is_applied(work: Work) -> bool:
    """Tell whether the live namespace is of exactly this generation and content."""
    marks = marks_of(work.live.get(work.namespace_key, {}))
    wanted = {"generation": str(work.generation), "digest": work.stamps[DIGEST]}
    return all(marks.get(name) == value for name, value in wanted.items())


def _why_not(request: Request, lane: Lane) -> str:
    """Return why the lane's approval does not hold: "The approval {why}"; "" if it does."""
    decision = (
        Decision.objects.filter(request=request, lane=lane.value, voided_at__isnull=True)
        .select_related("person")
        .first()
    )
    if decision is None:
        return "is missing"
    if decision.person_id == request.requester_id:
        return "is by who asked for it"
    signature = DecisionSignature.objects.filter(decision=decision).select_related("key").first()
    if signature is None:
        return "is not signed"
    try:
        return _check(request, decision, signature)
    except NotEnrolled as error:
        return f"is signed with a key that {error}"
    except NotVerified as error:
        return f"has a signature that {error}"
    except Unreadable as error:
        return f"has a signature that cannot be read: {error}"
    except (OverflowError, RecursionError, ValueError):  # rows may hold what no signature has
        return "has a signature that cannot be checked, by what stands beside it in the database"


def _check(request: Request, decision: Decision, signature: DecisionSignature) -> str:
    signed = read_signed(signature.statement, signature.proof)
    word = word_on(
        request,
        lane=Lane(decision.lane),
        vote=Vote.APPROVE,
        person=decision.person,
        digest=request.digest,
        reason=decision.reason,
    )
    refresh = request.refresh.public_id if request.refresh else None
    if wrong := why_not_said(signed, as_it_was_signed(word, signed, refresh=refresh)):
        return f"is signed {wrong}"
    expires_at = read_time(signed.said["expires_at"])
    if not decision.decided_at <= expires_at <= decision.decided_at + MAY_TAKE:
        return "was signed for another time"
    enrolment = check_key(signature.key, at=decision.decided_at, portal=word.portal)
    if enrolment.person != word.person:
        return "is signed with somebody else's key"
    if word.lane not in enrolment.lanes:
        return "is signed with a key that is not enrolled for it"
    if signed.credential != enrolment.credential:
        return "is signed with another key than it names"
    check_assertion(signed, enrolment.public_key)
    return ""
