"""Registered clusters: where they are, what a plan must know of them, and how they are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onboarding.domain.clocks import CLOCKS_AGREE
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.fence_gate import FENCE_GATE_FACT
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.people import User


class Cluster(models.Model):
    """A Kubernetes API the portal may write to. The credential is encrypted; web has no key."""

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    name = models.CharField(max_length=63, unique=True)
    api_server = models.CharField(max_length=300)
    ca_pem = models.TextField()
    credential = models.BinaryField(null=True)
    credential_version = models.PositiveIntegerField(default=0)
    credential_expires_at = models.DateTimeField(null=True)
    # Since when a renewal is refused, and with which words; null while none is.
    renewal_refused_at = models.DateTimeField(null=True)
    renewal_refused_with = models.TextField(null=True)
    # {"dns_namespace": str, "dns_labels": {…}, "ranges": [cidr…], "group_prefix": str,
    #  "fence_gate": bool}
    facts = models.JSONField(default=dict)
    condition = models.CharField(
        max_length=20,
        choices=[(value.value, value.value) for value in ClusterCondition],
        default=ClusterCondition.OK.value,
    )
    condition_message = models.TextField(blank=True)
    condition_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_seen_at = models.DateTimeField(null=True)
    # What the API server's clock showed, by the Date of an answer, when the database's showed what.
    clock_showed = models.DateTimeField(null=True)
    clock_read_at = models.DateTimeField(null=True)
    # Since then the portal does not use it any more: it is gone, or as good as gone.
    closed_at = models.DateTimeField(null=True)
    # The number of the event that was last written there, null before the first time.
    epoch_event = models.BigIntegerField(null=True)
    # What stood there when a platform admin settled a break: that is not one again.
    accepted_epoch = models.TextField(null=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("cluster")
        verbose_name_plural = _("clusters")

    def __str__(self) -> str:
        return self.name

    @property
    def has_fence_gate(self) -> bool:
        """Tell whether pods wait for their fence there, as `prepare_cluster` saw to it."""
        return self.facts.get(FENCE_GATE_FACT) is True

    @property
    def clock_ahead(self) -> timedelta:
        """Return how far the API server's clock is ahead of the database's: 0 where that is small.

        Date tells whole seconds, and an answer takes its time.
        """
        if self.clock_showed is None or self.clock_read_at is None:
            return timedelta(0)
        ahead = self.clock_showed - self.clock_read_at
        return ahead if abs(ahead) > CLOCKS_AGREE else timedelta(0)

    def known_facts(self) -> ClusterFacts:
        """Return what a plan needs, with the ingress sources. One query for the sources.

        What is not set stays empty; a plan that needs it says so.
        """
        ingress = {
            source.slug: IngressFacts(source.slug, source.namespace, source.pod_labels)
            for source in self.ingress_sources.all()
        }
        return read_facts(self.name, self.facts, ingress)


def read_facts(
    name: str, stored: Mapping[str, Any], ingress: Mapping[str, IngressFacts]
) -> ClusterFacts:
    """Return facts as they are stored in a row; what is not set stays empty."""
    return ClusterFacts(
        name=name,
        dns_namespace=stored.get("dns_namespace", ""),
        dns_labels=dict(stored.get("dns_labels", {})),
        ranges=tuple(stored.get("ranges", ())),
        group_prefix=stored.get("group_prefix", ""),
        ingress=ingress,
    )


class IngressSource(models.Model):
    """A namespace on a cluster from which exposures are allowed, and its controller's pods."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="ingress_sources")
    slug = models.CharField(max_length=40)
    namespace = models.CharField(max_length=63)
    pod_labels = models.JSONField(default=dict)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("ingress source")
        verbose_name_plural = _("ingress sources")
        constraints = [
            models.UniqueConstraint(fields=["cluster", "slug"], name="one_source_per_slug"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} on {self.cluster.name}"


class ClusterClosure(models.Model):
    """One platform admin asks to close a cluster that is gone, another one confirms it.

    Confirmed, the cluster is closed for ever; withdrawn, it stays as it was.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="closures")
    reason = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("closing of a cluster")
        verbose_name_plural = _("closings of clusters")
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
                name="nobody_closes_a_cluster_alone",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="a_closing_is_confirmed_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["cluster"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_closing_per_cluster",
            ),
        ]

    def __str__(self) -> str:
        return f"closing of {self.cluster.name}"
