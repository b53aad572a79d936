"""What a passkey is asked to sign, as a page's script needs it: JSON, made when the button is hit.

The statement is made here and nowhere else, from the form as it stands; it comes back with the
signature, and the services compare it with what is then decided, asked or confirmed.
"""

from collections.abc import Iterable

from django.http import HttpResponse, JsonResponse

from onboarding.domain.approval import MAY_TAKE, challenge_of, new_nonce, to_text
from onboarding.domain.canonical import canonical
from onboarding.domain.lanes import Lane
from onboarding.domain.objects import Manifest
from onboarding.domain.refusals import Conflict, Invalid, NotFound
from onboarding.forms.decision import DecisionForm, Word
from onboarding.models import ApprovalKey
from onboarding.queries import refreshes
from onboarding.queries.approval_keys import confirming, keys_for, usable_keys_of
from onboarding.queries.passkeys import passkeys_of
from onboarding.queries.requests import load_sent
from onboarding.services.approval_keys import confirmation_for, enrolment_for
from onboarding.services.clock import database_now
from onboarding.services.signed_words import word_on, word_on_many
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import only

TIMEOUT_MS = 120_000
FIELDS = ("lane", "vote", "digest", "picture", "reason", "signed")


@forms_only
@allow(Who.READERS)
def decision_challenge(request: SignedIn, public_id: str) -> HttpResponse:
    """Answer with what to sign for a decision on one lane of a request."""
    row = load_sent(request.permissions, public_id)
    try:
        said = _said(request)
        word = word_on(
            row,
            lane=said["lane"],
            vote=said["vote"],
            person=request.user,
            digest=said["digest"],
            reason=said["reason"],
        )
    except (Invalid, Conflict) as refusal:
        return _refused(refusal)
    return _ask(request, word.statement(expires_at=database_now() + MAY_TAKE), said["lane"])


@forms_only
@allow(Who.READERS)
def refresh_challenge(request: SignedIn, public_id: str) -> HttpResponse:
    """Answer with what to sign for one word on a lane of all requests that are decided together."""
    row = refreshes.load_refresh(request.permissions, public_id)
    try:
        said = _said(request)
    except Invalid as refusal:
        return _refused(refusal)
    parts = refreshes.together(refreshes.parts_of(row, request.permissions), said["lane"])
    if not parts or refreshes.digest_of_parts(parts) != said["digest"]:
        return _refused(Conflict("It is not what you were shown any more. Review it again."))
    one = word_on(
        parts[0].request,
        lane=said["lane"],
        vote=said["vote"],
        person=request.user,
        digest="",
        reason=said["reason"],
    )
    word = word_on_many(one, refresh=row.public_id, parts=refreshes.named_parts(parts))
    return _ask(request, word.statement(expires_at=database_now() + MAY_TAKE), said["lane"])


@forms_only
@allow(Who.SIGNERS)
def approval_key_ask_challenge(request: SignedIn) -> HttpResponse:
    """Answer with what a passkey has to sign to be enrolled."""
    only(request, "passkey", "signed")
    wanted = request.POST.get("passkey", "")
    found = [one for one in passkeys_of(request.user) if str(one.id) == wanted]
    if not found:
        return _refused(Invalid("Choose one of your passkeys."))
    enrolment = enrolment_for(
        by(request),
        credential=found[0].credential,
        public_key=found[0].public_key,
        now=database_now(),
    )
    return _challenge(request, enrolment.statement(), [to_text(found[0].credential)])


@forms_only
@allow(Who.PLATFORM_ADMINS)
def approval_key_confirm_challenge(request: SignedIn, public_id: str) -> HttpResponse:
    """Answer with what a platform admin has to sign to confirm somebody's key."""
    only(request, "signed")
    key = ApprovalKey.objects.filter(public_id=public_id).first()
    if key is None:
        raise NotFound("No such approval key.")
    own = confirming(usable_keys_of(request.user))
    try:
        statement = confirmation_for(key, by=by(request), now=database_now())
    except Conflict as refusal:
        return _refused(refusal)
    return _challenge(request, statement, [one.credential for one in own])


def _said(request: SignedIn) -> Word:
    """Return the word of the form as it stands. Raise Invalid where the form would show why."""
    only(request, *FIELDS)
    form = DecisionForm(request.POST, offered=list(Lane))
    if not form.is_valid():
        words = [str(error) for errors in form.errors.values() for error in errors]
        raise Invalid(" ".join(words))
    return form.word


def _ask(request: SignedIn, statement: Manifest, lane: Lane) -> HttpResponse:
    keys = keys_for(lane, usable_keys_of(request.user))
    return _challenge(request, statement, [key.credential for key in keys])


def _challenge(request: SignedIn, statement: Manifest, credentials: Iterable[str]) -> HttpResponse:
    """Answer with WebAuthn's request options, and the statement they are about."""
    nonce, text = new_nonce(), canonical(statement)
    allowed = [{"type": "public-key", "id": credential} for credential in credentials]
    if not allowed:
        return _refused(Invalid("You have no confirmed approval key for this."))
    return JsonResponse(
        {
            "statement": text.decode(),
            "nonce": to_text(nonce),
            "publicKey": {
                "challenge": to_text(challenge_of(text, nonce)),
                "rpId": request.get_host().partition(":")[0],
                "allowCredentials": allowed,
                "userVerification": "required",
                "timeout": TIMEOUT_MS,
            },
        }
    )


def _refused(refusal: Invalid | Conflict) -> HttpResponse:
    return JsonResponse({"error": str(refusal)}, status=422)
