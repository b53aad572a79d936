"""The one writer of events. Called inside the transaction of the change it records.

The canonical bytes and their leaf hash (RFC 6962: SHA-256(0x00 ‖ bytes)) are stored with the row,
so that a sealer can build its tree later without any writer knowing of it.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.canonical import canonical
from onboarding.domain.notices import TELLS
from onboarding.domain.objects import Manifest
from onboarding.models import (
    Cluster,
    Event,
    ManagedNamespace,
    OutboxEntry,
    Request,
    Team,
    User,
)
from onboarding.queries.permissions import Permissions


@dataclass(frozen=True)
class Actor:
    """Who did it, by what way. `ip` is set where a person acted."""

    id: str
    name: str
    via: str = "ui"
    ip: str | None = None


SYSTEM = Actor(id="system", name="System", via="system")
CONSOLE = Actor(id="console", name="Console", via="console")


@dataclass(frozen=True)
class By:
    """A person acting through an interface: the row, what they may do now, and how they came."""

    user: User
    permissions: Permissions
    actor: Actor


@dataclass(frozen=True)
class About:
    """What an event is about, as text that stays right when the row is gone."""

    kind: str
    id: str
    label: str
    team: str = ""
    cluster: str = ""
    namespace: str = ""
    request: str = ""
    run: str = ""


class NotInTransaction(RuntimeError):
    """An event was about to be written outside the transaction of its change. A bug."""


def record(
    action: Action,
    *,
    actor: Actor,
    at: datetime,
    about: About,
    body: Manifest | None = None,
    note: str = "",
) -> Event:
    """Write one event and return it. Raise NotInTransaction outside a transaction.

    One of which people may have to be told stands in the outbox with it (services/tell.py).
    `body` is JSON with what changed; `note` is a person's free text, covered by a salted hash only.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(action)
    salt = secrets.token_bytes(16) if note else None
    stored = canonical(
        {
            "v": 1,
            "at": at.isoformat(timespec="microseconds"),
            "action": action.value,
            "actor": {"id": actor.id, "name": actor.name, "via": actor.via, "ip": actor.ip},
            "about": asdict(about),
            "body": body or {},
            "note": hashlib.sha256(salt + note.encode()).hexdigest() if salt else None,
        }
    )
    event = Event.objects.create(
        at=at,
        action=action.value,
        actor_id=actor.id,
        actor=actor.name,
        via=actor.via,
        ip=actor.ip,
        object_kind=about.kind,
        object_id=about.id,
        object_label=about.label[:200],
        team=about.team,
        cluster=about.cluster,
        namespace=about.namespace,
        request=about.request,
        run=about.run,
        note=note,
        note_salt=salt,
        canonical=stored,
        leaf=hashlib.sha256(b"\x00" + stored).hexdigest(),
    )
    if action in TELLS:
        OutboxEntry.objects.create(event=event)
    return event


def actor_for(user: User, *, via: str = "ui", ip: str | None = None) -> Actor:
    """Return the actor a person is in history."""
    return Actor(id=str(user.pk), name=user.label, via=via, ip=ip)


def about_request(request: Request) -> About:
    """Return the request as the subject of an event."""
    return About(
        kind="request",
        id=request.public_id,
        label=request.label,
        team=request.team.slug,
        cluster=request.cluster.name,
        namespace=request.name,
        request=request.label,
    )


def about_namespace(namespace: ManagedNamespace, *, request: str = "", run: str = "") -> About:
    """Return the namespace as the subject of an event, within a request and a run if any."""
    return About(
        kind="namespace",
        id=namespace.public_id,
        label=namespace.name,
        team=namespace.team.slug,
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        request=request,
        run=run,
    )


def about_cluster(cluster: Cluster) -> About:
    """Return the cluster as the subject of an event."""
    return About(kind="cluster", id=cluster.public_id, label=cluster.name, cluster=cluster.name)


def about_team(team: Team) -> About:
    """Return the team as the subject of an event."""
    return About(kind="team", id=team.public_id, label=team.slug, team=team.slug)


def about_user(user: User) -> About:
    """Return the person as the subject of an event."""
    return About(kind="person", id=str(user.pk), label=user.label)
