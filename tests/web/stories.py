"""How tests of pages come by rows: through the services, as people would make them."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import ManagedNamespace, Request
from onboarding.services import history
from onboarding.services.preview import change_wish
from onboarding.services.submit import submit

DECIDERS = {Lane.PLATFORM: "pat", Lane.NETWORK: "dana", Lane.SECURITY: "erin"}


def approved(request: Request) -> Request:
    """Approve every lane the request needs, each by its own person."""
    for needed in list(request.lanes.all()):
        lane = Lane(needed.lane)
        request = approve(request, DECIDERS[lane], lane, now=timezone.now())
    return request


def onboarded(spec: NamespaceSpec) -> ManagedNamespace:
    """Ask as Alice and approve: a namespace that waits for a worker."""
    request = approved(ask(spec, now=timezone.now()))
    return ManagedNamespace.objects.get(revisions__request=request)


def change_wanted(row: ManagedNamespace, spec: NamespaceSpec) -> Request:
    """Ask as Alice for a change; nobody has decided."""
    key = f"change-{row.generation}"
    return submit(
        change_wish(row, spec, why="It is time."),
        by=acting("alice"),
        form_key=key,
        now=timezone.now(),
    )


def changed(row: ManagedNamespace, spec: NamespaceSpec) -> Request:
    """Ask as Alice for a change of a ready namespace, and approve it."""
    return approved(change_wanted(row, spec))


def as_worker(
    row: ManagedNamespace, state: NamespaceState, *, now: datetime | None = None, **fields: object
) -> ManagedNamespace:
    """Write a state as a worker would: with the event that the database demands."""
    at = now or timezone.now()
    with transaction.atomic():
        event = history.record(
            Action.NAMESPACE_READY if state is NamespaceState.READY else Action.NAMESPACE_BLOCKED,
            actor=history.SYSTEM,
            at=at,
            about=history.about_namespace(row),
        )
        ManagedNamespace.objects.filter(pk=row.pk).update(
            state=state.value, last_event=event, **fields
        )
    row.refresh_from_db()
    return row


def ready(row: ManagedNamespace) -> ManagedNamespace:
    """Say that everything was read back and equals the newest revision."""
    at = timezone.now()
    return as_worker(
        row,
        NamespaceState.READY,
        observed_generation=row.generation,
        verified_at=at,
        ready_at=at,
        uid="3f0c7f5e-0000-4000-8000-000000000001",
    )
