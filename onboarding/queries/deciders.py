"""Who can decide each lane of a request, by name: active holders besides those who are barred.

Barred are those it comes from, in every environment, and others by the environment's own rules.
The same answer for the form, the submit, the request's pages and what platform admins are told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from onboarding.domain.lanes import Lane, NeededLane, SeparationRule
from onboarding.models import (
    ApprovalKey,
    Decision,
    Membership,
    Request,
    RoleAssignment,
    Team,
    User,
)
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.approval_keys import confirming, signers, usable, waiting, who_can_sign
from onboarding.queries.identity import (
    accounts_of_one_person,
    addresses_of,
    one_for_each_person,
)
from onboarding.queries.role_holders import able_holders

LANE_ROLES = [lane.value for lane in Lane]
SHOWN = 5


@dataclass(frozen=True)
class Barred:
    """Who decides no lane of a request: `people`, by id, and with them their other accounts.

    `decided` is {person: lanes they decided already}; under `one_lane_each` they decide no other.
    """

    people: frozenset[int]
    rules: frozenset[SeparationRule] = frozenset()
    decided: Mapping[int, frozenset[Lane]] = field(default_factory=dict)

    @property
    def one_lane_each(self) -> bool:
        """Tell whether a person decides one lane of the request at most."""
        return SeparationRule.ONE_LANE_EACH in self.rules

    @property
    def everybody(self) -> frozenset[int]:
        """Return everybody who is named in it: whose other accounts may matter."""
        return self.people | self.decided.keys()

    def elsewhere(self, lane: Lane) -> frozenset[int]:
        """Return who decided another lane where that bars them from this one."""
        if not self.one_lane_each:
            return frozenset()
        return frozenset(person for person, lanes in self.decided.items() if lanes - {lane})


@dataclass(frozen=True)
class Deciders:
    """Everybody who holds a lane, and the addresses by which two accounts are one person."""

    holders: Mapping[Lane, tuple[User, ...]]
    addresses: Mapping[int, frozenset[str]]

    def of(self, lane: Lane, barred: Barred) -> tuple[User, ...]:
        """Return who can decide the lane of a request from which these are barred."""
        out = barred.people | barred.elsewhere(lane)
        taken = frozenset[str]().union(*(self.addresses.get(who, ()) for who in out))
        return tuple(
            person
            for person in self.holders[lane]
            if person.pk not in out and not taken & self.addresses[person.pk]
        )

    def persons(self, accounts: Iterable[User]) -> Mapping[int, User]:
        """Return one account for each person, by a number that is the person's own."""
        person_of = one_for_each_person(self.addresses)
        found: dict[int, User] = {}
        for account in accounts:
            found.setdefault(person_of[account.pk], account)
        return found


@dataclass(frozen=True)
class StaffedLane:
    """A needed lane, why it is needed, and who can decide it for these authors."""

    lane: Lane
    reasons: tuple[str, ...]
    people: tuple[User, ...]
    only_barred: bool
    # Who could, if they had the approval key that the lane demands.
    keyless: tuple[User, ...] = ()
    # Of `people` one account for each person, as `Deciders.persons` tells them apart.
    persons: Mapping[int, User] = field(default_factory=dict)

    @property
    def names(self) -> str:
        """Return who can decide, the first few by name; "" where nobody can."""
        return names_of(self.people)


def rules_for(environment: str) -> frozenset[SeparationRule]:
    """Return the rules of an environment; of one that the catalogue lost, all of them."""
    known = load_catalogue().environments.get(environment)
    return frozenset(known.separation if known else SeparationRule)


def environments_with(rule: SeparationRule) -> list[str]:
    """Return the environments in which a rule holds."""
    known = load_catalogue().environments
    return sorted(slug for slug, choice in known.items() if rule in choice.separation)


def barred_from(team: Team, environment: str, authors: Collection[int]) -> Barred:
    """Return who would decide no lane of what these authors ask for. One query at most."""
    rules = rules_for(environment)
    people = frozenset(authors)
    if SeparationRule.OUTSIDE_THE_TEAM in rules:
        people |= frozenset(Membership.objects.filter(team=team).values_list("user", flat=True))
    return Barred(people, rules)


def barred_from_request(request: Request) -> Barred:
    """Return who decides no lane of a request, what they decided included. Three queries."""
    barred = barred_from(request.team, request.wanted.environment, authors_of(request))
    standing = request.decisions.filter(voided_at__isnull=True)
    few = standing.select_related(None).only("person_id", "lane")
    return replace(barred, decided=decided_by(few))


def decided_by(decisions: Iterable[Decision]) -> dict[int, frozenset[Lane]]:
    """Return which lanes each person decided."""
    found: dict[int, frozenset[Lane]] = {}
    for decision in decisions:
        before = found.get(decision.person_id, frozenset[Lane]())
        found[decision.person_id] = before | {Lane(decision.lane)}
    return found


def load_deciders(barred: Iterable[int]) -> Deciders:
    """Return who holds each lane now, for requests that bar these, as `Barred.everybody` says.

    Three queries, whatever is asked of it then.
    """
    rows = able_holders(LANE_ROLES)
    ordered = list(rows.select_related("user").order_by("user__first_name", "user__username"))
    return Deciders(
        holders={
            lane: tuple(row.user for row in ordered if row.role == lane.value) for lane in Lane
        },
        addresses=addresses_of({*barred, *(row.user_id for row in ordered)}),
    )


def unheld_lanes() -> list[Lane]:
    """Return the lanes that nobody holds who can sign in. One query."""
    held = set(able_holders(LANE_ROLES).values_list("role", flat=True))
    return [lane for lane in Lane if lane.value not in held]


def authors_of(request: Request | None) -> frozenset[int]:
    """Return the ids of everybody who asked for, edited or took over the request. One query."""
    if request is None:
        return frozenset()
    return frozenset(
        {request.requester_id, *request.authors.values_list("person", flat=True)},
    )


def staff(lanes: Iterable[NeededLane], barred: Barred) -> tuple[StaffedLane, ...]:
    """Return each needed lane with who can approve it. Four queries at most."""
    wanted, known = list(lanes), load_deciders(barred.everybody)
    keyed = signers(needed.lane for needed in wanted)
    return tuple(_staffed(needed, known, barred, keyed) for needed in wanted)


def _staffed(
    needed: NeededLane, known: Deciders, barred: Barred, keyed: Mapping[Lane, frozenset[int]]
) -> StaffedLane:
    people = known.of(needed.lane, barred)
    able = who_can_sign(needed.lane, people, keyed)
    return StaffedLane(
        needed.lane,
        needed.reasons,
        able,
        only_barred=bool(known.holders[needed.lane]),
        keyless=tuple(person for person in people if person not in able),
        persons=known.persons(able),
    )


def nobody_can(lanes: Collection[StaffedLane], barred: Barred) -> str:
    """Return which lanes nobody can decide, why, and who can change that; "" where all can be."""
    missing = [lane for lane in lanes if not lane.people]
    if missing:
        way_on = [whom_to_ask()] if any(not lane.keyless for lane in missing) else []
        return " ".join([*(_why_nobody(lane, barred) for lane in missing), *way_on])
    if barred.one_lane_each and (short := too_few(lanes)):
        names = " and ".join(lane.lane.value for lane in short)
        people = names_of(
            [*{one: person for lane in short for one, person in lane.persons.items()}.values()]
        )
        return (
            f"Here one person decides one lane, and for {names} together there is only {people}. "
            f"{whom_to_ask()}"
        )
    return ""


def too_few(lanes: Collection[StaffedLane]) -> tuple[StaffedLane, ...]:
    """Return lanes that have fewer people together than they are; () where each can have its own.

    Two accounts of one person are one. By Hall's theorem that is all there is to look for.
    """
    for size in range(2, len(lanes) + 1):
        for some in combinations(lanes, size):
            if len({one for lane in some for one in lane.persons}) < size:
                return some
    return ()


def platform_admins() -> list[User]:
    """Return the platform admins who can sign in, by name. One query."""
    rows = able_holders([RoleAssignment.Role.PLATFORM_ADMIN])
    return [row.user for row in rows.select_related("user").order_by("user__first_name", "id")]


def who_can_confirm(key: ApprovalKey) -> list[User]:
    """Return who can confirm the approval key now: platform admins with such a key of their own.

    Nobody for one that no longer waits, and no account of its owner. Six queries.
    """
    if not waiting().filter(pk=key.pk).exists():
        return []
    able = {one.person_id for one in confirming(usable())}
    able -= set(accounts_of_one_person(key.person_id).values_list("pk", flat=True))
    return [person for person in platform_admins() if person.pk in able]


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


def _why_nobody(lane: StaffedLane, barred: Barred) -> str:
    words = f"Nobody can give the {lane.lane} approval: "
    if lane.keyless:
        return words + (
            "it has to be signed with a passkey, and none of its approvers has a confirmed "
            f"approval key. {names_of(lane.keyless, last='or')} can ask for one under Account "
            "security, Approval keys."
        )
    if not lane.only_barred:
        return words + "no active person holds the lane."
    if SeparationRule.OUTSIDE_THE_TEAM in barred.rules:
        return words + (
            "the only people who hold the lane are of the team, or those the request comes from."
        )
    return words + "the only people who hold the lane are those the request comes from."
