"""Try again: a person says that what blocked a namespace is mended. Only sets when it is due."""

from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.refusals import Forbidden, Invalid, NotFound
from onboarding.models import ManagedNamespace
from onboarding.queries.namespaces import visible_to
from onboarding.services import hints, history
from onboarding.services.history import By

STUCK = frozenset({NamespaceState.BLOCKED, NamespaceState.RETRYING})


def try_again(namespace_id: int, *, by: By, now: datetime) -> None:
    """Make the namespace due now. Raises NotFound, Forbidden (neither lead nor admin), Invalid."""
    with transaction.atomic():
        namespace = visible_to(by.permissions).filter(pk=namespace_id).first()
        if namespace is None:
            raise NotFound
        if namespace.team_id not in by.permissions.leads and not by.permissions.is_platform_admin:
            raise Forbidden("Only a lead of the team or a platform admin can start another try.")
        if NamespaceState(namespace.state) not in STUCK:
            raise Invalid(f"{namespace.name} is not stuck, so there is nothing to try again.")
        history.record(
            Action.NAMESPACE_LOOK_AGAIN,
            actor=by.actor,
            at=now,
            about=history.about_namespace(namespace),
        )
        ManagedNamespace.objects.filter(pk=namespace.pk, next_at__isnull=False).update(next_at=now)
        hints.hint(namespace.pk)
