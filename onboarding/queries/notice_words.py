"""What people read of a notice: its title, what happened, why they are told, how it is called.

One table for inbox, mails and preferences. Everything is made of the event alone, so that a mail
that goes out late says what happened then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.notices import Delivery, NoticeKind
from onboarding.models import Event
from onboarding.queries.recipients import Happened, Recipient

LONGEST = 200


@dataclass(frozen=True)
class KindWords:
    """How a kind is called among the preferences, why somebody is told, and what the link says."""

    label: str | Promise
    why: str | Promise
    link: str | Promise
    usual: Delivery = Delivery.AT_ONCE


_OF_TEAM = gettext_lazy("You are told because you lead the team.")
_ASKED = gettext_lazy("You are told because you asked for it, or lead the team that did.")
_ACCOUNT = gettext_lazy("You are told because it concerns your account. Such mails always come.")
_SEE_NAMESPACE = gettext_lazy("Open the namespace")
_SEE_REQUEST = gettext_lazy("Open the request")
KIND_WORDS: Mapping[NoticeKind, KindWords] = {
    NoticeKind.WAITS: KindWords(
        gettext_lazy("A request waits for your approval"),
        gettext_lazy("You are told because you give this approval."),
        gettext_lazy("Review and decide"),
    ),
    NoticeKind.COMMENTED: KindWords(
        gettext_lazy("Somebody wrote about a request"),
        gettext_lazy("You are told because you asked for it, wrote about it or decide it."),
        _SEE_REQUEST,
    ),
    NoticeKind.RETURNED: KindWords(
        gettext_lazy("Your request was returned for changes"), _ASKED, _SEE_REQUEST
    ),
    NoticeKind.REJECTED: KindWords(gettext_lazy("Your request was rejected"), _ASKED, _SEE_REQUEST),
    NoticeKind.APPROVED: KindWords(
        gettext_lazy("Your request has all its approvals"), _ASKED, _SEE_REQUEST
    ),
    NoticeKind.CLOSED: KindWords(
        gettext_lazy("Your request expired or was closed"), _ASKED, _SEE_REQUEST
    ),
    NoticeKind.READY: KindWords(gettext_lazy("What you asked for is done"), _ASKED, _SEE_NAMESPACE),
    NoticeKind.BLOCKED: KindWords(
        gettext_lazy("A namespace is blocked"),
        gettext_lazy("You are told because you lead the team or are a platform admin."),
        _SEE_NAMESPACE,
    ),
    NoticeKind.DRIFTED: KindWords(
        gettext_lazy("A namespace was changed outside the portal"),
        gettext_lazy("You are told because you lead the team or are a platform admin."),
        _SEE_NAMESPACE,
    ),
    NoticeKind.ENDS_SOON: KindWords(
        gettext_lazy("A namespace ends soon"), _OF_TEAM, _SEE_NAMESPACE
    ),
    NoticeKind.ENDED: KindWords(gettext_lazy("A namespace has ended"), _OF_TEAM, _SEE_NAMESPACE),
    NoticeKind.SUGGESTED: KindWords(
        gettext_lazy("A change is suggested, taken up or dismissed"),
        gettext_lazy("You are told because you lead the team, or suggested it."),
        _SEE_NAMESPACE,
    ),
    NoticeKind.NEEDS_ADMIN: KindWords(
        gettext_lazy("A platform admin is needed"),
        gettext_lazy("You are told because you are a platform admin."),
        gettext_lazy("Look at it"),
    ),
    NoticeKind.SECURITY: KindWords(
        gettext_lazy("Your account’s protection changed"),
        _ACCOUNT,
        gettext_lazy("Account security"),
    ),
    NoticeKind.INVITED: KindWords(
        gettext_lazy("Invitations"),
        gettext_lazy("You get this because a platform admin made an account for you."),
        gettext_lazy("Choose your password"),
    ),
    NoticeKind.RESET_LINK: KindWords(
        gettext_lazy("Links to choose a new password"),
        gettext_lazy("You get this because somebody asked for it with your address."),
        gettext_lazy("Choose a new password"),
    ),
    NoticeKind.CONFIRM_LINK: KindWords(
        gettext_lazy("Links to confirm an address"),
        gettext_lazy("You get this because your address was named as an account’s."),
        gettext_lazy("Confirm the address"),
    ),
}
DELIVERY_WORDS: Mapping[Delivery, str | Promise] = {
    Delivery.AT_ONCE: gettext_lazy("Mail at once"),
    Delivery.DAILY: gettext_lazy("Daily mail"),
    Delivery.HERE: gettext_lazy("Only here"),
}
_DONE: Mapping[str, str | Promise] = {
    Action.REQUEST_SUBMITTED: gettext_lazy("%(who)s asks for it."),
    Action.REQUEST_EDITED: gettext_lazy("%(who)s edited it and sent it again."),
    Action.REFRESH_ASKED: gettext_lazy(
        "%(who)s asks to bring them up to what the catalogue and the cluster say today."
    ),
    Action.REQUEST_RETURNED: gettext_lazy(
        "%(who)s returned %(request)s. It can be edited and sent again."
    ),
    Action.REQUEST_REJECTED: gettext_lazy("%(who)s rejected %(request)s."),
    Action.REQUEST_APPROVED: gettext_lazy(
        "%(who)s gave the last approval. You are told when it is done."
    ),
    Action.REQUEST_CLOSED: gettext_lazy("%(who)s closed %(request)s."),
    Action.REQUEST_CANCELLED: gettext_lazy("%(who)s took %(request)s back."),
    Action.NAMESPACE_READY: gettext_lazy("What was approved is in place and was read back."),
    Action.NAMESPACE_GONE: gettext_lazy("It is gone from the cluster, as was asked for."),
    Action.NAMESPACE_UNCREATED: gettext_lazy(
        "Nothing of it was on the cluster when its removal was worked on."
    ),
    Action.DEVIATION_SEEN: gettext_lazy(
        "Its page says what differed from what was approved, and what the portal did about it."
    ),
    Action.NAMESPACE_MISSING: gettext_lazy(
        "Somebody deleted it on the cluster. The portal makes it again, empty."
    ),
    Action.SUGGESTION_MADE: gettext_lazy("A lead can take it up or dismiss it."),
    Action.SUGGESTION_TAKEN: gettext_lazy("%(who)s made a request of it."),
    Action.SUGGESTION_DISMISSED: gettext_lazy("%(who)s dismissed it and says why."),
    Action.REQUEST_COMMENTED: gettext_lazy("%(who)s wrote about %(request)s."),
}
_SECURITY = {
    Action.PASSWORD_CHANGED: gettext_lazy("Your password was changed"),
    Action.PASSWORD_RESET: gettext_lazy("Your password was reset"),
    Action.ADDRESS_CHANGED: gettext_lazy("Your email addresses were changed"),
    Action.SECOND_FACTOR_ADDED: gettext_lazy("A second factor was added to your account"),
    Action.SECOND_FACTOR_DROPPED: gettext_lazy("A second factor was removed from your account"),
    Action.SECOND_FACTOR_REMOVED: gettext_lazy("A platform admin removed your second factor"),
    Action.RECOVERY_CODES_MADE: gettext_lazy("New recovery codes were made for your account"),
    Action.APPROVAL_KEY_ASKED: gettext_lazy("A passkey of yours asks to sign approvals"),
    Action.APPROVAL_KEY_CONFIRMED: gettext_lazy("A passkey of yours may sign approvals now"),
    Action.APPROVAL_KEY_REVOKED: gettext_lazy("A passkey of yours signs no approvals any more"),
    Action.ROW_CHANGED: gettext_lazy("A platform admin changed your account"),
}


# The same of somebody else's account, where that is told to who can act on it.
_OF_OTHERS = {
    Action.SECOND_FACTOR_REMOVED: gettext_lazy("%(who)s removed the second factor of %(person)s"),
    Action.APPROVAL_KEY_ASKED: gettext_lazy(
        "A passkey of %(person)s waits for you to confirm it for approvals"
    ),
}


def title_of(happened: Happened, told: Recipient) -> str:
    """Return the notice in one line, without line breaks whatever people wrote."""
    assert happened.kind  # noqa: S101 (there is no recipient of nothing)
    words = _TITLES[happened.kind](happened, told)
    return one_line(words)[:LONGEST]


def one_line(words: str) -> str:
    """Return text as it may stand in the head of a mail."""
    return " ".join("".join(one if one.isprintable() else " " for one in words).split())


def sentences_of(event: Event) -> list[str]:
    """Return what happened, who did it included, in whole sentences."""
    happened = Happened(event)
    found = [*_SENTENCES.get(event.action, _by_whom)(happened)]
    return [one for one in found if one]


def _about(happened: Happened) -> str:
    return happened.event.namespace or happened.event.object_label


def _waits(happened: Happened, told: Recipient) -> str:
    named = {"what": _about(happened), "lanes": _listed(told.lanes)}
    if happened.event.action == Action.REFRESH_ASKED:
        many = len(happened.body.get("namespaces", []))
        named["what"] = ngettext("%(count)d namespace", "%(count)d namespaces", many) % {
            "count": many
        }
        return (
            ngettext(
                "%(what)s waits for %(lanes)s approval",
                "%(what)s wait for %(lanes)s approval",
                many,
            )
            % named
        )
    return waits_for(_about(happened), told.lanes)


def waits_for(what: str, lanes: tuple[Lane, ...]) -> str:
    """Return that something waits, and for which approvals."""
    return _("%(what)s waits for %(lanes)s approval") % {"what": what, "lanes": _listed(lanes)}


def _listed(lanes: tuple[Lane, ...]) -> str:
    names = [lane.value for lane in lanes]
    return _(" and ").join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def _closed(happened: Happened, _told: Recipient) -> str:
    name = {"what": _about(happened)}
    if happened.event.action == Action.REQUEST_EXPIRED:
        return _("The request for %(what)s expired") % name
    return _("The request for %(what)s was closed") % name


def _done(happened: Happened, _told: Recipient) -> str:
    name = {"what": _about(happened)}
    if happened.event.action == Action.NAMESPACE_GONE:
        return _("%(what)s was removed") % name
    if happened.event.action == Action.NAMESPACE_UNCREATED:
        return _("%(what)s has ended and was never created") % name
    return _("%(what)s is ready") % name


def _ends_soon(happened: Happened, _told: Recipient) -> str:
    """Name the day: a mail may go out days after it was written."""
    return _("%(what)s ends on %(day)s") % {"what": _about(happened), "day": _day_of_end(happened)}


def _day_of_end(happened: Happened) -> str:
    at = datetime.fromisoformat(happened.body["ends_at"]).astimezone(UTC)
    return f"{at.day} {at:%b %Y}"


def _ended(happened: Happened, _told: Recipient) -> str:
    if happened.event.action == Action.NAMESPACE_LOST:
        return _("%(what)s was lost with its cluster") % {"what": _about(happened)}
    return _("%(what)s is past its end") % {"what": _about(happened)}


def _suggested(happened: Happened, _told: Recipient) -> str:
    named = {"who": happened.event.actor, "what": _about(happened)}
    if happened.event.action == Action.SUGGESTION_MADE:
        return _("%(who)s suggests a change of %(what)s") % named
    if happened.event.action == Action.SUGGESTION_TAKEN:
        return _("Your suggestion for %(what)s was taken up") % named
    return _("Your suggestion for %(what)s was dismissed") % named


def _needs_admin(happened: Happened, _told: Recipient) -> str:
    words = Action(happened.event.action).words
    return f"{_about(happened)}: {words[0].lower()}{words[1:]}"


def _plain(words: str | Promise) -> Callable[[Happened, Recipient], str]:
    def say(happened: Happened, _told: Recipient) -> str:
        named = {"what": _about(happened), "who": happened.event.actor}
        return str(words) % named

    return say


def _security_title(happened: Happened, told: Recipient) -> str:
    """Say what was done to the account of whom is told, or to somebody else's."""
    event = happened.event
    if event.object_id == str(told.person.pk):
        return str(_SECURITY[Action(event.action)])
    words = _OF_OTHERS[Action(event.action)]
    return str(words) % {"who": event.actor, "person": event.object_label}


_TITLES: Mapping[NoticeKind, Callable[[Happened, Recipient], str]] = {
    NoticeKind.WAITS: _waits,
    NoticeKind.COMMENTED: _plain(gettext_lazy("%(who)s wrote about %(what)s")),
    NoticeKind.RETURNED: _plain(gettext_lazy("%(what)s was returned for changes")),
    NoticeKind.REJECTED: _plain(gettext_lazy("%(what)s was rejected")),
    NoticeKind.APPROVED: _plain(gettext_lazy("%(what)s has all its approvals")),
    NoticeKind.CLOSED: _closed,
    NoticeKind.READY: _done,
    NoticeKind.BLOCKED: _plain(gettext_lazy("%(what)s was blocked")),
    NoticeKind.DRIFTED: _plain(gettext_lazy("%(what)s was changed outside the portal")),
    NoticeKind.ENDS_SOON: _ends_soon,
    NoticeKind.ENDED: _ended,
    NoticeKind.SUGGESTED: _suggested,
    NoticeKind.NEEDS_ADMIN: _needs_admin,
    NoticeKind.SECURITY: _security_title,
    NoticeKind.INVITED: _plain(gettext_lazy("You are invited")),
    NoticeKind.RESET_LINK: _plain(gettext_lazy("Choose a new password")),
    NoticeKind.CONFIRM_LINK: _plain(gettext_lazy("Confirm your address")),
}


def _by_whom(happened: Happened) -> list[str]:
    """Who did what, and where the team and the request stand."""
    event = happened.event
    named = {"who": event.actor, "request": event.request or event.object_label}
    words = _DONE.get(event.action)
    if words is None:
        known = Action(event.action).words if event.action in set(Action) else ""
        return [f"{known}." if known else "", *place_of(event)]
    return [str(words) % named, *place_of(event)]


def place_of(event: Event) -> list[str]:
    """Return team, request and cluster of an event, as far as it has them."""
    named = {"team": event.team, "request": event.request, "cluster": event.cluster}
    if event.request:
        return [place_in(**named)]
    if event.team and event.cluster:
        return [_("Team %(team)s, cluster %(cluster)s.") % named]
    return []


def place_in(*, team: str, request: str, cluster: str) -> str:
    """Return where a request stands."""
    named = {"team": team, "request": request, "cluster": cluster}
    return _("Team %(team)s, %(request)s, cluster %(cluster)s.") % named


def _said_by_cluster(happened: Happened) -> list[str]:
    """What the portal was told, in its own words, and what to do is on the page."""
    message = str(happened.body.get("message") or "")
    helps = _("The page says what helps, and who can do it.")
    return [message, helps, *place_of(happened.event)]


def _expired(happened: Happened) -> list[str]:
    """What it lacked, as the event says it; those of earlier releases say nothing of it."""
    lanes = tuple(lane for lane in Lane if lane.value in happened.body.get("lacking", []))
    if happened.body.get("state") == RequestState.RETURNED:
        words = _("It was returned for changes and not sent again in time.")
    elif lanes:
        words = _("It still lacked %(lanes)s approval when its time was over.")
    else:
        words = _("Its time was over.")
    return [
        words % {"lanes": _listed(lanes)},
        _("It can be sent anew."),
        *place_of(happened.event),
    ]


def _end(happened: Happened) -> list[str]:
    words = (
        _("Its lifetime ended on %(day)s. Nothing is removed by itself.")
        if happened.event.action == Action.NAMESPACE_PAST_END
        else _("Its lifetime ends on %(day)s. Nothing is removed by itself.")
    )
    return [
        words % {"day": _day_of_end(happened)},
        _("Ask for a change with another lifetime, or retire it where nobody needs it any more."),
        *place_of(happened.event),
    ]


def _account_change(happened: Happened) -> list[str]:
    body = happened.body
    factors = ", ".join(map(str, body.get("factors", [])))
    fields = body.get("changed") or {}
    moved, renamed = _moved_address(body), _renamed(body)
    told = {"email": moved, "username": renamed}
    changed = ", ".join(str(field) for field in fields if not told.get(field))
    who = {"who": happened.event.actor}
    return [
        _("%(who)s did this.") % who if _is_by_another(happened.event) else "",
        _("What: %(factors)s.") % {"factors": factors} if factors else "",
        _("Fields: %(changed)s.") % {"changed": changed} if changed else "",
        _("The account’s address changed from %(before)s to %(after)s.") % moved if moved else "",
        _("The user name changed from %(before)s to %(after)s: sign in with that.") % renamed
        if renamed
        else "",
        _("Removed: %(removed)s.") % {"removed": body["removed"]} if "removed" in body else "",
    ]


def _is_by_another(event: Event) -> bool:
    """Tell whether a person did it to somebody else's account."""
    return event.actor_id.isdigit() and event.actor_id != event.object_id


def _renamed(body: Mapping[str, Any]) -> dict[str, str]:
    """Return from what to what an admin changed the name that the person signs in with."""
    fields = body.get("changed")
    names = fields.get("username") if isinstance(fields, dict) else None
    if not isinstance(names, dict):
        return {}
    return {"before": str(names.get("before")), "after": str(names.get("after"))}


def _moved_address(body: Mapping[str, Any]) -> dict[str, str]:
    """Return from what to what the account's address changed, by its person or an admin."""
    fields = body.get("changed")
    by_admin = fields.get("email") if isinstance(fields, dict) else None
    if isinstance(by_admin, dict):
        found = {"before": by_admin.get("before"), "after": by_admin.get("after")}
    elif "primary" in body:
        found = {"before": body.get("before"), "after": body["primary"]}
    else:
        return {}
    return {name: str(address or _("none")) for name, address in found.items()}


_SENTENCES: Mapping[str, Callable[[Happened], list[str]]] = {
    Action.REQUEST_EXPIRED: _expired,
    Action.NAMESPACE_BLOCKED: _said_by_cluster,
    Action.NAMESPACE_SUPERSEDED: _said_by_cluster,
    Action.NAMESPACE_STUCK: _said_by_cluster,
    Action.RENEWAL_REFUSED: _said_by_cluster,
    Action.NAMESPACE_ENDS_SOON: _end,
    Action.NAMESPACE_PAST_END: _end,
    **dict.fromkeys(_SECURITY, _account_change),
}
