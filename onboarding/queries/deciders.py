"""Who can decide each lane of a request, by name: active holders besides those it comes from.

The same answer for the form, the submit, the request's pages and what platform admins are told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from onboarding.domain.lanes import Lane, NeededLane
from onboarding.models import Request, RoleAssignment, User
from onboarding.queries.identity import addresses_of

LANE_ROLES = [lane.value for lane in Lane]
SHOWN = 5


@dataclass(frozen=True)
class Deciders:
    """Everybody who holds a lane, and the addresses by which two accounts are one person."""

    holders: Mapping[Lane, tuple[User, ...]]
    addresses: Mapping[int, frozenset[str]]

    def of(self, lane: Lane, authors: Collection[int]) -> tuple[User, ...]:
        """Return who can decide the lane of a request that comes from `authors`."""
        taken = frozenset[str]().union(*(self.addresses.get(who, ()) for who in authors))
        return tuple(
            person
            for person in self.holders[lane]
            if person.pk not in authors and not taken & self.addresses[person.pk]
        )


@dataclass(frozen=True)
class StaffedLane:
    """A needed lane, why it is needed, and who can decide it for these authors."""

    lane: Lane
    reasons: tuple[str, ...]
    people: tuple[User, ...]
    only_authors: bool

    @property
    def names(self) -> str:
        """Return who can decide, the first few by name; "" where nobody can."""
        return names_of(self.people)


def load_deciders(authors: Iterable[int]) -> Deciders:
    """Return who holds each lane now. Three queries, whatever is asked of it then."""
    rows = RoleAssignment.objects.filter(role__in=LANE_ROLES, user__is_active=True)
    ordered = list(rows.select_related("user").order_by("user__first_name", "user__username"))
    return Deciders(
        holders={
            lane: tuple(row.user for row in ordered if row.role == lane.value) for lane in Lane
        },
        addresses=addresses_of({*authors, *(row.user_id for row in ordered)}),
    )


def unheld_lanes() -> list[Lane]:
    """Return the lanes that no active person holds. One query."""
    rows = RoleAssignment.objects.filter(role__in=LANE_ROLES, user__is_active=True)
    held = set(rows.values_list("role", flat=True))
    return [lane for lane in Lane if lane.value not in held]


def authors_of(request: Request | None) -> frozenset[int]:
    """Return the ids of everybody who asked for, edited or took over the request. One query."""
    if request is None:
        return frozenset()
    return frozenset(
        {request.requester_id, *request.authors.values_list("person", flat=True)},
    )


def staff(lanes: Iterable[NeededLane], authors: Collection[int]) -> tuple[StaffedLane, ...]:
    """Return each needed lane with who can decide it. Three queries."""
    known = load_deciders(authors)
    return tuple(
        StaffedLane(
            needed.lane,
            needed.reasons,
            known.of(needed.lane, authors),
            only_authors=bool(known.holders[needed.lane]),
        )
        for needed in lanes
    )


def nobody_can(lanes: Iterable[StaffedLane]) -> str:
    """Return which lanes nobody can decide, why, and who can change that; "" where all can be."""
    missing = [lane for lane in lanes if not lane.people]
    if not missing:
        return ""
    return " ".join([*(_why_nobody(lane) for lane in missing), whom_to_ask()])


def platform_admins() -> list[User]:
    """Return the active platform admins, by name. One query."""
    rows = RoleAssignment.objects.filter(
        role=RoleAssignment.Role.PLATFORM_ADMIN, user__is_active=True
    )
    return [row.user for row in rows.select_related("user").order_by("user__first_name", "id")]


def whom_to_ask() -> str:
    """Return who can give somebody a role. One query."""
    people = platform_admins()
    if not people:
        return "No platform admin is active either: who runs the portal can appoint one."
    return f"Ask {names_of(people, last='or')} to appoint somebody."


def names_of(people: Collection[User], *, last: str = "and") -> str:
    """Return a list of people as text, with the number of those it leaves out."""
    labels = [person.label for person in people]
    shown, rest = labels[:SHOWN], len(labels) - SHOWN
    if rest > 0:
        shown = [*shown, f"{rest} more"]
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]]) if shown[1:] else "".join(shown)


def _why_nobody(lane: StaffedLane) -> str:
    words = f"Nobody can give the {lane.lane} approval: "
    if lane.only_authors:
        return words + "the only people who hold the lane are those the request comes from."
    return words + "no active person holds the lane."
