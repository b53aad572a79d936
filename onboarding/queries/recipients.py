"""Who is told of an event, by the rights they hold at that moment, and where it leads them.

Nobody is told of what they did themselves, but for what protects their account. Somebody who has
lost the right to an object by now is not told of it; where that is who asked for it, the leads are.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.urls import reverse

from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane, NeededLane
from onboarding.domain.lifecycle import ENDED, RequestState
from onboarding.domain.notices import ALWAYS, LINKS, TELLS, NoticeKind
from onboarding.models import (
    ApprovalKey,
    Cluster,
    Decision,
    Event,
    ManagedNamespace,
    Notice,
    Refresh,
    Request,
    Suggestion,
    Team,
    User,
)
from onboarding.queries.deciders import (
    barred_from_request,
    platform_admins,
    staff,
    who_can_confirm,
)
from onboarding.queries.leads import active_leads
from onboarding.queries.over import done_with

ENDS = frozenset({Action.NAMESPACE_ENDS_SOON, Action.NAMESPACE_PAST_END})
# Their mails say why they are told: they lead the team, give the approval, are platform admin.
_BY_RIGHTS_OF_NOW = frozenset(
    {
        NoticeKind.WAITS,
        NoticeKind.RETURNED,
        NoticeKind.BLOCKED,
        NoticeKind.DRIFTED,
        NoticeKind.ENDS_SOON,
        NoticeKind.ENDED,
        NoticeKind.SUGGESTED,
        NoticeKind.NEEDS_ADMIN,
        NoticeKind.SECURITY,
    }
)
_ADDRESS_FIELD = "email"
_ACCOUNT_FIELDS = frozenset({"email", "username", "password", "is_active"})


@dataclass(frozen=True)
class Recipient:
    """Somebody who is told. `address` is where the mail goes, if not to their address then."""

    person: User
    path: str
    address: str = ""
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True)
class Happened:
    """An event with what it is about, each read once and only where it is asked for."""

    event: Event

    @property
    def kind(self) -> NoticeKind | None:
        """Return of what it may tell."""
        return TELLS.get(self.event.action)

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """Return what changed."""
        found: Mapping[str, Any] = json.loads(bytes(self.event.canonical)).get("body") or {}
        return found

    @cached_property
    def request(self) -> Request | None:
        """Return the request it belongs to, if any."""
        public_id = self.event.request.removeprefix("REQ-")
        rows = Request.objects.select_related("team", "requester", "refresh")
        return rows.filter(public_id=public_id).first() if public_id else None

    @cached_property
    def namespace(self) -> ManagedNamespace | None:
        """Return the namespace it is about, or that its request is about."""
        rows = ManagedNamespace.objects.select_related("team")
        if self.event.object_kind == "namespace":
            return rows.filter(public_id=self.event.object_id).first()
        if self.request and self.request.namespace_id:
            return rows.filter(pk=self.request.namespace_id).first()
        return None

    @property
    def namespace_path(self) -> str:
        """Return the page of its namespace; home where there is none."""
        row = self.namespace
        return reverse("namespace-detail", args=[row.public_id]) if row else reverse("home")

    @property
    def request_path(self) -> str:
        """Return the page of its request."""
        row = self.request
        return reverse("request-detail", args=[row.public_id]) if row else self.namespace_path


def recipients(happened: Happened) -> list[Recipient]:
    """Return everybody who is told, each once."""
    if happened.kind is None:
        return []
    found = _FINDERS[happened.kind](happened)
    own = happened.event.actor_id
    told = {
        one.person.pk: one
        for one in found
        if one.person.is_active and (happened.kind in ALWAYS or str(one.person.pk) != own)
    }
    return [*told.values()]


def still_told(notice: Notice) -> bool:
    """Tell whether the person may still know what the notice says, and still has to act on it."""
    kind, happened = NoticeKind(notice.kind), Happened(notice.event)
    if kind in LINKS or (kind in ALWAYS and notice.event.object_id == str(notice.person_id)):
        return True
    if _is_over(notice, happened):
        return False
    if kind in _BY_RIGHTS_OF_NOW:
        return any(one.person.pk == notice.person_id for one in recipients(happened))
    team = Team.objects.filter(slug=notice.event.team).first()
    return team is not None and notice.person_id in _who_see(team.pk, [notice.person_id])


def _is_over(notice: Notice, happened: Happened) -> bool:
    if happened.kind is NoticeKind.RETURNED:
        return happened.request is None or happened.request.state != RequestState.RETURNED
    if happened.event.object_kind != "namespace":
        return False
    if has_passed(happened, happened.namespace, open_suggestions([happened])):
        return True
    return Notice.objects.filter(done_with(), pk=notice.pk).exists()


def open_suggestions(some: Iterable[Happened]) -> set[str]:
    """Return which suggestions that these tell of wait for a lead. One query at most."""
    made = [one for one in some if one.event.action == Action.SUGGESTION_MADE]
    known = [str(one.body.get("suggestion", "")) for one in made]
    rows = Suggestion.objects.filter(public_id__in=known, taken_at=None, dismissed_at=None)
    return set(rows.values_list("public_id", flat=True))


def has_passed(happened: Happened, row: ManagedNamespace | None, suggested: set[str]) -> bool:
    """Tell whether it told of another end than the row's, or of what a lead has answered since."""
    if happened.event.action in ENDS:
        return not is_end_of(happened, row)
    is_made = happened.event.action == Action.SUGGESTION_MADE
    return is_made and happened.body.get("suggestion") not in suggested


def is_end_of(happened: Happened, row: ManagedNamespace | None) -> bool:
    """Tell whether what was told of the end of a lifetime holds: it lives, and ends just then."""
    if row is None or row.state in ENDED or row.expires_at is None:
        return False
    return bool(row.expires_at.isoformat() == happened.body["ends_at"])


def waited_for(request: Request) -> dict[int, Recipient]:
    """Return who can decide what of a request is still open, by id; nobody once it is decided."""
    if request.state != RequestState.PENDING:
        return {}
    lanes = [NeededLane(Lane(row.lane), tuple(row.reasons)) for row in request.lanes.all()]
    standing = Decision.objects.filter(request=request, voided_at__isnull=True)
    decided = set(standing.values_list("lane", flat=True))
    left = [needed for needed in lanes if needed.lane.value not in decided]
    path = reverse("decision", args=[request.public_id])
    found: dict[int, Recipient] = {}
    for lane in staff(left, barred_from_request(request)):
        for person in lane.people:
            before = found[person.pk].lanes if person.pk in found else ()
            found[person.pk] = Recipient(person, path, lanes=(*before, lane.lane))
    return found


def address_at(event: Event, person: User) -> str:
    """Return the address that was the account's before the event, whatever it became since.

    Who has taken an account over changes its address next: what is told goes to the old one.
    """
    later = Event.objects.filter(
        id__gte=event.pk, object_kind="person", object_id=str(person.pk),
        action__in=[Action.ADDRESS_CHANGED, Action.ROW_CHANGED],
    )  # fmt: skip
    for one in later.order_by("id"):
        if before := _address_before(Happened(one).body):
            return before
    return person.email


def _address_before(body: Mapping[str, Any]) -> str:
    changed = body.get("changed") or {}
    by_admin = changed.get(_ADDRESS_FIELD) if isinstance(changed, dict) else None
    if isinstance(by_admin, dict):
        return str(by_admin.get("before") or "")
    return str(body.get("before") or "") if "primary" in body else ""


def _approvers(happened: Happened) -> list[Recipient]:
    """Who can decide it. Parts of a refresh are told of together, by the refresh."""
    if happened.event.action == Action.REFRESH_ASKED:
        return _approvers_of_refresh(happened)
    request = happened.request
    if request is None or request.refresh_id:
        return []
    return [*waited_for(request).values()]


def _approvers_of_refresh(happened: Happened) -> list[Recipient]:
    refresh = Refresh.objects.filter(public_id=happened.event.object_id).first()
    if refresh is None:
        return []
    path = reverse("refresh-detail", args=[refresh.public_id])
    found: dict[int, set[Lane]] = {}
    people: dict[int, User] = {}
    for part in refresh.requests.select_related("team"):
        for one in waited_for(part).values():
            people[one.person.pk] = one.person
            found.setdefault(one.person.pk, set()).update(one.lanes)
    return [
        Recipient(people[pk], path, lanes=tuple(lane for lane in Lane if lane in lanes))
        for pk, lanes in found.items()
    ]


def _requester(happened: Happened) -> list[Recipient]:
    """Who asked for it, or the leads where they have lost the right to see it."""
    request = happened.request
    if request is None:
        return _leads(happened)
    if request.requester_id in _who_see(request.team_id, [request.requester_id]):
        return [Recipient(request.requester, happened.request_path)]
    return _leads_of(request.team_id, happened.request_path)


def _ready(happened: Happened) -> list[Recipient]:
    """Tell of what was asked for, once: not of each time that work on it went well again."""
    event = happened.event
    before = Event.objects.filter(
        id__lt=event.pk, cluster=event.cluster, namespace=event.namespace, request=event.request,
        action__in=[Action.NAMESPACE_READY, Action.NAMESPACE_BLOCKED],
    )  # fmt: skip
    last = before.order_by("-id").first()
    if last and last.action == Action.NAMESPACE_READY == event.action:
        return []
    return [
        Recipient(one.person, happened.namespace_path if happened.namespace else one.path)
        for one in _requester(happened)
    ]


def _leads(happened: Happened) -> list[Recipient]:
    row = happened.namespace
    return _leads_of(row.team_id, happened.namespace_path) if row else []


def _suggestion(happened: Happened) -> list[Recipient]:
    """The leads, of one that was made; who made it, of what became of it."""
    if happened.event.action == Action.SUGGESTION_MADE:
        return _leads(happened)
    rows = Suggestion.objects.filter(public_id=happened.body.get("suggestion", ""))
    row = rows.select_related("person", "namespace").first()
    if row is None or row.person_id not in _who_see(row.namespace.team_id, [row.person_id]):
        return []
    return [Recipient(row.person, happened.namespace_path)]


def _leads_and_admins(happened: Happened) -> list[Recipient]:
    admins = [Recipient(person, happened.namespace_path) for person in platform_admins()]
    return [*admins, *_leads(happened)]


def _leads_of(team_id: int, path: str) -> list[Recipient]:
    rows = active_leads().filter(team=team_id).select_related("user")
    return [Recipient(row.user, path) for row in rows]


def _admins(happened: Happened) -> list[Recipient]:
    path = happened.namespace_path
    if happened.event.object_kind == "cluster":
        row = Cluster.objects.filter(public_id=happened.event.object_id).first()
        path = reverse("cluster-detail", args=[row.public_id]) if row else path
    return [Recipient(person, path) for person in platform_admins()]


def _talkers(happened: Happened) -> list[Recipient]:
    """Both sides of a conversation: who asked, who said something, and who is to decide."""
    request = happened.request
    if request is None:
        return []
    said = Event.objects.filter(request=request.label, action=Action.REQUEST_COMMENTED)
    others = {int(one) for one in said.values_list("actor_id", flat=True) if one.isdigit()}
    others |= set(request.decisions.values_list("person", flat=True))
    seen = _who_see(request.team_id, [*others, request.requester_id])
    people = User.objects.filter(pk__in=seen)
    deciding = [*waited_for(request).values()]
    talking = [Recipient(person, happened.request_path) for person in people]
    return [*talking, *deciding]


def _account(happened: Happened) -> list[Recipient]:
    """The person themselves, at the address that was theirs before it happened."""
    if happened.event.object_kind != "person" or not _concerns_sign_in(happened):
        return []
    person = _person_of(happened)
    if person is None:
        return []
    told = address_at(happened.event, person)
    own = [Recipient(person, reverse("mfa_index"), address=told)]
    return [*own, *_other_admins(happened, person), *_confirmers(happened)]


def _other_admins(happened: Happened, person: User) -> list[Recipient]:
    """Other platform admins than who took somebody's second factor, for it opens an account."""
    if happened.event.action != Action.SECOND_FACTOR_REMOVED:
        return []
    path, known = (
        reverse("person-detail", args=[person.pk]),
        {happened.event.actor_id, str(person.pk)},
    )
    return [Recipient(one, path) for one in platform_admins() if str(one.pk) not in known]


def _confirmers(happened: Happened) -> list[Recipient]:
    """Who can confirm a passkey that somebody asks to enrol for approvals."""
    if happened.event.action != Action.APPROVAL_KEY_ASKED:
        return []
    key = ApprovalKey.objects.filter(public_id=str(happened.body.get("key") or "")).first()
    path = reverse("approval-key-list")
    return [Recipient(one, path) for one in (who_can_confirm(key) if key else ())]


def _concerns_sign_in(happened: Happened) -> bool:
    """Tell whether it protects the account; a step on the way to another address does not."""
    if happened.event.action == Action.ROW_CHANGED:
        return bool(_ACCOUNT_FIELDS & {*(happened.body.get("changed") or {})})
    if happened.event.action == Action.ADDRESS_CHANGED:
        return bool({"primary", "removed"} & {*happened.body})
    return True


def _person_linked(happened: Happened) -> list[Recipient]:
    """Who asked for a link, at the address they named; it is made when the mail is."""
    person = _person_of(happened)
    address = str(happened.body.get("sent_to") or "")
    return [Recipient(person, "", address=address)] if person else []


def _person_of(happened: Happened) -> User | None:
    known = happened.event.object_id
    return User.objects.filter(pk=int(known)).first() if known.isdigit() else None


def _who_see(team_id: int, people: Iterable[int]) -> set[int]:
    """Return who of these may still read what belongs to the team. One query."""
    of_team = Q(memberships__team=team_id)
    rows = User.objects.filter(of_team | Q(role_assignments__isnull=False), is_active=True)
    return set(rows.filter(pk__in=[*people]).values_list("pk", flat=True))


_FINDERS: Mapping[NoticeKind, Callable[[Happened], list[Recipient]]] = {
    NoticeKind.WAITS: _approvers,
    NoticeKind.COMMENTED: _talkers,
    NoticeKind.RETURNED: _requester,
    NoticeKind.REJECTED: _requester,
    NoticeKind.APPROVED: _requester,
    NoticeKind.CLOSED: _requester,
    NoticeKind.READY: _ready,
    NoticeKind.BLOCKED: _leads_and_admins,
    NoticeKind.DRIFTED: _leads_and_admins,
    NoticeKind.ENDS_SOON: _leads,
    NoticeKind.ENDED: _leads,
    NoticeKind.SUGGESTED: _suggestion,
    NoticeKind.NEEDS_ADMIN: _admins,
    NoticeKind.SECURITY: _account,
    NoticeKind.INVITED: _person_linked,
    NoticeKind.RESET_LINK: _person_linked,
    NoticeKind.CONFIRM_LINK: _person_linked,
}
