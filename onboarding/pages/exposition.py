"""The portal's health in Prometheus' words. No label holds what a person wrote, no team's and no
namespace's name: clusters, reasons, kinds and states only.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily

from onboarding.domain.processes import ProcessKind
from onboarding.domain.wrong import Wrong
from onboarding.queries.health import ClusterHealth, Health
from onboarding.queries.processes import needed_kinds
from onboarding.queries.wrongs import FoundWrong

Samples = Iterator[GaugeMetricFamily]


def families(known: Health, found: list[FoundWrong]) -> Samples:
    """Yield every metric that is read from the database."""
    yield _wrong(known, found)
    yield from _processes(known)
    yield from _clusters(known)
    yield _blocked(known)
    yield from _bounds()


def _wrong(known: Health, found: list[FoundWrong]) -> GaugeMetricFamily:
    """How much is wrong of each kind. Of what may be wrong with a cluster, for each cluster."""
    names = ["what", "severity", "cluster"]
    family = GaugeMetricFamily(
        "bulkhead_wrong", "How many things of a kind are wrong; 0 where none is.", labels=names
    )
    clusters = ["", *(each.cluster.name for each in known.clusters)]
    many = {(what, name): 0 for what in Wrong for name in clusters}
    for finding in found:
        where = finding.cluster.name if finding.cluster else ""
        many[finding.what, where] += finding.many
    for (what, name), number in many.items():
        severity = "critical" if FoundWrong(what).is_red else "warning"
        family.add_metric([what.value, severity, name], number)
    return family


def _processes(known: Health) -> Samples:
    living = GaugeMetricFamily("bulkhead_processes", "Processes that live.", labels=["kind"])
    silent = GaugeMetricFamily(
        "bulkhead_process_silent_seconds", "Since a kind was last heard of.", labels=["kind"]
    )
    needed = GaugeMetricFamily(
        "bulkhead_process_needed", "1 where one of the kind has to live.", labels=["kind"]
    )
    for kind in ProcessKind:
        of_kind = [one for one in known.processes if one.kind is kind]
        living.add_metric([kind.value], sum(one.lives for one in of_kind))
        needed.add_metric([kind.value], int(kind in needed_kinds()))
        if of_kind:
            heard = max(one.seen_at for one in of_kind)
            silent.add_metric([kind.value], (known.now - heard).total_seconds())
    yield from (living, silent, needed)


def _clusters(known: Health) -> Samples:
    for name, words, read in _OF_EACH:
        family = GaugeMetricFamily(f"bulkhead_{name}", words, labels=["cluster"])
        for each in known.clusters:
            value = read(each)
            if value is not None:
                family.add_metric([each.cluster.name], value)
        yield family
    condition = GaugeMetricFamily(
        "bulkhead_cluster_condition",
        "1 for how each cluster is.",
        labels=["cluster", "condition"],
    )
    for each in known.clusters:
        condition.add_metric([each.cluster.name, each.truth.state], 1)
    yield condition


def _blocked(known: Health) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "bulkhead_blocked", "Namespaces that wait for a person.", labels=["cluster", "reason"]
    )
    for each in known.clusters:
        for reason, many in sorted(each.blocked.items()):
            family.add_metric([each.cluster.name, reason], many)
    return family


def _bounds() -> Samples:
    family = GaugeMetricFamily(
        "bulkhead_bound_seconds", "What this portal was told, to compare with.", labels=["of"]
    )
    for name in ("REVERIFY", "OBSERVE", "OVERDUE", "UNDONE", "STUCK"):
        family.add_metric([name.lower()], getattr(settings, f"{name}_SECONDS"))
    yield family


def _age(each: ClusterHealth, since: datetime | None) -> float | None:
    return None if since is None else (each.now - since).total_seconds()


def _left(each: ClusterHealth) -> float | None:
    ends_at = each.cluster.credential_expires_at
    return None if ends_at is None else (ends_at - each.now).total_seconds()


_OF_EACH: tuple[tuple[str, str, Callable[[ClusterHealth], float | None]], ...] = (
    (
        "approved_not_done",
        "Approved and neither there, blocked nor waited for.",
        lambda each: each.undone.many,
    ),
    (
        "approved_not_done_oldest_seconds",
        "Age of the oldest of these; 0 where there is none.",
        lambda each: _age(each, each.undone.since) or 0,
    ),
    (
        "work_overdue_seconds",
        "By how much the oldest due work is late; 0 where none is due.",
        lambda each: each.overdue.total_seconds() if each.overdue else 0,
    ),
    (
        "looks_late",
        "Namespaces that were not compared in time.",
        lambda each: each.namespaces.late,
    ),
    (
        "looks_needed_per_minute",
        "Looks a minute that it takes to compare each in time.",
        lambda each: each.namespaces.needed_per_minute,
    ),
    (
        "looks_reached_per_minute",
        "Looks a minute that there were.",
        lambda each: each.namespaces.reached_per_minute,
    ),
    (
        "observation_age_seconds",
        "Since the look whose picture is shown.",
        lambda each: _age(each, each.seen_at),
    ),
    (
        "cluster_answer_age_seconds",
        "Since the cluster answered anything.",
        lambda each: _age(each, each.truth.answered_at),
    ),
    ("credential_left_seconds", "Until the portal's credential ends.", _left),
    (
        "namespaces",
        "Namespaces that the portal keeps.",
        lambda each: each.namespaces.live,
    ),
    ("drifted", "Namespaces changed outside.", lambda each: each.namespaces.drifted),
    ("retrying", "Namespaces tried again.", lambda each: each.namespaces.retrying),
    ("stuck", "Namespaces that do not finish.", lambda each: each.namespaces.stuck),
    ("unread", "Namespaces too large to be read.", lambda each: each.unread),
)
