"""The demo's people and story: real rows by the real services, nothing made up beside them."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.people import DEMO_PASSWORD, DEMO_PEOPLE, DemoPerson
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.spec import NamespaceSpec, RequestKind, Scope
from onboarding.models import (
    Cluster,
    Membership,
    Request,
    RoleAssignment,
    Team,
    User,
    Vote,
)
from onboarding.queries.permissions import permissions_of
from onboarding.services import history
from onboarding.services.decide import decide
from onboarding.services.history import By, actor_for
from onboarding.services.preview import NamespaceWish
from onboarding.services.submit import submit


def seed_people(people: Iterable[DemoPerson] = DEMO_PEOPLE, *, now: datetime) -> None:
    """Create people, their teams and roles, once. Existing rows stay as they are."""
    with transaction.atomic():
        for person in people:
            user, is_new = User.objects.get_or_create(
                username=person.username,
                defaults={"first_name": person.name, "email": f"{person.username}@example.com"},
            )
            if is_new:
                _introduce(user, person, now=now)


def _introduce(user: User, person: DemoPerson, *, now: datetime) -> None:
    user.set_password(DEMO_PASSWORD)
    user.save(update_fields=["password"])
    roles: list[str] = [*person.roles]
    if person.team:
        team, _ = Team.objects.get_or_create(
            slug=person.team, defaults={"access_group": f"team-{person.team}"}
        )
        Membership.objects.get_or_create(team=team, user=user, defaults={"role": person.membership})
        roles.append(f"{person.membership} of {person.team}")
    for role in person.roles:
        RoleAssignment.objects.get_or_create(user=user, role=role)
    history.record(
        Action.ROW_ADDED,
        actor=history.SYSTEM,
        at=now,
        about=history.about_user(user),
        body={"roles": [*roles]},
    )


def acting(username: str) -> By:
    """Return one of the cast, ready to act."""
    user = User.objects.get(username=username)
    return By(user=user, permissions=permissions_of(user), actor=actor_for(user, via="demo"))


def demo_spec(name: str, *, cluster: str, **differing: object) -> NamespaceSpec:
    """Return what Alice asks for in the demo, with some fields differing."""
    return NamespaceSpec(
        team="payments",
        cluster=cluster,
        environment="production",
        name=name,
        project="payments",
        purpose="Takes card payments for the shop.",
        data_class="internal",
        size="small",
        scope=Scope.PROJECT,
        openings=(WEB,),
        lifetime_days=None,
    ).changed(**differing)


def ask(spec: NamespaceSpec, *, now: datetime) -> Request:
    """Submit an onboarding as Alice; asking twice for one name is one request."""
    wish = NamespaceWish(
        RequestKind.ONBOARD,
        spec,
        Team.objects.get(slug=spec.team),
        Cluster.objects.get(name=spec.cluster),
    )
    return submit(wish, by=acting("alice"), form_key=f"demo-{spec.name}", now=now)


def approve(request: Request, username: str, lane: Lane, *, now: datetime) -> Request:
    """Approve one lane as one of the cast, for the digest the request has."""
    return decide(
        request.pk,
        lane=lane,
        vote=Vote.APPROVE,
        by=acting(username),
        digest=request.digest,
        reason="",
        now=now,
    )


def tell(cluster: Cluster, *, now: datetime) -> None:
    """Ask for one namespace that is approved, and one that waits for Dana. Told only once."""
    if Request.objects.exists():
        return
    finished = demo_spec(
        "payments-dev", cluster=cluster.name, environment="development", openings=()
    )
    approve(ask(finished, now=now), "pat", Lane.PLATFORM, now=now)
    waiting = demo_spec(
        "payments-test",
        cluster=cluster.name,
        environment="test",
        openings=(INTERNET,),
        purpose="Runs the acceptance tests against the card scheme's sandbox.",
    )
    approve(ask(waiting, now=now), "pat", Lane.PLATFORM, now=now)
