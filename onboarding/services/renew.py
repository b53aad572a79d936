"""Renew the portal's own short-lived token before it runs out. It cannot mint anybody else's.

A token lives for as long as its own claims say, counted by the database's clock from when it was
asked for. What the API server's clock shows, or this host's, makes it end neither earlier nor
later.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, Q, When

from onboarding.cluster.errors import (
    Busy,
    ClusterError,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    Untrusted,
)
from onboarding.cluster.server_time import MintedToken, life_of
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster
from onboarding.services import failures, history
from onboarding.services.claim import UNUSABLE
from onboarding.services.credentials import (
    CredentialMisfit,
    NoCredential,
    encrypted_token,
    open_gateway,
    stored_token,
)

# These are the cluster's own condition, which looks and work find too.
_OF_THE_CLUSTER = (Busy, TimedOut, Unauthorized, Unreachable, Untrusted)
FAULTS_ARE_BORNE = timedelta(minutes=10)  # after half of the life; then people are told
log = structlog.get_logger()


def renew_due(*, clock: Callable[[], datetime]) -> int:
    """Renew every credential that is due, and return how many were.

    A cluster that cannot be asked is left for the next round: half of the life is still ahead.
    Those that are well come first, so that none of them waits for one that hangs.
    """
    well_first = Case(When(Q(condition=ClusterCondition.OK.value), then=0), default=1)
    clusters = Cluster.objects.exclude(credential=None).order_by(well_first, "name")
    return sum(_renew_alone(cluster, now=clock()) for cluster in clusters)


def _renew_alone(cluster: Cluster, *, now: datetime) -> bool:
    """What goes wrong with one cluster keeps no other from being renewed."""
    try:
        return renew_credential(cluster, now=now)
    except CredentialMisfit as misfit:
        failures.note_misfit(cluster, misfit, now=now)
    except (ClusterError, NoCredential) as error:
        log.warning("credential not renewed", cluster=cluster.name, error=str(error))
        if isinstance(error, ClusterError) and _is_refusal(cluster, error, now=now):
            _note_refused(cluster, str(error), now=now)
        failures.note_hang(cluster, error, now=now)
    except UNUSABLE:
        raise  # the database's trouble, not the cluster's
    except Exception:
        log.exception("credential not renewed", cluster=cluster.name)
    return False


def renew_credential(cluster: Cluster, *, now: datetime) -> bool:
    """Replace the token once less than half of its life is left; tell whether it was replaced.

    Raise NoCredential or any ClusterError.
    """
    if not is_due(cluster, now=now):
        return False
    minted = open_gateway(cluster).renew_token(settings.TOKEN_HOURS * 3600)
    return store_token(cluster, minted, now=now)


def is_due(cluster: Cluster, *, now: datetime) -> bool:
    """Tell whether less than half of the token's life is left. Raise NoCredential.

    Times that a wrong clock stored are worth nothing, so such a token is due at once: issued later
    than now, or with another life than the token itself says.
    """
    token, issued_at = stored_token(cluster)
    expires_at = cluster.credential_expires_at
    if expires_at is None or issued_at > now:
        return True
    life = expires_at - issued_at
    return life != (life_of(token) or life) or now >= issued_at + life / 2


def store_token(cluster: Cluster, minted: MintedToken, *, now: datetime) -> bool:
    """Store a new token unless somebody stored one meanwhile; `cluster` then shows what holds.

    `now` is when it was asked for, or before. It is bound to `cluster` as it was read: a row that
    was changed since then does not fit it.
    """
    following = cluster.credential_version + 1
    expires_at = now + minted.life
    unchanged = Cluster.objects.filter(
        pk=cluster.pk, credential_version=cluster.credential_version, closed_at__isnull=True
    )
    with transaction.atomic():
        stored = unchanged.update(
            credential=encrypted_token(cluster, minted.token, issued_at=now),
            credential_version=following,
            credential_expires_at=expires_at,
            renewal_refused_at=None,
            renewal_refused_with=None,
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


def _is_refusal(cluster: Cluster, error: ClusterError, *, now: datetime) -> bool:
    """Tell whether people have to know: the server said no, or has not said yes for long."""
    if isinstance(error, _OF_THE_CLUSTER):
        return False
    if not isinstance(error, ServerFault):
        return True
    _, issued_at = stored_token(cluster)
    life = (cluster.credential_expires_at or issued_at) - issued_at
    return issued_at > now or now >= issued_at + life / 2 + FAULTS_ARE_BORNE


def _note_refused(cluster: Cluster, said: str, *, now: datetime) -> None:
    """Write down since when, and with which words; one event until a renewal succeeds."""
    same_token = Cluster.objects.filter(
        pk=cluster.pk, credential_version=cluster.credential_version, closed_at__isnull=True
    )
    ends_at = cluster.credential_expires_at
    with transaction.atomic():
        is_new = same_token.filter(renewal_refused_at=None).update(
            renewal_refused_at=now, renewal_refused_with=said
        )
        if is_new:
            history.record(
                Action.RENEWAL_REFUSED,
                actor=history.SYSTEM,
                at=now,
                about=history.about_cluster(cluster),
                body={"message": said, "ends_at": ends_at.isoformat() if ends_at else None},
            )
    if is_new:
        log.error("renewal refused", cluster=cluster.name, error=said, ends_at=str(ends_at))
    else:
        same_token.exclude(renewal_refused_with=said).update(renewal_refused_with=said)
