"""Namespaces as a worker would leave them: the state with its event, in one transaction."""

from django.db import transaction
from django.utils import timezone

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import ManagedNamespace
from onboarding.services import history


def set_state(namespace: ManagedNamespace, state: NamespaceState, **fields: object) -> None:
    """Put a namespace into a state, with other columns beside it."""
    with transaction.atomic():
        event = history.record(
            Action.PHASE_DONE,
            actor=history.SYSTEM,
            at=timezone.now(),
            about=history.about_namespace(namespace),
        )
        ManagedNamespace.objects.filter(pk=namespace.pk).update(
            state=state.value, last_event=event, **fields
        )
    namespace.refresh_from_db()
