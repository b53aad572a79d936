"""The demo at the volume of a company: 43 teams, 89 people, 201 namespaces, 61 open requests.

Everything is sent and decided by the real services, in the order of time, over the last 60 days.
What was approved is left to the workers once all of it is told: what they do is of today, and would
stand in history between days that are long past. Nothing is taken by chance, so two portals look
alike.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter

from django.db import transaction
from django.db.models.functions import Now

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.demo.people import DemoPerson
from onboarding.demo.scenario import acting, approve, demo_spec, seed_people
from onboarding.domain.lanes import Lane
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Cluster, ManagedNamespace, Request, Team, Vote
from onboarding.services import hints
from onboarding.services.decide import decide
from onboarding.services.preview import NamespaceWish
from onboarding.services.submit import submit

DECIDES = {Lane.PLATFORM: "pat", Lane.NETWORK: "dana", Lane.SECURITY: "erin"}
TEAMS = (
    *("accounting", "adverts", "analytics", "archive", "auctions", "billing", "booking"),
    *("branches", "campaigns", "catalogue", "checkout", "claims", "content", "contracts"),
    *("credit", "delivery", "discounts", "exports", "fleet", "forecast", "fraud", "gifts"),
    *("identity", "imports", "inventory", "invoices", "ledger", "loyalty", "mail", "maps"),
    *("media", "newcomers", "orders", "pricing", "profiles", "reports", "returns", "routing"),
    *("shipping", "stock", "tickets"),
)
# (suffix, environment); the last is as long as names of people's own invention become.
PLACES = (
    ("dev", "development"),
    ("prod", "production"),
    ("load", "test"),
    ("batch", "production"),
    ("acceptance-of-the-settlement-service-2026", "test"),
    ("tools", "development"),
    ("edge", "production"),
)
READY, TAKEN, WAITING, RETURNED = 181, 20, 58, 2
DAYS = timedelta(days=60)
WAITS = timedelta(days=9)  # since when the oldest open request was sent
LONG_PURPOSE = (
    "Runs the nightly comparison of our records with those of the partners. It reads the day's "
    "files, compares every line, and leaves a report for the people who look into differences. "
    "The work begins at two in the morning and must be through before the branches open. When a "
    "partner delivers late it waits for an hour and tries again, three times at most. Nothing is "
    "kept here longer than thirty days; what has to stay goes to the archive, with its checksum."
)
PURPOSES = (
    "Serves the customers of the shop through the cluster's web entry, day and night.",
    LONG_PURPOSE,
    "A place for the team to try the next version before anybody else sees it.",
)
HOURS = timedelta(hours=5)  # between what happens to a request
HELD = timedelta(hours=1)  # until workers begin at the latest, if this is ended in the middle

Take = Callable[[str], None]
Step = tuple[datetime, Callable[[], None]]


@dataclass(frozen=True)
class Wish:
    """One namespace somebody asks for, and what becomes of it."""

    spec: NamespaceSpec
    lead: str
    at: datetime
    fate: str

    @property
    def form_key(self) -> str:
        """Return what makes asking twice one request."""
        return f"volume-{self.spec.name}"[:40]

    def row(self) -> Request:
        """Return the request it became."""
        return Request.objects.get(form_key=self.form_key)


def people() -> tuple[DemoPerson, ...]:
    """Return a lead and a member for each team, 82 besides the cast."""
    return tuple(
        DemoPerson(f"{team}-{role}", f"{team.title()} {role}", "", team=team, membership=role)
        for team in TEAMS
        for role in ("lead", "member")
    )


def tell_volume(cluster: Cluster, *, now: datetime, take: Take, part: int = 1) -> int:
    """Fill the portal and return how many requests were sent; 0 if it was filled before.

    `take` makes a namespace of somebody else's under a name on the cluster. With `part` one of so
    many wishes is made.
    """
    if Team.objects.filter(slug__in=TEAMS).exists():
        return 0
    seed_people(people(), now=now - DAYS)
    wishes = tuple(all_wishes(cluster, now))[::part]
    steps = [step for wish in wishes for step in _steps(wish, cluster, take, now)]
    for _at, do in sorted(steps, key=itemgetter(0)):
        do()
    _let_workers_begin(cluster, now)
    return len(wishes)


def all_wishes(cluster: Cluster, now: datetime) -> Iterator[Wish]:
    """Yield every wish: what is ready, what is taken, what waits and what came back."""
    fates = ["ready"] * READY + ["taken"] * TAKEN + ["waiting"] * WAITING + ["returned"] * RETURNED
    approved = READY + TAKEN
    for number, fate in enumerate(fates):
        team = TEAMS[number % len(TEAMS)]
        first, span = (DAYS, DAYS - WAITS) if number < approved else (WAITS, WAITS)
        place = number if number < approved else number - approved
        share = place / (approved if number < approved else len(fates) - approved)
        yield Wish(
            spec=_spec(number, team, cluster),
            lead=f"{team}-lead",
            at=now - first + span * share,
            fate=fate,
        )


def _spec(number: int, team: str, cluster: Cluster) -> NamespaceSpec:
    suffix, environment = PLACES[number // len(TEAMS)]
    is_open = number % 29 == 3
    ways_out = (ANYTHING,) if is_open else (INTERNET,) if number % 3 else ()
    return demo_spec(
        f"{team}-{suffix}",
        cluster=cluster.name,
        team=team,
        environment=environment,
        project=team,
        purpose=PURPOSES[number % len(PURPOSES)],
        data_class="restricted" if number % 11 == 5 else "internal",
        size=("small", "medium")[number % 4 == 0],
        openings=(*([WEB] if number % 2 == 0 else []), *ways_out),
        lifetime_days=30 if is_open else (None, 90)[number % 6 == 1],
    )


def _steps(wish: Wish, cluster: Cluster, take: Take, latest: datetime) -> Iterator[Step]:
    """Yield what is to be done for a wish, and when."""
    yield wish.at, partial(_ask, wish, cluster)
    if wish.fate == "taken":
        yield wish.at, partial(take, wish.spec.name)
    if wish.fate == "returned":
        at = min(wish.at + HOURS, latest)
        yield at, partial(_return, wish, at)
    if wish.fate in {"ready", "taken"}:
        for number, lane in enumerate(Lane, start=1):
            at = min(wish.at + number * HOURS, latest)
            yield at, partial(_approve, wish, lane, at, held_until=latest + HELD)


def _ask(wish: Wish, cluster: Cluster) -> None:
    team = Team.objects.get(slug=wish.spec.team)
    asked = NamespaceWish(RequestKind.ONBOARD, wish.spec, team, cluster)
    submit(asked, by=acting(wish.lead), form_key=wish.form_key, now=wish.at)


def _approve(wish: Wish, lane: Lane, at: datetime, *, held_until: datetime) -> None:
    row = wish.row()
    if not row.lanes.filter(lane=lane.value).exists():
        return
    with transaction.atomic():
        approve(row, DECIDES[lane], lane, now=at)
        ManagedNamespace.objects.filter(revisions__request=row).update(next_at=held_until)


def _let_workers_begin(cluster: Cluster, now: datetime) -> None:
    held = ManagedNamespace.objects.filter(cluster=cluster, next_at=now + HELD)
    ids = list(held.order_by("id").values_list("pk", flat=True))
    held.update(next_at=Now())
    for namespace_id in ids:
        hints.hint(namespace_id)


def _return(wish: Wish, at: datetime) -> None:
    row = wish.row()
    decide(
        row.pk,
        lane=Lane.PLATFORM,
        vote=Vote.RETURN,
        by=acting(DECIDES[Lane.PLATFORM]),
        digest=row.digest,
        reason="Say in the purpose which data is kept there, please.",
        now=at,
    )
