"""An event as a sentence that goes on after its actor: "approved payments-prod for network".

Every sentence names its subject, and what the reader may open is a link. What has no sentence of
its own yet is told by the words of its action and its subject.
"""

import json
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Json, Manifest, branch, text
from onboarding.models import Event
from onboarding.pages.event_links import EventLinks
from onboarding.pages.step_words import WORDS as STEP_WORDS
from onboarding.templatetags.states import face_of

Words = str | Promise

SENTENCES: Mapping[Action, Words] = {
    Action.REQUEST_DRAFTED: _("saved a draft for {namespace}{request}"),
    Action.REQUEST_SUBMITTED: _("sent a request: {kind} {namespace}{request}"),
    Action.REQUEST_EDITED: _(
        "edited the request for {namespace}{request}; earlier decisions no longer count"
    ),
    Action.REQUEST_CANCELLED: _("cancelled the request for {namespace}{request}"),
    Action.REQUEST_EXPIRED: _("ended the request for {namespace}, which expired{request}"),
    Action.REQUEST_TAKEN_OVER: _("took over the request for {namespace}{request} from {before}"),
    Action.REQUEST_CLOSED: _(
        "closed the request for {namespace}{request}, whose requester {before} has no right to it"
    ),
    Action.REQUEST_COMMENTED: _("wrote about the request for {namespace}{request}"),
    Action.LANE_APPROVED: _("approved {namespace} for {lane}{request}"),
    Action.REQUEST_APPROVED: _("gave the last approval: {namespace} is fully approved{request}"),
    Action.REQUEST_RETURNED: _("returned {namespace} for changes, deciding for {lane}{request}"),
    Action.REQUEST_REJECTED: _("rejected {namespace}, deciding for {lane}{request}"),
    Action.NAMESPACE_WANTED: _("approved revision {revision} of {namespace}{request}"),
    Action.NAMESPACE_RETIRING: _("approved the removal of {namespace}{request}"),
    Action.NAMESPACE_LOOK_AGAIN: _("asked to try {namespace} again"),
    Action.PHASE_DONE: _("finished a step of {namespace}: {step}{request}"),
    Action.NAMESPACE_READY: _("read {namespace} back whole: it is as approved{request}"),
    Action.NAMESPACE_DRIFTED: _("found {namespace} changed outside the portal"),
    Action.NAMESPACE_MISSING: _("found {namespace} deleted outside the portal"),
    Action.NAMESPACE_RETRYING: _("could not finish {namespace} and will try again{request}"),
    Action.NAMESPACE_BLOCKED: _("stopped at {namespace}: a person must act{request}"),
    Action.NAMESPACE_GONE: _("confirmed that {namespace} is gone{request}"),
    Action.NAMESPACE_UNCREATED: _("ended {namespace}, which was never created{request}"),
    Action.NAMESPACE_LOST: _("gave {namespace} up with its cluster {cluster}"),
    Action.NAMESPACE_SUPERSEDED: _(
        "found {namespace} on {cluster} with something newer than was approved here"
    ),
    Action.NAMESPACE_REAPPEARED: _("found {namespace} alive again after its removal"),
    Action.NAMESPACE_STUCK: _("found {namespace} stuck: Kubernetes does not finish{request}"),
    Action.NAMESPACE_ENDS_SOON: _("told that {namespace} ends in {days}"),
    Action.NAMESPACE_PAST_END: _("told that {namespace} is past its end"),
    Action.SUGGESTION_MADE: _("suggested a change of {namespace} to its leads"),
    Action.SUGGESTION_TAKEN: _("took up what {before} suggested for {namespace}{request}"),
    Action.SUGGESTION_DISMISSED: _("dismissed what {before} suggested for {namespace}"),
    Action.DEVIATION_SEEN: _("found a difference of {namespace} from what was approved"),
    Action.DEVIATION_ENDED: _("saw a difference of {namespace} from what was approved end"),
    Action.DEVIATION_FOUGHT: _("saw repairs of {namespace} undone by another manager"),
    Action.DEVIATION_ACKNOWLEDGED: _("acknowledged a difference of {namespace}"),
    Action.CLUSTER_REGISTERED: _("registered or changed cluster {cluster}"),
    Action.CLUSTER_CONDITION: _("found the condition of cluster {cluster} changed: {condition}"),
    Action.CLUSTER_CLOSING: _("asked to close cluster {cluster}"),
    Action.CLUSTER_CLOSED: _("closed cluster {cluster}"),
    Action.CREDENTIAL_RENEWED: _("renewed the credential for cluster {cluster}"),
    Action.RENEWAL_REFUSED: _("could not renew the credential for cluster {cluster}"),
    Action.CLUSTER_UNGUARDED: _("found guards of cluster {cluster} missing or changed"),
    Action.CLUSTER_GUARDED: _("found every guard of cluster {cluster} in place again"),
    Action.CLUSTER_GUARDS_UNREAD: _("could not read the guards of cluster {cluster}"),
    Action.REFRESH_ASKED: _("asked to render {namespaces} anew ({object})"),
    Action.SECOND_FACTOR_REMOVED: _("removed the second factor of {object}"),
    Action.PERSON_INVITED: _("invited {object}"),
    Action.PERSON_SWITCHED_OFF: _("switched the account of {object} off"),
    Action.PERSON_SWITCHED_ON: _("switched the account of {object} on again"),
    Action.INVITATION_ACCEPTED: _("accepted the invitation of {object}"),
    Action.APPROVAL_KEY_ASKED: _("asked to enrol a passkey of {object} for approvals"),
    Action.APPROVAL_KEY_CONFIRMED: _("confirmed a passkey of {object} for approvals"),
    Action.APPROVAL_KEY_REVOKED: _("revoked a passkey of {object} for approvals"),
    Action.SIGNED_IN: _("signed in as {object}"),
    Action.SIGN_IN_FAILED: _("failed to sign in as {object}"),
    Action.SIGNED_OUT: _("signed out as {object}"),
    Action.PASSWORD_CHANGED: _("changed the password of {object}"),
    Action.PASSWORD_RESET_ASKED: _("asked for a link to reset the password of {object}"),
    Action.PASSWORD_RESET: _("reset the password of {object}"),
    Action.ADDRESS_CHANGED: _("changed the e-mail addresses of {object}"),
    Action.ADDRESS_LINK_ASKED: _("asked for a link to confirm an e-mail address of {object}"),
    Action.SECOND_FACTOR_ADDED: _("added a second factor for {object}"),
    Action.SECOND_FACTOR_DROPPED: _("removed a second factor of {object}"),
    Action.RECOVERY_CODES_MADE: _("made new recovery codes for {object}"),
    Action.ROW_ADDED: _("added {kind} {object}"),
    Action.ROW_CHANGED: _("changed {kind} {object}"),
    Action.ROW_REMOVED: _("removed {kind} {object}"),
    Action.EXPORTED: _("exported history as {form}, for {object}"),
    Action.HISTORY_BROKEN: _("found that the database or cluster {cluster} was taken back in time"),
    Action.HISTORY_SETTLED: _("settled what differed on cluster {cluster} after a restore"),
    Action.NAMESPACE_SETTLED: _("decided what holds for {namespace} after a restore"),
    Action.TRIGGERS_RESTORED: _("made triggers again that the {object} lacked"),
}
_WITHDRAWN = _("withdrew the wish to close cluster {cluster}")
_OF_UNKNOWN = _("{words}: {object}")
_WISHES: Mapping[str, Words] = {
    "onboard": _("the new namespace"),
    "change": _("a change of"),
    "retire": _("the removal of"),
    "adopt": _("to take over again"),
}
_LANES: Mapping[Lane, Words] = {
    Lane.PLATFORM: _("platform"),
    Lane.NETWORK: _("network"),
    Lane.SECURITY: _("security"),
}
_KINDS: Mapping[str, Words] = {
    "person": _("person"),
    "team": _("team"),
    "cluster": _("cluster"),
}


def sentence_of(event: Event, body: Manifest, links: EventLinks) -> SafeString:
    """Return the sentence as markup; everything a person or a cluster named is escaped."""
    return format_html(_template(event, body), **_slots(event, body, links))


def body_of(event: Event) -> Manifest:
    """Return what an event holds beyond its columns, read off the recorded bytes themselves."""
    return branch(json.loads(bytes(event.canonical)), "body")


def lane_words(body: Manifest) -> str:
    """Return for which approval an event speaks, e.g. "network"; "" for none."""
    lane = text(body, "lane")
    return str(_LANES[Lane(lane)]) if lane in {one.value for one in Lane} else lane


def words_of(action: str) -> str:
    """Return an action in words; one of another release is shown as it is stored."""
    try:
        return Action(action).words
    except ValueError:
        return action


def _template(event: Event, body: Manifest) -> str:
    try:
        action = Action(event.action)
    except ValueError:
        return str(_OF_UNKNOWN)
    if action is Action.CLUSTER_CLOSING and body.get("withdrawn"):
        return str(_WITHDRAWN)
    return str(SENTENCES.get(action, _OF_UNKNOWN))


def _slots(event: Event, body: Manifest, links: EventLinks) -> dict[str, object]:
    """Return what may stand in a sentence. Links only where the reader may open them."""
    name = event.namespace or event.object_label
    request = _linked(event.request, links.request(event))
    condition = face_of(body["condition"]).words if body.get("condition") else ""
    kind = _WISHES.get(text(body, "kind")) or _KINDS.get(event.object_kind) or event.object_kind
    words, is_person = words_of(event.action), event.object_kind == "person"
    return {
        "namespace": _linked(name, links.namespace(event)),
        "request": format_html(" ({})", request) if event.request else "",
        "cluster": _linked(event.cluster or event.object_label, links.cluster(event)),
        "object": _linked(
            event.object_label, links.subject(event), css="" if is_person else "mono"
        ),
        "lane": lane_words(body),
        "before": text(body, "from") or text(body, "requester") or text(body, "by"),
        "days": _days(body.get("days")),
        "revision": body.get("generation", ""),
        "step": _step(text(body, "phase")),
        "condition": condition,
        "namespaces": _namespaces(len(_listed(body.get("namespaces")))),
        "kind": kind,
        "form": text(body, "form").upper(),
        "words": words[:1].lower() + words[1:],
    }


def _step(phase: str) -> str:
    return str(STEP_WORDS[Phase(phase)][0]) if phase in {one.value for one in Phase} else phase


def _days(value: Json) -> str:
    many = value if isinstance(value, int) else 0
    return ngettext("%(count)d day", "%(count)d days", many) % {"count": many}


def _namespaces(many: int) -> str:
    return ngettext("%(count)d namespace", "%(count)d namespaces", many) % {"count": many}


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _linked(words: str, url: str, *, css: str = "mono") -> SafeString:
    if not url:
        return format_html('<span class="{}">{}</span>', css, words)
    return format_html('<a class="{}" href="{}">{}</a>', css, url, words)
