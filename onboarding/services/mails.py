"""Mails in the portal's own words: text and HTML of one layout, with links that work.

No request is at hand where mails are made, so addresses begin with the setting BASE_URL. A link
that lets its reader choose a password is made here, at the last moment, and is stored nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.actions import Action
from onboarding.domain.notices import ALWAYS, LINKS, Delivery, NoticeKind
from onboarding.models import Event, Notice, Request, User
from onboarding.queries.notice_words import (
    KIND_WORDS,
    one_line,
    place_in,
    place_of,
    sentences_of,
    waits_for,
)
from onboarding.queries.permissions import Permissions, permissions_of
from onboarding.queries.refreshes import undecided_lanes
from onboarding.queries.requests import LANES_READ, waiting_for
from onboarding.queries.role_holders import is_invited
from onboarding.services.invitations import GOOD_FOR, invitation_link

PRODUCT = "Bulkhead"
NAMED = 40


class Obsolete(Exception):
    """There is nothing to send any more: the address is confirmed, or no longer the account's."""


@dataclass(frozen=True)
class MailLine:
    """One of several things that a mail tells: what, since when, where to open it, and more."""

    title: str
    at: datetime | None
    address: str
    more: tuple[str, ...]


@dataclass(frozen=True)
class MailQueue:
    """How many approvals wait for somebody, and the oldest of them."""

    many: int
    lines: Sequence[MailLine]


def absolute(path: str) -> str:
    """Return the address of a page of the portal."""
    return f"{settings.BASE_URL}{path}"


def mail_of(notices: Sequence[Notice], *, now: datetime) -> EmailMultiAlternatives:
    """Return one mail that tells all of these, which go to one address. Raise Obsolete."""
    first = notices[0]
    if not first.person.is_active:
        raise Obsolete("the account is switched off")
    waits = waiting_of(notices)
    if len(notices) == 1 and (waits is None or waits.many == 1):
        context = _one(first, now)
        subject = first.title
    else:
        context = _many(notices, waits, now)
        subject = str(context["heading"])
    is_free = any(NoticeKind(one.kind) not in ALWAYS for one in notices)
    context |= {
        "product": PRODUCT,
        "portal": settings.BASE_URL,
        "preferences": absolute(reverse("notice-preferences")) if is_free else "",
    }
    mail = EmailMultiAlternatives(
        subject=one_line(f"{PRODUCT}: {subject}"),
        body=render_to_string("mail/notice.txt", context),
        to=[first.address or first.person.email],
        headers=_headers(first, context),
    )
    mail.attach_alternative(render_to_string("mail/notice.html", context), "text/html")
    return mail


def _headers(first: Notice, context: Mapping[str, Any]) -> dict[str, str]:
    """One Message-ID for a mail however often it is tried; nobody's absence answers it.

    What waits is due anew each day, and each day's mail is another one.
    """
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    due = int((first.due_at or first.created_at).timestamp())
    headers = {
        "Message-ID": f"<notice-{first.pk}-{first.event.leaf[:16]}-{due}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if context["preferences"]:
        headers["List-Unsubscribe"] = f"<{context['preferences']}>"
    return headers


def _one(notice: Notice, now: datetime) -> dict[str, Any]:
    kind = NoticeKind(notice.kind)
    is_security = kind is NoticeKind.SECURITY and is_own(notice)
    is_others = kind is NoticeKind.SECURITY and not is_security
    words = KIND_WORDS[NoticeKind.NEEDS_ADMIN if is_others else kind]
    return {
        "heading": notice.title,
        "sentences": sentences_of(notice.event) if kind not in LINKS else _of_link(notice, kind),
        "quote": notice.event.note,
        "quoted": notice.event.actor,
        "link": _link(notice, kind, now),
        "link_label": words.link,
        "why": words.why,
        "at": notice.event.at,
        "ip": notice.event.ip if is_security else None,
        "is_security": is_security,
        "is_link": kind in LINKS,
    }


def waiting_of(notices: Sequence[Notice]) -> MailQueue | None:
    """Return what waits for whom a daily mail or one of several tells it; None for others.

    It is read off the queue: what somebody was told of is not all that waits. Raise Obsolete where
    nothing else is told and nothing waits any more.
    """
    are_waits = [one.kind == NoticeKind.WAITS.value for one in notices]
    if not any(are_waits) or (len(notices) == 1 and notices[0].delivery != Delivery.DAILY.value):
        return None
    permissions = permissions_of(notices[0].person)
    rows = waiting_for(permissions)
    many = rows.count()
    if all(are_waits) and not many:
        raise Obsolete("nothing waits any more")
    first = rows.prefetch_related(*LANES_READ)[:NAMED]
    return MailQueue(many, [_waiting_line(row, permissions) for row in first])


def _waiting_line(row: Request, permissions: Permissions) -> MailLine:
    lanes = tuple(lane for lane in undecided_lanes(row) if lane in permissions.lanes)
    where = place_in(team=row.team.slug, request=row.label, cluster=row.cluster.name)
    address = absolute(reverse("decision", args=[row.public_id]))
    return MailLine(waits_for(row.name, lanes), row.submitted_at, address, (where,))


def _many(notices: Sequence[Notice], waits: MailQueue | None, now: datetime) -> dict[str, Any]:
    """Return what a daily mail tells, or one for several things at once: oldest first."""
    ordered = sorted(notices, key=lambda one: (one.event.at, one.pk))
    if ordered[0].kind == NoticeKind.SECURITY.value:
        return _security(ordered, now)
    is_daily = ordered[0].delivery == Delivery.DAILY.value
    waiting = waits or MailQueue(0, [])
    others = [one for one in ordered if one.kind != NoticeKind.WAITS.value]
    told = [_row(one) for one in others[:NAMED]]
    groups = [
        (_("Waiting for your approval, oldest first"), waiting.lines, waiting.many),
        (_("What happened"), told, len(others)),
    ]
    return {
        "heading": _heading(waiting.many, len(others)),
        "groups": [(words, rows, many - len(rows)) for words, rows, many in groups if rows],
        "link": absolute(reverse("queue") if waiting.many else reverse("inbox")),
        "link_label": _("Open your approvals") if waiting.many else _("Open your inbox"),
        "why": _("You asked to be told of this once a day.")
        if is_daily
        else _("These come in one mail because there are many at once."),
    }


def _heading(waiting: int, others: int) -> str:
    """Return what a mail of several notices is about, what has to be done first."""
    waits = ngettext(
        "%(count)d approval waits for you", "%(count)d approvals wait for you", waiting
    ) % {"count": waiting}
    told = ngettext("%(count)d notice", "%(count)d notices", others) % {"count": others}
    return ", ".join([waits] * bool(waiting) + [told] * bool(others))


def _row(notice: Notice) -> MailLine:
    """Return a notice as one of several: with its page, and where that belongs."""
    is_security = notice.kind == NoticeKind.SECURITY.value
    if not is_security:
        where = tuple(place_of(notice.event))
        return MailLine(notice.title, notice.event.at, absolute(notice.path), where)
    address = _("From: %(ip)s") % {"ip": notice.event.ip} if notice.event.ip else ""
    lines = tuple(filter(None, [*sentences_of(notice.event), address]))
    return MailLine(notice.title, notice.event.at, absolute(notice.path), lines)


def _security(notices: Sequence[Notice], now: datetime) -> dict[str, Any]:
    """Return what was done to an account in one go, where several things were."""
    first, more = _one(notices[0], now), len(notices) - 1
    form = ngettext("%(what)s, and %(count)d more", "%(what)s, and %(count)d more", more)
    rows = [_row(one) for one in notices[:NAMED]]
    return first | {
        "heading": form % {"what": notices[0].title, "count": more},
        "sentences": [],
        "groups": [(_("What happened"), rows, len(notices[NAMED:]))],
    }


def _of_link(notice: Notice, kind: NoticeKind) -> list[str]:
    person = notice.person
    username = _("Your user name is %(name)s.") % {"name": person.username}
    if kind is NoticeKind.INVITED:
        return [
            _("%(who)s made an account for you. With the link below you choose its password, once.")
            % {"who": notice.event.actor},
            username,
            _("The link is good for %(days)d days.") % {"days": GOOD_FOR.days},
        ]
    if kind is NoticeKind.RESET_LINK:
        return [
            _("Somebody asked for a new password of yours. If that was you, use the link below."),
            username,
            _("If it is not you, do nothing: your password stays as it is."),
        ]
    return [_named_by(notice), _("If it is not you, do nothing.")]


def _named_by(notice: Notice) -> str:
    """Say who named the address: the person, or a platform admin who changed it for them."""
    named = {"who": notice.person.label, "admin": notice.event.actor}
    if notice.event.actor_id.isdigit() and notice.event.actor_id != str(notice.person_id):
        words = _("%(admin)s made this the address of %(who)s. If that is you, use the link below.")
        return words % named
    return (
        _("%(who)s named this address as one of theirs. If that is you, use the link below.")
        % named
    )


def is_own(notice: Notice) -> bool:
    """Return whether it is about the account of whom is told; admins are told of others' too."""
    return notice.event.object_id == str(notice.person_id)


def _link(notice: Notice, kind: NoticeKind, now: datetime) -> str:
    if kind in {NoticeKind.INVITED, NoticeKind.RESET_LINK} and not _is_theirs(notice, kind):
        raise Obsolete("the address is no longer the account's")
    if kind is NoticeKind.INVITED:
        if not is_invited(notice.person):
            raise Obsolete("the person has a password")
        if _is_renewed(notice):
            raise Obsolete("another invitation was sent since")
        return absolute(invitation_link(notice.person, now=now))
    if kind is NoticeKind.RESET_LINK:
        return absolute(password_path(notice.person))
    if kind is NoticeKind.CONFIRM_LINK:
        return absolute(_confirmation_path(notice))
    return absolute(notice.path)


def _is_renewed(notice: Notice) -> bool:
    """Tell whether the person was invited again since: the page says that earlier links ended."""
    about = {"object_kind": "person", "object_id": str(notice.person_id)}
    later = Event.objects.filter(**about, id__gt=notice.event_id)
    return later.filter(action=Action.PERSON_INVITED.value).exists()


def _is_theirs(notice: Notice, kind: NoticeKind) -> bool:
    """Tell whether the link's address is the account's now; or one they verified, for resets.

    Whoever reads the mail gets the account: the address may be another since it was asked for.
    """
    address = notice.address or notice.person.email
    if User.objects.filter(pk=notice.person_id, email__iexact=address).exists():
        return True
    own = EmailAddress.objects.filter(user=notice.person_id, email__iexact=address, verified=True)
    return kind is NoticeKind.RESET_LINK and own.exists()


def password_path(person: User) -> str:
    """Return where the person chooses a new password, once. Worth as much as the password is."""
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    uid, token = key.split("-", 1)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})


def _confirmation_path(notice: Notice) -> str:
    rows = EmailAddress.objects.filter(user=notice.person, email__iexact=notice.address)
    row = rows.filter(verified=False).first()
    if row is None:
        raise Obsolete("the address is confirmed, or removed")
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(row).key])
