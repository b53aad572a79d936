"""Prepare a cluster for the portal and register it: what `manage.py prepare_cluster` does.

install → mint → wait → register → check. Every step compares before it writes, so a second run
changes nothing. The only place where a platform admin's kubeconfig is used; it is not stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from onboarding.cluster.connections import AdminConnection, Connection
from onboarding.cluster.discovery import Ranges, canonical, find_ranges
from onboarding.cluster.errors import Unauthorized
from onboarding.cluster.gateway import ClusterGateway, Gateway
from onboarding.cluster.installation import (
    FENCE_GATE_FILE,
    FIELD_MANAGER,
    InstallOutcome,
    gate_manifests,
    holds_pods_back,
    install,
    manifests_for,
    printed,
    serves_fence_gate,
    wait_for_admission,
    wait_for_roles,
)
from onboarding.cluster.server_time import MintedToken
from onboarding.domain.actions import Action
from onboarding.domain.epoch import BreakKind
from onboarding.domain.facts import IngressFacts
from onboarding.domain.fence_gate import FENCE_GATE_FACT
from onboarding.domain.labels import is_label_key, is_label_value
from onboarding.domain.names import check_dns_label, check_group
from onboarding.domain.objects import Json, Key, Manifest, text
from onboarding.domain.refusals import Refusal
from onboarding.models import Cluster, ClusterObservation, IngressSource, ManagedNamespace, Team
from onboarding.models.clusters import read_facts
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.check_facts import check_facts
from onboarding.services import history
from onboarding.services.clock import database_now
from onboarding.services.credentials import NoCredential, stored_token
from onboarding.services.epoch import note_break
from onboarding.services.guards import look_at_guards, manifests_folder, note_check, note_reading
from onboarding.services.outdated import note_outdated
from onboarding.services.renew import is_due, store_token
from onboarding.services.self_check import say_lines

Say = Callable[[str], object]
DNS_PEER = ("kube-system", {"k8s-app": "kube-dns"})
NO_FENCE_GATE = (
    "this API server does not serve MutatingAdmissionPolicy v1 (Kubernetes 1.36 and newer do), so "
    "pods do not wait for the fence of their namespace"
)


class CannotPrepare(Refusal):
    """The cluster cannot be prepared like this."""


@dataclass(frozen=True)
class Pods:
    """Pods of one namespace, all of them where `labels` is empty."""

    namespace: str
    labels: dict[str, str]


@dataclass(frozen=True)
class PrepareOptions:
    """What the command line says. None or () keeps what is stored, or what the cluster tells."""

    name: str
    connection: AdminConnection
    ingress: Sequence[Pods] = ()
    dns: Pods | None = None
    group_prefix: str | None = None
    ranges: Ranges = field(default_factory=Ranges)
    replace: bool = False  # the cluster of this name was built anew


def print_manifests() -> str:
    """Return everything that would be installed as one YAML stream, for GitOps."""
    return printed(manifests_folder())


def parse_pods(written: str) -> Pods:
    """Read `namespace[:label=value[,label=value]…]`. Raise CannotPrepare if it is not that."""
    namespace, _, rest = written.partition(":")
    pairs = [pair.partition("=") for pair in rest.split(",") if pair]
    labels = {key: value for key, _, value in pairs}
    right = all(sign and is_label_key(key) and is_label_value(v) for key, sign, v in pairs)
    if check_dns_label(namespace) or not right:
        raise CannotPrepare(f'"{written}" is not namespace:label=value')
    return Pods(namespace, labels)


def prepare_cluster(wish: PrepareOptions, *, say: Say, now: datetime) -> bool:
    """Prepare and register the cluster, saying one line per thing; False if any right is wrong.

    Raise CannotPrepare, NotInForce, CannotEncrypt or any ClusterError, with nothing registered yet
    unless it is about the fence gate, which comes last.
    """
    _check(wish)
    admin = Gateway(wish.connection, field_manager=FIELD_MANAGER)
    cluster = registered_row(wish.name, uid=_cluster_uid(admin), replace=wish.replace)
    has_gate = _has_gate(admin, cluster, say=say)
    _install(admin, manifests_for(manifests_folder(), has_gate=False), say=say)
    minted = None if _has_working_token(cluster, wish, now=now) else _mint(admin)
    portal = _portal(cluster, wish, minted)
    wait_for_admission(admin, portal)
    facts = {**_facts(cluster, wish, find_ranges(admin)), FENCE_GATE_FACT: has_gate}
    _register(cluster, wish, facts=facts, minted=minted, say=say, now=now)
    if has_gate:  # last: from here on pods wait for workers that know of it
        _install(admin, gate_manifests(manifests_folder()), say=say)
    wrong = say_lines(portal, has_gate=has_gate, say=say)
    note_check(cluster, wrong, now=now)
    return _compare_guards(cluster, portal, say=say, now=now) and not wrong


def _check(wish: PrepareOptions) -> None:
    if check_dns_label(wish.name):
        raise CannotPrepare(
            f'"{wish.name}" is not a valid name for a cluster: use a to z, digits, hyphens'
        )
    if wish.group_prefix and check_group(f"{wish.group_prefix}x"):
        raise CannotPrepare(f'"{wish.group_prefix}" cannot be a prefix of groups')
    if not settings.BULKHEAD_CREDENTIAL_KEYS:
        raise CannotPrepare(
            "BULKHEAD_CREDENTIAL_KEYS is not set here, so the credential could not be stored"
        )


def _cluster_uid(admin: ClusterGateway) -> str:
    """Return what tells clusters apart whatever their address: the uid of kube-system."""
    return text(admin.get(Key("Namespace", "", "kube-system")) or {}, "metadata", "uid")


def registered_row(name: str, *, uid: str, replace: bool = False) -> Cluster:
    """Return the row of this name, or a new one not saved yet. Raise CannotPrepare if mixed up.

    With `replace` another cluster takes the place of the one that is registered by the name.
    """
    if closed := Cluster.objects.filter(name=name, closed_at__isnull=False).first():
        raise CannotPrepare(
            f"{name} was closed on {closed.closed_at:%Y-%m-%d} and keeps its history under this "
            "name; choose another name"
        )
    for other in Cluster.objects.filter(facts__has_key="uid", closed_at__isnull=True):
        if other.name != name and other.facts["uid"] == uid:
            raise CannotPrepare(f"this is the cluster registered as {other.name}")
        if other.name == name and other.facts["uid"] != uid and not replace:
            raise CannotPrepare(
                f"{name} is registered for another cluster; choose another name, or run with "
                "--replace if that cluster was built anew"
            )
    row = Cluster.objects.filter(name=name).first() or Cluster(name=name)
    row.facts = {**row.facts, "uid": uid}
    return row


def _has_gate(admin: ClusterGateway, cluster: Cluster, *, say: Say) -> bool:
    """Tell whether the cluster can have the gate. Pods must never wait for what nobody proves."""
    if serves_fence_gate(admin):
        return True
    if cluster.has_fence_gate and holds_pods_back(admin):
        raise CannotPrepare(
            "this API server does not say any more that it serves MutatingAdmissionPolicy v1, and "
            "still holds pods back. If it was set back to an older version for good, delete the "
            "validatingadmissionpolicybinding bulkhead-fence-gate-there and run again"
        )
    say(f"{FENCE_GATE_FILE} is left out: {NO_FENCE_GATE}")
    return False


def _install(admin: ClusterGateway, manifests: Sequence[Manifest], *, say: Say) -> None:
    held = False
    for done in install(admin, manifests):
        say(f"{done.key} {done.outcome}" + "".join(f"\n  {path}" for path in done.differing))
        held = held or done.outcome is InstallOutcome.DIFFERS
    if held:
        raise CannotPrepare("somebody else holds the fields named above; remove them and run again")
    wait_for_roles(admin, manifests)


def _has_working_token(cluster: Cluster, wish: PrepareOptions, *, now: datetime) -> bool:
    """Tell whether the stored token may stay. For another address or CA it is not even tried."""
    wanted = wish.connection
    if (cluster.api_server, cluster.ca_pem) != (wanted.server, wanted.ca):
        return False
    try:
        if is_due(cluster, now=now):
            return False
        _portal(cluster, wish, None).review_access(verb="get", resource="namespaces")
    except (NoCredential, Unauthorized):
        return False
    return True


def _mint(admin: ClusterGateway) -> MintedToken:
    return admin.renew_token(settings.TOKEN_HOURS * 3600)


def _portal(cluster: Cluster, wish: PrepareOptions, minted: MintedToken | None) -> Gateway:
    token = minted.token if minted else stored_token(cluster)[0]
    return Gateway(Connection(wish.connection.server, wish.connection.ca, token))


def _register(
    cluster: Cluster,
    wish: PrepareOptions,
    *,
    facts: dict[str, Json],
    minted: MintedToken | None,
    say: Say,
    now: datetime,
) -> None:
    _check_facts(wish, facts)
    has_new_gate = facts[FENCE_GATE_FACT] and not cluster.has_fence_gate
    known = Cluster.objects.filter(pk=cluster.pk).values_list("facts__uid", flat=True).first()
    with transaction.atomic():
        outcomes = {f"cluster {cluster.name}": _save(cluster, wish, facts)}
        for source in wish.ingress:
            outcomes[f"ingress source {source.namespace}"] = _save_source(cluster, source)
        if any(outcome is not InstallOutcome.UNCHANGED for outcome in outcomes.values()):
            history.record(
                Action.CLUSTER_REGISTERED,
                actor=history.SYSTEM,
                at=now,
                about=history.about_cluster(cluster),
                body={"api_server": cluster.api_server, "facts": facts},
            )
        if known and known != facts["uid"]:  # nothing is made again there before a person says so
            _forget_looks(cluster)
            note_break(cluster, BreakKind.CLUSTER_NEW, now=database_now())
        note_outdated(ManagedNamespace.objects.filter(cluster=cluster), now=now)
        if has_new_gate:  # until its fence was proven, no new pod starts in any namespace
            ManagedNamespace.objects.filter(cluster=cluster, next_at__gt=now).update(next_at=now)
        if minted:
            store_token(cluster, minted, now=now)
        # Work that waits for this cluster is tried again at once.
        Cluster.objects.filter(pk=cluster.pk, retry_at__isnull=False).update(retry_at=now)
    for what, outcome in outcomes.items():
        say(f"{what} {outcome}")
    for name, value in sorted(facts.items()):
        say(f"  {name}: {value}")
    state = "stored" if minted else "unchanged"
    say(f"credential {state}, expires {cluster.credential_expires_at:%Y-%m-%d %H:%M} UTC")


def _forget_looks(cluster: Cluster) -> None:
    """Nothing that was seen of the former cluster counts, nor a look at it that goes on."""
    ClusterObservation.objects.filter(cluster=cluster).update(
        fencing_token=F("fencing_token") + 1, lease_until=None, lease_owner=None, seen_at=None
    )


def _facts(cluster: Cluster, wish: PrepareOptions, found: Ranges) -> dict[str, Json]:
    """Return what holds: said now, else stored before, else told by the cluster."""
    known = cluster.facts
    dns = wish.dns or Pods(
        known.get("dns_namespace", DNS_PEER[0]), known.get("dns_labels", DNS_PEER[1])
    )
    pods, services, nodes = (
        list(canonical(getattr(wish.ranges, part) or getattr(found, part) or known.get(name, [])))
        for part, name in _RANGE_FACTS.items()
    )
    prefix = known.get("group_prefix", "") if wish.group_prefix is None else wish.group_prefix
    return {
        **known,
        "dns_namespace": dns.namespace,
        "dns_labels": dict(dns.labels),
        "group_prefix": prefix,
        "pod_ranges": pods,
        "service_ranges": services,
        "node_ranges": nodes,
        "ranges": list(canonical([*pods, *services, *nodes])),
    }


def _check_facts(wish: PrepareOptions, facts: dict[str, Json]) -> None:
    """Raise CannotPrepare for facts that no plan could be rendered with."""
    sources = {
        pods.namespace: IngressFacts(pods.namespace, pods.namespace, pods.labels)
        for pods in wish.ingress
    }
    known = read_facts(wish.name, facts, sources)
    groups = ["team", *Team.objects.values_list("access_group", flat=True)]
    for violation in check_facts(known, load_catalogue(), groups=groups):
        raise CannotPrepare(f"{violation.field}: {violation.words}")


_RANGE_FACTS = {"pods": "pod_ranges", "services": "service_ranges", "nodes": "node_ranges"}


def _save(cluster: Cluster, wish: PrepareOptions, facts: dict[str, Json]) -> InstallOutcome:
    """Write the row only where it differs."""
    new = {"api_server": wish.connection.server, "ca_pem": wish.connection.ca, "facts": facts}
    if cluster.pk and all(getattr(cluster, name) == value for name, value in new.items()):
        return InstallOutcome.UNCHANGED
    outcome = InstallOutcome.CONFIGURED if cluster.pk else InstallOutcome.CREATED
    for name, value in new.items():
        setattr(cluster, name, value)
    cluster.save()
    return outcome


def _save_source(cluster: Cluster, source: Pods) -> InstallOutcome:
    held = IngressSource.objects.filter(cluster=cluster, slug=source.namespace).first()
    if held and held.pod_labels == source.labels:
        return InstallOutcome.UNCHANGED
    IngressSource.objects.update_or_create(
        cluster=cluster,
        slug=source.namespace,
        defaults={"namespace": source.namespace, "pod_labels": source.labels},
    )
    return InstallOutcome.CONFIGURED if held else InstallOutcome.CREATED


def _compare_guards(cluster: Cluster, portal: ClusterGateway, *, say: Say, now: datetime) -> bool:
    """Compare with what is shipped, so that pages know at once; say what is not as shipped."""
    reading = look_at_guards(portal, has_gate=cluster.has_fence_gate)
    note_reading(cluster, reading, began=now, now=now)
    for finding in reading.findings:
        say(f"WRONG  {finding}")
    return not (reading.findings or reading.unread)
