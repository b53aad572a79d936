"""What needs attention because of people: approvals, teams, requests nobody stands behind."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.models import Request
from onboarding.pages.attention_item import SHOWN, Item, Part, Reader
from onboarding.queries.approval_keys import (
    confirming,
    signers,
    usable_keys_of,
    waiting,
    who_can_sign,
)
from onboarding.queries.deciders import load_deciders, unheld_lanes
from onboarding.queries.identity import accounts_of_one_person
from onboarding.queries.leads import abandoned, lost_right, teams_without_lead
from onboarding.queries.staffing import undecidable
from onboarding.templatetags.wording import approval_name, approver_name


def abandoned_of_own_teams(reader: Reader) -> list[Item]:
    """Return the open requests that a lead can take over: their requester lost the right."""
    rows = abandoned().filter(team__in=reader.permissions.leads)
    return _abandoned_items(rows[:SHOWN], _("%(request)s for %(name)s: take it over or close it"))


def abandoned_without_lead(_reader: Reader) -> list[Item]:
    """Return those of teams in which nobody could take them over: a platform admin closes them."""
    rows = abandoned().filter(team__in=teams_without_lead())
    words = _("%(request)s for %(name)s: close it, or give %(team)s a lead")
    return _abandoned_items(rows[:SHOWN], words)


def teams_nobody_leads(_reader: Reader) -> list[Item]:
    """Return the teams without an active lead, in one line."""
    teams = list(teams_without_lead()[:SHOWN])
    if not teams:
        return []
    words = ngettext(
        "%(team)s has no active lead: nobody can ask for anything",
        "%(many)d teams have no active lead: nobody can ask for anything for them",
        len(teams),
    )
    parts = tuple(Part(team.slug, reverse("team-detail", args=[team.public_id])) for team in teams)
    return [
        Item(
            tone="warn",
            icon="people",
            text=words % {"team": teams[0].slug, "many": len(teams)},
            url=parts[0].url if len(teams) == 1 else reverse("team-list"),
            many=len(teams),
            parts=parts if len(teams) > 1 else (),
        )
    ]


def lanes_without_holder(_reader: Reader) -> list[Item]:
    """Return the approvals that no active person may give."""
    words = _("Nobody can give %(approval)s: no request that needs it can be sent or approved")
    return [
        Item(
            tone="danger",
            icon="people",
            text=words % {"approval": approval_name(lane)},
            url=reverse("role-list"),
        )
        for lane in unheld_lanes()
    ]


def requests_nobody_can_decide(_reader: Reader) -> list[Item]:
    """Return the pending requests with an approval that only their own authors could give."""
    words = _("%(request)s for %(name)s waits for what only its own author could give: %(lanes)s")
    return [
        Item(
            tone="warn",
            icon="clock",
            text=words
            % {
                "request": row.label,
                "name": row.name,
                "lanes": ", ".join(approval_name(lane) for lane in lanes),
            },
            url=reverse("request-detail", args=[row.public_id]),
            at=row.submitted_at,
        )
        for row, lanes in undecidable()[:SHOWN]
    ]


def lanes_nobody_can_sign(_reader: Reader) -> list[Item]:
    """Return the approvals that have to be signed and for which no approver has a key."""
    words = _("None of the %(approvers)s has a confirmed approval key: nothing is approved")
    keyed = signers(settings.SIGNED_LANES)
    holders = load_deciders(()).holders if keyed else {}
    return [
        Item(
            tone="danger",
            icon="key",
            text=words % {"approvers": approver_name(lane)},
            url=reverse("approval-key-list"),
        )
        for lane in sorted(keyed)
        if holders[lane] and not who_can_sign(lane, holders[lane], keyed)
    ]


def approval_keys_to_confirm(reader: Reader) -> list[Item]:
    """Return the keys of others that wait, for who has a key to confirm them with."""
    if not confirming(usable_keys_of(reader.user)):
        return []
    same = accounts_of_one_person(reader.user.pk).values("pk")
    words = _("%(person)s asks to confirm an approval key")
    return [
        Item(
            tone="warn",
            icon="key",
            text=words % {"person": key.person.label},
            url=reverse("approval-key-list"),
            at=key.asked_at,
        )
        for key in waiting().exclude(person__in=same)[:SHOWN]
    ]


def _abandoned_items(rows: Iterable[Request], words: str) -> list[Item]:
    return [
        Item(
            tone="warn",
            icon="people",
            text=words % {"request": row.label, "name": row.name, "team": row.team.slug},
            url=reverse("request-detail", args=[row.public_id]),
            rest=lost_right(row),
            at=row.submitted_at,
        )
        for row in rows
    ]
