"""Renew the portal's own short-lived token before it runs out. It cannot mint anybody else's."""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from onboarding.cluster.errors import ClusterError
from onboarding.domain.actions import Action
from onboarding.models import Cluster
from onboarding.services import failures, history
from onboarding.services.credentials import (
    CredentialMisfit,
    NoCredential,
    encrypted_token,
    open_gateway,
    stored_token,
)

log = structlog.get_logger()


def renew_due(*, now: datetime) -> int:
    """Renew every credential that is due, and return how many were.

    A cluster that cannot be asked is left for the next round: half of the life is still ahead.
    """
    renewed = 0
    for cluster in Cluster.objects.exclude(credential=None):
        try:
            renewed += renew_credential(cluster, now=now)
        except CredentialMisfit as misfit:
            failures.note_misfit(cluster, misfit, now=now)
        except (ClusterError, NoCredential) as error:
            log.warning("credential not renewed", cluster=cluster.name, error=str(error))
    return renewed


def renew_credential(cluster: Cluster, *, now: datetime) -> bool:
    """Replace the token once less than half of its life is left; tell whether it was replaced.

    Raise NoCredential or any ClusterError.
    """
    if not is_due(cluster, now=now):
        return False
    token, expires_at = open_gateway(cluster).renew_token(settings.TOKEN_HOURS * 3600)
    return store_token(cluster, token, expires_at=expires_at, now=now)


def is_due(cluster: Cluster, *, now: datetime) -> bool:
    """Tell whether less than half of the token's life is left. Raise NoCredential."""
    _, issued_at = stored_token(cluster)
    expires_at = cluster.credential_expires_at
    return expires_at is None or now >= issued_at + (expires_at - issued_at) / 2


def store_token(cluster: Cluster, token: str, *, expires_at: datetime, now: datetime) -> bool:
    """Store a new token unless somebody stored one meanwhile; `cluster` then shows what holds.

    It is bound to `cluster` as it was read: a row that was changed since then does not fit it.
    """
    following = cluster.credential_version + 1
    unchanged = Cluster.objects.filter(
        pk=cluster.pk, credential_version=cluster.credential_version, closed_at__isnull=True
    )
    with transaction.atomic():
        stored = unchanged.update(
            credential=encrypted_token(cluster, token, issued_at=now),
            credential_version=following,
            credential_expires_at=expires_at,
        )
        if stored:
            history.record(
                Action.CREDENTIAL_RENEWED,
                actor=history.SYSTEM,
                at=now,
                about=history.about_cluster(cluster),
                body={"version": following, "expires_at": expires_at.isoformat()},
            )
    cluster.refresh_from_db()
    return bool(stored)
